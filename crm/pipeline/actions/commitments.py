"""Writing down what was promised, whether it was kept, and what the official says of it by a link of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from crm import clock
from crm.accounts.tokens import new_token, token_hash
from crm.extensions import db
from crm.pipeline.models import (
    ALLOWED_VERDICTS,
    LINK_LIFETIME,
    REMINDED_BEFORE,
    AnswerKind,
    Commitment,
    CommitmentAnswer,
    CommitmentLink,
    CommitmentState,
    CommitmentVerdict,
    Target,
)
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work


class VerdictRefused(Exception):
    """The commitment stands there already; `state` is where."""

    def __init__(self, state: CommitmentState) -> None:
        super().__init__(state)
        self.state = state


class LinkSpent(Exception):
    """The link is unknown, spent, expired or revoked."""


@dataclass(frozen=True)
class Promise:
    """What was promised; see Commitment. Without `remind_on` it comes to mind two weeks before it is due."""

    words: str
    act: str
    promised_on: date
    due_on: date | None = None
    remind_on: date | None = None
    source_url: str = ""
    source_file_id: int | None = None
    public: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether it was kept, found on a day, and what shows it."""

    state: CommitmentState
    found_on: date
    note: str = ""
    proof_url: str = ""
    proof_file_id: int | None = None


def _columns(promise: Promise) -> dict[str, object]:
    columns = asdict(promise)
    if promise.source_file_id is None:
        # No new file: the one that is there stays.
        del columns["source_file_id"]
    if promise.due_on and not promise.remind_on:
        columns["remind_on"] = promise.due_on - REMINDED_BEFORE
    return columns


def _moment(day: date) -> datetime:
    """When something of that day happened: now if it is today, else its noon."""
    return clock.now() if day >= clock.today() else datetime.combine(day, time(12), UTC)


def _tell(commitment: Commitment, kind: EntryKind, at: datetime, reference: str, details: Mapping[str, object]) -> None:
    contact_id = db.session.scalars(sa.select(Target.contact_id).where(Target.id == commitment.target_id)).one()
    add_events([Event(contact_id, at, kind, reference, commitment.act, dict(details))])


def record_commitment(target_id: int, promise: Promise) -> Commitment:
    """Write down what a target promised."""
    actor = current_unit_of_work().actor
    user_id = int(actor.removeprefix("user:")) if actor.startswith("user:") else None
    commitment = Commitment(target_id=target_id, recorded_by_id=user_id, **_columns(promise))
    db.session.add(commitment)
    db.session.flush()
    told = {"words": promise.words[:300]}
    _tell(commitment, EntryKind.PROMISED, _moment(promise.promised_on), f"commitment:{commitment.id}", told)
    return commitment


def update_commitment(commitment_id: int, promise: Promise) -> Commitment:
    """Mend what was written down; the trail keeps what it was before."""
    commitment = db.session.get_one(Commitment, commitment_id, with_for_update=True)
    for name, value in _columns(promise).items():
        setattr(commitment, name, value)
    db.session.flush()
    return commitment


def give_verdict(commitment_id: int, verdict: Verdict) -> CommitmentVerdict:
    """Say that a commitment was kept or broken, or is open again. Raises VerdictRefused where it stands so already."""
    commitment = db.session.get_one(Commitment, commitment_id, with_for_update=True)
    if verdict.state not in ALLOWED_VERDICTS[commitment.state]:
        raise VerdictRefused(commitment.state)
    given = CommitmentVerdict(commitment_id=commitment_id, actor=current_unit_of_work().actor, **asdict(verdict))
    db.session.add(given)
    commitment.state = verdict.state
    commitment.settled_on = None if verdict.state is CommitmentState.OPEN else verdict.found_on
    db.session.flush()
    told = {"state": verdict.state.value, "note": verdict.note}
    reference = f"commitment_verdict:{given.id}"
    _tell(commitment, EntryKind.PROMISE_SETTLED, _moment(verdict.found_on), reference, told)
    return given


def create_link(commitment_id: int, user_id: int, lifetime: timedelta = LINK_LIFETIME) -> str:
    """A link's token for the official; it is said once, here, and only its hash is kept."""
    token = new_token()
    link = CommitmentLink(
        commitment_id=commitment_id,
        token_hash=token_hash(token),
        created_by_id=user_id,
        expires_at=clock.now() + lifetime,
    )
    db.session.add(link)
    db.session.flush()
    return token


def revoke_link(link_id: int) -> None:
    """Let a link open nothing any more; one that was spent stays as it is."""
    link = db.session.get_one(CommitmentLink, link_id, with_for_update=True)
    if link.used_at is None and link.revoked_at is None:
        link.revoked_at = clock.now()
        db.session.flush()


def answer(token: str, kind: AnswerKind, words: str) -> CommitmentAnswer:
    """Keep what the official says beside our words, and spend the link; one of two racers wins. Raises LinkSpent."""
    now = clock.now()
    spent = (
        sa.update(CommitmentLink)
        .where(
            CommitmentLink.token_hash == token_hash(token),
            CommitmentLink.used_at.is_(None),
            CommitmentLink.revoked_at.is_(None),
            CommitmentLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(CommitmentLink.id, CommitmentLink.commitment_id)
        .execution_options(synchronize_session=False)
    )
    link = db.session.execute(spent).one_or_none()
    if link is None:
        raise LinkSpent
    commitment = db.session.get_one(Commitment, link.commitment_id)
    given = CommitmentAnswer(
        commitment_id=commitment.id, link_id=link.id, kind=kind, asked=commitment.words, words=words, at=now
    )
    db.session.add(given)
    db.session.flush()
    told = {"kind": kind.value, "words": words[:300]}
    _tell(commitment, EntryKind.PROMISE_ANSWERED, now, f"commitment_answer:{given.id}", told)
    return given


def note_seen(commitment_id: int) -> None:
    """Note that somebody of us has looked at what the official said."""
    waiting = CommitmentAnswer.commitment_id == commitment_id, CommitmentAnswer.seen_at.is_(None)
    for given in db.session.scalars(sa.select(CommitmentAnswer).where(*waiting)):
        given.seen_at = clock.now()
    db.session.flush()


def take_over_words(answer_id: int) -> Commitment:
    """Let the official's own words stand as the commitment's, and note the answer as seen."""
    given = db.session.get_one(CommitmentAnswer, answer_id)
    commitment = db.session.get_one(Commitment, given.commitment_id, with_for_update=True)
    if given.words:
        commitment.words = given.words
    db.session.flush()
    return commitment
