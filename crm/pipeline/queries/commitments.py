"""Reads of commitments: lists of them, one with its verdicts, links and answers, those that come to mind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self

import sqlalchemy as sa

from crm import clock, i18n
from crm.accounts.models import User
from crm.accounts.tokens import token_hash
from crm.attachments.models import Attachment
from crm.database import read_id
from crm.directory.models import Contact
from crm.extensions import db
from crm.filter_values import is_yes, read_day, read_value, yes_or_no
from crm.paging import Page, SortKey, page
from crm.pipeline.filters import is_owned_by_team
from crm.pipeline.models import (
    Campaign,
    Commitment,
    CommitmentAnswer,
    CommitmentLink,
    CommitmentState,
    CommitmentVerdict,
    Target,
)
from crm.pipeline.past import settled_at, state_at
from crm.pipeline.queries.rows import AnyRow, AnySelect, Rows

COMMITMENTS_SHOWN = 20
# What falls due within so much time.
SOON = timedelta(days=30)


class Moment(StrEnum):
    """When commitments are due."""

    OVERDUE = "overdue"
    REMINDED = "reminded"  # their day to come to mind has come
    SOON = "soon"


def falls_due(on: date | sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Open commitments whose day to come to mind has come by then, or that are past their date."""
    return sa.and_(
        Commitment.state == CommitmentState.OPEN,
        sa.or_(Commitment.remind_on <= on, Commitment.due_order < on),
    )


def is_past_due(on: date) -> sa.ColumnElement[bool]:
    """Open commitments that were due before the day."""
    return Commitment.due_order < on


def _has_unseen_answer() -> sa.ColumnElement[bool]:
    return Commitment.id.in_(sa.select(CommitmentAnswer.commitment_id).where(CommitmentAnswer.seen_at.is_(None)))


def targets_answered(campaign_id: int) -> set[int]:
    """The targets of a campaign with an answer of the official that nobody has looked at."""
    return set(
        db.session.scalars(
            sa.select(Commitment.target_id)
            .join(CommitmentAnswer, CommitmentAnswer.commitment_id == Commitment.id)
            .join(Target, Target.id == Commitment.target_id)
            .where(CommitmentAnswer.seen_at.is_(None), Target.campaign_id == campaign_id)
        )
    )


_READERS: dict[str, Any] = {
    "state": CommitmentState,
    "campaign": read_id,
    "owner": read_id,
    "owner_team": read_id,
    "country": str.upper,
    "due": Moment,
    "public": yes_or_no,
    "unseen": is_yes,
    "promised_since": read_day,
    "settled_since": read_day,
    "as_of": read_day,
}


@dataclass(frozen=True)
class CommitmentFilter:
    """Conditions that all hold. `owner` is the user who looks after the target; `unseen` has an answer to be read.

    `as_of` asks how it was at the end of that day: what had been promised, and what had been found by then.
    """

    state: CommitmentState | None = None
    campaign: int | None = None
    owner: int | None = None
    owner_team: int | None = None
    country: str | None = None
    due: Moment | None = None
    public: bool | None = None
    unseen: bool = False
    promised_since: date | None = None
    settled_since: date | None = None
    as_of: date | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Self:
        """Read the filter from query arguments; what it does not know is left aside. Raises BadRequest for nonsense."""
        found = {name: read_value(args, name, read) for name, read in _READERS.items()}
        return cls(**{name: value for name, value in found.items() if value is not None})

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        words = {True: "yes", False: "no"}
        return {
            name: words[value] if isinstance(value, bool) else str(value)
            for name, value in values.items()
            if value is not None and not (name == "unseen" and not value)
        }

    @property
    def asks_nothing(self) -> bool:
        """Whether every commitment passes."""
        return not self.to_args()

    def apply(self, statement: AnySelect) -> AnySelect:
        """Narrow a select that has `Commitment` and `Target` in it."""
        return statement.where(*self.clauses())

    def clauses(self) -> Iterator[sa.ColumnElement[bool]]:
        """Its conditions, for a select that has `Commitment` and `Target` in it."""
        if self.campaign is not None:
            yield Target.campaign_id == self.campaign
        if self.owner is not None:
            yield Target.owner_id == self.owner
        if self.owner_team is not None:
            yield is_owned_by_team(self.owner_team)
        if self.country is not None:
            yield Target.contact_id.in_(sa.select(Contact.id).where(Contact.country == self.country))
        if self.public is not None:
            yield Commitment.public == self.public
        if self.unseen:
            yield _has_unseen_answer()
        yield from self._then()

    def _then(self) -> Iterator[sa.ColumnElement[bool]]:
        """What a day bears on."""
        day = self.as_of or i18n.today()
        past = day < i18n.today()
        state = state_at(day) if past else Commitment.state
        if self.as_of is not None:
            yield Commitment.promised_on <= day
        if self.promised_since is not None:
            yield Commitment.promised_on >= self.promised_since
        if self.state is not None:
            yield state == self.state
        if self.settled_since is not None:
            yield (settled_at(day) if past else Commitment.settled_on) >= self.settled_since
        if self.due is Moment.REMINDED:
            yield falls_due(day)
        elif self.due is Moment.SOON:
            yield sa.and_(state == CommitmentState.OPEN, Commitment.due_on.between(day, day + SOON))
        elif self.due is Moment.OVERDUE:
            yield sa.and_(state == CommitmentState.OPEN, Commitment.due_on < day) if past else is_past_due(day)


def _commitments() -> AnySelect:
    return (
        sa.select(
            Commitment.id,
            Commitment.target_id,
            Commitment.words,
            Commitment.act,
            Commitment.promised_on,
            Commitment.due_on,
            Commitment.remind_on,
            Commitment.source_url,
            Commitment.source_file_id,
            Attachment.name.label("source_file"),
            Commitment.public,
            Commitment.state,
            Commitment.settled_on,
            Target.contact_id,
            Target.campaign_id,
            Target.owner_id,
            Contact.name,
            Contact.category,
            Contact.country,
            Campaign.name.label("campaign"),
            User.name.label("owner"),
            _has_unseen_answer().label("unseen"),
        )
        .select_from(Commitment)
        .join(Target, Target.id == Commitment.target_id)
        .join(Contact, Contact.id == Target.contact_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .outerjoin(User, User.id == Target.owner_id)
        .outerjoin(Attachment, Attachment.id == Commitment.source_file_id)
    )


def commitments_page(chosen: CommitmentFilter, cursor: str | None) -> Page:
    """Commitments the filter lets through, what is due first; those that are settled or due on no day come last."""
    keys: list[Any] = [Commitment.due_order, Commitment.id]
    return page(chosen.apply(_commitments()), [SortKey(key) for key in keys], cursor)


def commitment_count(chosen: CommitmentFilter) -> int:
    """How many commitments the filter lets through."""
    counted = sa.select(sa.func.count()).select_from(Commitment).join(Target, Target.id == Commitment.target_id)
    return db.session.scalar(chosen.apply(counted)) or 0


def countries_of_commitments(chosen: CommitmentFilter) -> list[str]:
    """Codes of the countries of those who promised anything in the filter's campaign, or in any."""
    promised = sa.select(Contact.country).select_from(Commitment).join(Target, Target.id == Commitment.target_id)
    promised = promised.join(Contact, Contact.id == Target.contact_id).where(Contact.country.is_not(None)).distinct()
    return list(db.session.scalars(CommitmentFilter(campaign=chosen.campaign).apply(promised)))


def all_commitments(chosen: CommitmentFilter) -> Rows:
    """Every commitment the filter lets through, in the order of `commitments_page`, with its columns."""
    return db.session.execute(chosen.apply(_commitments()).order_by(Commitment.due_order, Commitment.id)).all()


def commitment(commitment_id: int) -> AnyRow | None:
    """One commitment with who promised it, in which campaign, and who looks after them."""
    return db.session.execute(_commitments().where(Commitment.id == commitment_id)).one_or_none()


def commitments_of_target(target_id: int) -> Rows:
    """What a target promised, the latest first, with the columns of `commitment`."""
    statement = _commitments().where(Commitment.target_id == target_id)
    return db.session.execute(statement.order_by(Commitment.promised_on.desc(), Commitment.id.desc())).all()


def commitments_of_contact(contact_id: int, limit: int = COMMITMENTS_SHOWN) -> Rows:
    """What a contact promised in any campaign, the latest first, with the columns of `commitment`."""
    statement = _commitments().where(Target.contact_id == contact_id)
    order = Commitment.promised_on.desc(), Commitment.id.desc()
    return db.session.execute(statement.order_by(*order).limit(limit)).all()


def verdicts_of(commitment_id: int) -> Rows:
    """Whether it was kept, as it was found over time, the latest first."""
    table = CommitmentVerdict.__table__
    found = (
        sa.select(*table.c, Attachment.name.label("proof_file"))
        .outerjoin(Attachment, Attachment.id == table.c.proof_file_id)
        .where(table.c.commitment_id == commitment_id)
    )
    return db.session.execute(found.order_by(table.c.at.desc(), table.c.id.desc())).all()


def links_of(commitment_id: int) -> Rows:
    """The links given out, the latest first: id, created_at, expires_at, revoked_at, used_at, by."""
    link = CommitmentLink
    statement = (
        sa.select(link.id, link.created_at, link.expires_at, link.revoked_at, link.used_at, User.name.label("by"))
        .join(User, User.id == link.created_by_id)
        .where(link.commitment_id == commitment_id)
    )
    return db.session.execute(statement.order_by(link.id.desc())).all()


def answers_of(commitment_id: int) -> Rows:
    """What the official said, the latest first: id, kind, asked, words, at, seen_at."""
    given = CommitmentAnswer
    statement = sa.select(given.id, given.kind, given.asked, given.words, given.at, given.seen_at)
    return db.session.execute(statement.where(given.commitment_id == commitment_id).order_by(given.id.desc())).all()


def answer_by_id(answer_id: int) -> AnyRow | None:
    """One answer: id, commitment_id, words."""
    given = CommitmentAnswer
    return db.session.execute(
        sa.select(given.id, given.commitment_id, given.words).where(given.id == answer_id)
    ).one_or_none()


def link_by_id(link_id: int) -> AnyRow | None:
    """One link: id, commitment_id."""
    link = CommitmentLink
    return db.session.execute(sa.select(link.id, link.commitment_id).where(link.id == link_id)).one_or_none()


@dataclass(frozen=True)
class OpenLink:
    """What a link's holder may see: who promised what to whom, and whether the link still takes an answer."""

    link_id: int
    words: str
    act: str
    promised_on: date
    due_on: date | None
    name: str
    team: str
    treaty: str
    given: AnyRow | None


def linked_commitment(token: str) -> OpenLink | None:
    """What the link is about, with the answer given by it, if any; None for one unknown, expired or revoked.

    Looking spends nothing: mail scanners look.
    """
    link, given = CommitmentLink, CommitmentAnswer
    found = db.session.scalar(
        sa.select(link).where(
            link.token_hash == token_hash(token), link.revoked_at.is_(None), link.expires_at > clock.now()
        )
    )
    if found is None:
        return None
    promised = db.session.get_one(Commitment, found.commitment_id)
    campaign = promised.target.campaign
    answered = sa.select(given.kind, given.asked, given.words, given.at).where(given.link_id == found.id)
    return OpenLink(
        found.id,
        promised.words,
        promised.act,
        promised.promised_on,
        promised.due_on,
        promised.target.contact.name,
        campaign.team.name,
        campaign.treaty.name,
        db.session.execute(answered).one_or_none(),
    )
