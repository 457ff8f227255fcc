"""Who of a mailing's waiting readers must not get their letter any more, by what is known now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.directory.models import Contact, Restriction
from crm.extensions import db
from crm.letters.lint.readers import Named, address_is_out_of_use, asks_supporter, thanks_opponent
from crm.letters.models import WRITTEN, FindingCode, Letter, LetterFinding, Mailing, SkipReason
from crm.outbox.models import WAITING, OutgoingMessage
from crm.outbox.queries import CHUNK
from crm.outbox.reasons import Reason
from crm.pipeline.models import Stage, Target
from crm.policy import visible_to
from crm.timeline.models import TimelineEntry


def _since_approval(code: FindingCode, named: Named) -> sa.ColumnElement[bool]:
    """Whether a rule names the letter now and had not when it was approved: then somebody read it, and let it go."""
    now = named.subquery()
    known = sa.exists().where(LetterFinding.letter_id == Letter.id, LetterFinding.code == code)
    return sa.and_(Letter.id.in_(sa.select(now.c.id)), ~known)


def _written_to(mailing: Mailing) -> sa.ColumnElement[bool]:
    """Whether somebody has written to the reader within the days of rest; letters that only wait do not count."""
    return sa.exists().where(
        TimelineEntry.contact_id == Letter.contact_id,
        TimelineEntry.at >= clock.now() - timedelta(days=mailing.rest_days),
        TimelineEntry.kind.in_(WRITTEN),
        visible_to(TimelineEntry.team_id, mailing.planned_by.team_id),
    )


def _reason(mailing: Mailing) -> sa.ColumnElement[str | None]:
    """The first that holds, in the order of planning; null for who may get their letter."""
    rules: list[tuple[sa.ColumnElement[bool], SkipReason]] = [
        (Target.stage == Stage.CLOSED, SkipReason.CLOSED),
        (Contact.mandate_end < clock.today(), SkipReason.MANDATE_ENDED),
        (Contact.email.is_(None), SkipReason.NO_ADDRESS),
        (address_is_out_of_use(), SkipReason.ADDRESS_CHANGED),
        (sa.exists().where(Restriction.contact_id == Letter.contact_id), SkipReason.RESTRICTED),
    ]
    if mailing.rest_days:
        rules.append((_written_to(mailing), SkipReason.RECENTLY_WRITTEN))
    rules += [
        (_since_approval(FindingCode.THANKS_OPPONENT, thanks_opponent(mailing)), SkipReason.UNFIT),
        (_since_approval(FindingCode.ASKS_SUPPORTER, asks_supporter(mailing)), SkipReason.UNFIT),
    ]
    return sa.case(*((rule, sa.literal(reason.value, sa.String)) for rule, reason in rules), else_=sa.null())


def who_must_not(mailing: Mailing) -> dict[SkipReason, list[int]]:
    """Ids of the waiting letters that must not leave, by reason, in one statement.

    Suppressed addresses are not among them: the outbox looks at those in the moment a letter leaves.
    """
    looked_at = (
        sa.select(Letter.id, _reason(mailing).label("reason"))
        .select_from(OutgoingMessage)
        .join(Letter, Letter.message_id == OutgoingMessage.id)
        .join(Target, Target.id == Letter.target_id)
        .join(Contact, Contact.id == Letter.contact_id)
        .where(OutgoingMessage.batch_id == mailing.batch_id, OutgoingMessage.state.in_(sorted(WAITING)))
        .subquery()
    )
    found: dict[SkipReason, list[int]] = {}
    for row in db.session.execute(sa.select(looked_at).where(looked_at.c.reason.is_not(None)).order_by(looked_at.c.id)):
        found.setdefault(SkipReason(row.reason), []).append(row.id)
    return found


def mark(mailing: Mailing, found: Mapping[SkipReason, Sequence[int]]) -> None:
    """Write on the letters why they are left out, and count them; who may be written to again loses the mark."""
    cancelled = sa.exists().where(OutgoingMessage.id == Letter.message_id, OutgoingMessage.reason == Reason.OUTDATED)
    marked = sa.update(Letter).execution_options(synchronize_session=False)
    of_mailing = (Letter.mailing_id == mailing.id, Letter.dropped_for.is_not(None))
    db.session.execute(marked.where(*of_mailing, ~cancelled).values(dropped_for=None))
    for reason, ids in found.items():
        for begin in range(0, len(ids), CHUNK):
            db.session.execute(marked.where(Letter.id.in_(ids[begin : begin + CHUNK])).values(dropped_for=reason))
    counts = sa.select(Letter.dropped_for, sa.func.count()).where(*of_mailing).group_by(Letter.dropped_for)
    counted = {reason: number for reason, number in db.session.execute(counts) if reason is not None}
    mailing.dropped = {reason.value: counted[reason] for reason in SkipReason if reason in counted}
