"""Tells for each target of an audience which letter it gets, in which language and why, or why it gets none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa

from crm import clock
from crm.accounts.models import User
from crm.coalition.queries import partners_wrote
from crm.directory.queries import restricted_among
from crm.extensions import db
from crm.letters.languages import languages_read, own_languages
from crm.letters.models import (
    WRITTEN,
    LanguageReason,
    Letter,
    Mailing,
    MailingState,
    SkipReason,
    Wording,
    Wordings,
    pick_wording,
)
from crm.letters.recipients import Recipient, Setting, values_of
from crm.letters.rendering import CompiledWording, compile_wording
from crm.outbox.models import IN_FLIGHT, WAITING, OutgoingMessage, SuppressionReason
from crm.outbox.queries import suppressed
from crm.pipeline.models import Stage
from crm.policy import visible_to
from crm.stances.models import Stance
from crm.stances.queries import stances_on
from crm.timeline.models import TimelineEntry

_OPEN = (MailingState.PLANNING, MailingState.AWAITING_APPROVAL, MailingState.APPROVED)
_DETAIL = 300


@dataclass(frozen=True)
class Terms:
    """What decides about every letter of a mailing; `team_id` is the team whose view of stances and entries counts."""

    campaign: str
    treaty: str
    treaty_id: int
    team_id: int | None
    sender_name: str
    ask: str
    wordings: Wordings
    fallback: str
    rest_days: int
    mailing_id: int | None = None

    def setting(self, wording: Wording) -> Setting:
        """What the letters of one wording share."""
        return Setting(self.campaign, self.treaty, self.sender_name, wording.language, wording.formality, ask=self.ask)


@dataclass(frozen=True)
class Judged:
    """A recipient with its letter, or the reason why there is none and what that is about."""

    recipient: Recipient
    wording: Wording | None
    language_reason: LanguageReason | None
    reason: SkipReason | None
    detail: str = ""
    compiled: CompiledWording | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The recipient's, in lower case."""
        return (self.recipient.address or "").lower()


def _mailing_names(mailing_ids: Collection[int]) -> dict[int, str]:
    rows = db.session.execute(
        sa.select(Mailing.id, Mailing.name, Mailing.sender_name).where(Mailing.id.in_(mailing_ids))
    )
    return {row.id: f"{row.name} · {row.sender_name}" for row in rows}


def _user_names(actors: Collection[str]) -> dict[str, str]:
    ids = [int(number) for kind, _colon, number in (actor.partition(":") for actor in actors) if kind == "user"]
    rows = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(ids)))
    return {f"user:{row.id}": row.name for row in rows}


def written_lately(contact_ids: Collection[int], terms: Terms) -> dict[int, str]:
    """Who was written to within the days of rest, or is about to be in another mailing: by which letter, and whom.

    At most seven queries.
    """
    if not terms.rest_days:
        return {}
    entry = TimelineEntry
    sent = db.session.execute(
        sa.select(entry.contact_id, entry.at, entry.summary, entry.details, entry.actor)
        .where(
            entry.contact_id.in_(contact_ids),
            entry.at >= clock.now() - timedelta(days=terms.rest_days),
            entry.kind.in_(WRITTEN),
            visible_to(entry.team_id, terms.team_id),
        )
        .order_by(entry.at)
    ).all()
    mailings = _mailing_names({row.details["mailing_id"] for row in sent if "mailing_id" in row.details})
    people = _user_names({row.actor for row in sent if "mailing_id" not in row.details})
    found: dict[int, str] = {}
    for row in sent:
        by = mailings.get(row.details.get("mailing_id", 0)) or f"{row.summary} · {people.get(row.actor, '')}"
        found[row.contact_id] = f"{by.strip(' ·')[: _DETAIL - 20]} · {row.at.date().isoformat()}"
    return _about_to_be(contact_ids, terms) | found


def written_by_partners(contact_ids: Collection[int], terms: Terms) -> dict[int, str]:
    """Whom a partner of the coalition approached within the days of rest: who, in which campaign, and when."""
    if not terms.rest_days:
        return {}
    return {
        contact_id: " · ".join(filter(None, (wrote.partner, wrote.campaign, wrote.on.isoformat())))
        for contact_id, wrote in partners_wrote(contact_ids, terms.rest_days).items()
    }


def _about_to_be(contact_ids: Collection[int], terms: Terms) -> dict[int, str]:
    """Whose letter in another mailing still waits, and which; looked up by contact, then by the few ids found.

    In one statement SQLite would begin with the mailings, and read all their letters for every chunk.
    """
    letters = db.session.execute(
        sa.select(Letter.contact_id, Letter.mailing_id, Letter.message_id).where(
            Letter.contact_id.in_(contact_ids), Letter.message_id.is_not(None)
        )
    ).all()
    elsewhere = [row for row in letters if row.mailing_id != terms.mailing_id]
    if not elsewhere:
        return {}
    waiting = set(
        db.session.scalars(
            sa.select(OutgoingMessage.id).where(
                OutgoingMessage.id.in_([row.message_id for row in elsewhere]),
                OutgoingMessage.state.in_(sorted(WAITING | IN_FLIGHT)),
            )
        )
    )
    pending = sa.select(Mailing.id).where(
        Mailing.id.in_({row.mailing_id for row in elsewhere}), Mailing.state.in_(_OPEN)
    )
    names = _mailing_names(set(db.session.scalars(pending)))
    return {
        row.contact_id: names[row.mailing_id][:_DETAIL]
        for row in elsewhere
        if row.message_id in waiting and row.mailing_id in names
    }


def _bars(recipient: Recipient, day: date) -> tuple[tuple[SkipReason, bool], ...]:
    return (
        (SkipReason.CLOSED, recipient.stage is Stage.CLOSED),
        (SkipReason.MANDATE_ENDED, recipient.mandate_end is not None and recipient.mandate_end < day),
        (SkipReason.NO_ADDRESS, not recipient.address),
    )


def standing_bar(recipient: Recipient) -> SkipReason | None:
    """Why a recipient gets no letter today, whatever it says; by what is known of them without a query."""
    return next((reason for reason, holds in _bars(recipient, clock.today()) if holds), None)


def _chosen(
    recipient: Recipient, terms: Terms, own: Sequence[str], stance: Stance
) -> tuple[Wording | None, LanguageReason | None, bool]:
    """The wording a reader gets, why in its language, and whether there is any in a language they read."""
    read = languages_read(tuple(own), recipient.country, terms.fallback)
    wording = pick_wording(terms.wordings, list(read), stance)
    reads = any(language in read for language, _approach in terms.wordings)
    return wording, read[wording.language] if wording else None, reads


def judge(found: Sequence[Recipient], terms: Terms, taken: dict[str, str]) -> list[Judged]:
    """Decide about recipients in their order; the same few queries however many they are.

    `taken` are the addresses that letters of the mailing go to already, in lower case, with the reader's name; those
    decided here are added.
    """
    contact_ids = [recipient.contact_id for recipient in found]
    addresses = {recipient.address.lower() for recipient in found if recipient.address}
    blocked = suppressed(addresses)
    objecting = suppressed(blocked, {SuppressionReason.OBJECTION})
    bounced = suppressed(blocked, {SuppressionReason.HARD_BOUNCE})
    restricted = restricted_among(contact_ids)
    own = own_languages(contact_ids)
    stances = stances_on(terms.treaty_id, contact_ids, terms.team_id)
    lately = written_lately(contact_ids, terms)
    partners = written_by_partners(contact_ids, terms)
    day = clock.today()
    judged = []
    for recipient in found:
        address = (recipient.address or "").lower()
        spoken = stances.get(recipient.contact_id)
        wording, why, reads = _chosen(
            recipient, terms, own.get(recipient.contact_id, ()), spoken.stance if spoken else Stance.UNKNOWN
        )
        compiled = compile_wording(wording.subject, wording.body, wording.language) if wording else None
        values: Mapping[str, str] = {}
        empty: list[str] = []
        if wording and compiled:
            values = values_of(recipient, terms.setting(wording), compiled.fields | {"name"})
            empty = sorted(name for name in compiled.fields if not values.get(name))
        rules: tuple[tuple[SkipReason, object, str], ...] = (
            *((reason, holds, "") for reason, holds in _bars(recipient, day)),
            (SkipReason.RESTRICTED, address in objecting or recipient.contact_id in restricted, ""),
            (SkipReason.BOUNCED, address in bounced, ""),
            (SkipReason.SUPPRESSED, address in blocked, ""),
            (SkipReason.NO_WORDING, not reads, ""),
            (SkipReason.NO_APPROACH, wording is None, ""),
            (SkipReason.RECENTLY_WRITTEN, recipient.contact_id in lately, lately.get(recipient.contact_id, "")),
            (SkipReason.PARTNER_WROTE, recipient.contact_id in partners, partners.get(recipient.contact_id, "")),
            (SkipReason.DUPLICATE_ADDRESS, address in taken, taken.get(address, "")),
            (SkipReason.EMPTY_VALUE, empty, ", ".join(empty)),
        )
        reason, detail = next(((reason, detail) for reason, holds, detail in rules if holds), (None, ""))
        if reason is None:
            taken[address] = recipient.name
        judged.append(Judged(recipient, wording, why, reason, detail[:_DETAIL], compiled, values))
    return judged
