"""Freezes the audience of a mailing chunk by chunk: every target becomes a letter in the outbox or a skip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from email.utils import parseaddr, quote
from typing import Any

import sqlalchemy as sa
from flask import current_app

from crm import clock
from crm.extensions import db
from crm.letters.models import Letter, Mailing, MailingState, SkipReason, Wording
from crm.letters.recipients import Recipient, Setting, recipients, skip_reason, values_of
from crm.letters.rendering import CompiledWording, compile_wording
from crm.outbox.actions import Draft, post
from crm.outbox.leases import is_cancelled
from crm.outbox.queries import suppressed
from crm.pipeline.filters import TargetFilter
from crm.unit_of_work import current_unit_of_work

# Targets of one transaction: the desk worker's lock on the database stays short, its memory flat.
CHUNK = 500


def plan_next(mailing_id: int) -> bool:
    """Plan the next chunk of a mailing in the running unit of work; False once nothing is left to plan.

    What is planned stands in the letters themselves, so a job that was lost goes on where it stopped.
    """
    mailing = db.session.get(Mailing, mailing_id, with_for_update=True)
    if mailing is None or mailing.state is not MailingState.PLANNING or mailing.batch_id is None:
        return False
    if is_cancelled(mailing.batch_id):
        # In the outbox, which knows nothing of mailings: nothing of this one may leave any more.
        mailing.state = MailingState.CANCELLED
        return False
    after = db.session.scalar(sa.select(sa.func.max(Letter.target_id)).where(Letter.mailing_id == mailing_id)) or 0
    found = recipients(mailing.campaign_id, TargetFilter.from_args(mailing.audience), after=after, limit=CHUNK)
    if not found:
        mailing.state, mailing.planned_at = MailingState.AWAITING_APPROVAL, clock.now()
        return False
    rows = _rows(mailing, mailing.batch_id, found)
    db.session.execute(sa.insert(Letter), rows)
    skips = Counter(str(row["skip_reason"]) for row in rows if row["skip_reason"])
    mailing.letters += len(rows)
    mailing.skipped = dict(Counter(mailing.skipped) + skips)
    current_unit_of_work().notes["letters planned"] = {"mailing_id": mailing.id, "count": len(rows), "skipped": skips}
    return True


def _rows(mailing: Mailing, batch_id: int, found: Sequence[Recipient]) -> list[dict[str, Any]]:
    """The letters of these recipients as rows, their words posted to the mailing's batch."""
    wording = db.session.get_one(Wording, mailing.wording_id)
    compiled = compile_wording(wording.subject, wording.body, wording.language)
    campaign = mailing.campaign
    setting = Setting(campaign.name, campaign.treaty.name, mailing.sender_name, wording.language, wording.formality)
    sender = sender_of(mailing.sender_name)
    addresses = {recipient.address.lower() for recipient in found if recipient.address}
    blocked = suppressed(addresses)
    used = sa.select(Letter.address).where(
        Letter.mailing_id == mailing.id, Letter.address.in_(addresses), Letter.skip_reason.is_(None)
    )
    taken = {address for address in db.session.scalars(used) if address}
    fields = compiled.fields | {"name"}
    rows: list[dict[str, Any]] = []
    drafts: list[Draft] = []
    for recipient in found:
        values = values_of(recipient, setting, fields)
        empty = sorted(name for name in compiled.fields if not values.get(name))
        reason = skip_reason(recipient, suppressed=blocked, taken=taken, empty=empty, day=clock.today())
        address = (recipient.address or "").lower()
        if reason is None:
            taken.add(address)
            drafts.append(_draft(recipient, compiled, values, sender, mailing.reply_to))
        rows.append(
            {
                "mailing_id": mailing.id,
                "target_id": recipient.target_id,
                "contact_id": recipient.contact_id,
                "wording_id": wording.id,
                "address": address or None,
                "language": wording.language,
                "skip_reason": reason,
                "skip_detail": ", ".join(empty)[:300] if reason is SkipReason.EMPTY_VALUE else "",
                "message_id": None,
            }
        )
    messages = post(batch_id, drafts)
    return [row | {"message_id": messages.get(_reference(row["target_id"]))} for row in rows]


def _reference(target_id: int) -> str:
    return f"target:{target_id}"


def _draft(
    recipient: Recipient, compiled: CompiledWording, values: dict[str, str], sender: str, reply_to: str
) -> Draft:
    letter = compiled.render(values)
    return Draft(
        reference=_reference(recipient.target_id),
        to_address=recipient.address or "",
        to_name=values["name"],
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        sender=sender,
        reply_to=reply_to,
        one_click_unsubscribe=True,
    )


def sender_of(name: str) -> str:
    """The From of a mailing: the sender's name with the product's own address, the only one it may send from."""
    _own_name, address = parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])
    return f'"{quote(name)}" <{address}>'
