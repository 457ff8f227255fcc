"""Freezes the audience of a mailing chunk by chunk: every target becomes a letter in the outbox or a skip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from email.utils import parseaddr, quote
from typing import Any

import sqlalchemy as sa
from flask import current_app

from crm import clock
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.audience import Audience
from crm.letters.footers import footer_in
from crm.letters.judging import Judged, Terms, judge
from crm.letters.models import Letter, Mailing, MailingState
from crm.letters.queries import wordings_of
from crm.letters.recipients import Recipient, recipients
from crm.outbox.actions import Draft, post
from crm.outbox.leases import is_cancelled
from crm.pipeline.actions import add_targets
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
    audience = Audience.from_args(mailing.audience, mailing.planned_by.team_id)
    after = db.session.scalar(sa.select(sa.func.max(Letter.target_id)).where(Letter.mailing_id == mailing_id)) or 0
    if not after and _add_newcomers(mailing, audience):
        return True
    found = recipients(mailing.campaign_id, audience, after=after, limit=CHUNK)
    if not found:
        mailing.state, mailing.planned_at = MailingState.AWAITING_APPROVAL, clock.now()
        return False
    rows = _rows(mailing, mailing.batch_id, found)
    # With every column in every row it is one statement; else a new one begins wherever other columns are empty.
    db.session.execute(sa.insert(Letter).execution_options(render_nulls=True), rows)
    skips = Counter(str(row["skip_reason"]) for row in rows if row["skip_reason"])
    mailing.letters += len(rows)
    mailing.skipped = dict(Counter(mailing.skipped) + skips)
    current_unit_of_work().notes["letters planned"] = {"mailing_id": mailing.id, "count": len(rows), "skipped": skips}
    return True


def _add_newcomers(mailing: Mailing, audience: Audience) -> bool:
    """Make targets of some contacts of the directory that are none yet; False where nobody is left."""
    if not audience.everyone:
        return False
    contact_ids = db.session.scalars(audience.newcomers(mailing.campaign_id, CHUNK)).all()
    if contact_ids:
        add_targets(mailing.campaign_id, contact_ids)
        current_unit_of_work().notes["targets added"] = {"mailing_id": mailing.id, "count": len(contact_ids)}
    return bool(contact_ids)


def terms_of(mailing: Mailing) -> Terms:
    """What decides about the letters of a mailing whose wordings are pinned."""
    campaign = mailing.campaign
    return Terms(
        campaign=campaign.name,
        treaty=campaign.treaty.name,
        treaty_id=campaign.treaty_id,
        team_id=mailing.planned_by.team_id,
        sender_name=mailing.sender_name,
        ask=mailing.ask,
        wordings=wordings_of(mailing.id),
        fallback=mailing.language,
        rest_days=mailing.rest_days,
        mailing_id=mailing.id,
    )


def _rows(mailing: Mailing, batch_id: int, found: Sequence[Recipient]) -> list[dict[str, Any]]:
    """The letters of these recipients as rows, their words posted to the mailing's batch."""
    sender = sender_of(mailing.sender_name)
    addresses = {recipient.address.lower() for recipient in found if recipient.address}
    used = (
        sa.select(Letter.address, Contact.name)
        .join(Contact, Contact.id == Letter.contact_id)
        .where(Letter.mailing_id == mailing.id, Letter.address.in_(addresses), Letter.skip_reason.is_(None))
    )
    taken = {str(address): name for address, name in db.session.execute(used)}
    judged = judge(found, terms_of(mailing), taken)
    drafts = [draft_of(each, sender, mailing.reply_to) for each in judged if each.reason is None]
    messages = post(batch_id, drafts)
    return [
        {
            "mailing_id": mailing.id,
            "target_id": each.recipient.target_id,
            "contact_id": each.recipient.contact_id,
            "wording_id": each.wording.id if each.wording else None,
            "address": each.address or None,
            "language": each.wording.language if each.wording else "",
            "language_reason": each.language_reason,
            "skip_reason": each.reason,
            "skip_detail": each.detail,
            "message_id": messages.get(_reference(each.recipient.target_id)),
        }
        for each in judged
    ]


def _reference(target_id: int) -> str:
    return f"target:{target_id}"


def draft_of(judged: Judged, sender: str, reply_to: str) -> Draft:
    """The letter of a recipient who gets one, ready to be posted."""
    if judged.compiled is None or judged.wording is None:
        raise ValueError(f"no letter for target {judged.recipient.target_id}")
    letter = judged.compiled.render(judged.values)
    return Draft(
        reference=_reference(judged.recipient.target_id),
        to_address=judged.recipient.address or "",
        to_name=judged.values["name"],
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        sender=sender,
        reply_to=reply_to,
        one_click_unsubscribe=True,
        footer=footer_in(judged.wording.language),
    )


def sender_of(name: str) -> str:
    """The From of a mailing: the sender's name with the product's own address, the only one it may send from."""
    _own_name, address = parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])
    return f'"{quote(name)}" <{address}>'
