"""What a batch counts of its letters, in the transactions that move them; counted in full, it must come out the same.

A letter that was sent is counted when its claim ends and its own row says so; until then the claim's lease counts it.
Who moves letters of a batch locks the batch first. Batches of transactional mail count nothing: requests for new
passwords must not wait for one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm.extensions import db
from crm.outbox.error_limit import FAILED, NOT_COUNTED, SENT, ErrorLimit
from crm.outbox.models import WAITING, Batch, BatchState, Lease, MessageState, OutgoingMessage, Priority
from crm.outbox.reasons import Reason

_COUNTED = (MessageState.SENT, MessageState.FAILED, MessageState.CANCELLED)


def _limit() -> ErrorLimit:
    settings: Settings = current_app.extensions["settings"]
    return ErrorLimit(settings.mail_error_window, settings.mail_error_share, settings.mail_error_least)


_LOCK = sa.select(Batch.state).where(Batch.id == sa.bindparam("batch")).with_for_update(key_share=True)
_REMEMBERED = sa.select(Batch.priority, Batch.recent, Batch.recent_untold, Batch.failures).where(
    Batch.id == sa.bindparam("batch")
)


def lock(batch_id: int) -> BatchState | None:
    """The batch's state, which nobody else changes before the running unit of work ends; letters can be posted."""
    return db.session.scalar(_LOCK, {"batch": batch_id})


def _write(batch_id: int, values: Mapping[str, Any]) -> None:
    db.session.execute(
        sa.update(Batch)
        .where(Batch.id == batch_id, Batch.priority == Priority.BULK)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _remembered(batch_id: int) -> sa.Row[tuple[Priority, str, int, dict[str, Any]]]:
    """Whether the batch counts, how its last letters ended, how many of those are untold, its failures by reason."""
    return db.session.execute(_REMEMBERED, {"batch": batch_id}).one()


def untold() -> sa.Subquery:
    """`letters` sent by claims that have not ended, by `batch_id`."""
    return sa.select(Lease.batch_id, sa.func.sum(Lease.sent).label("letters")).group_by(Lease.batch_id).subquery()


_BATCHES = cast("sa.Table", Batch.__table__)
_TOLD = (
    sa.update(_BATCHES)
    .where(_BATCHES.c.id == sa.bindparam("batch"), _BATCHES.c.priority == Priority.BULK)
    .values(
        sent=_BATCHES.c.sent + sa.bindparam("more"),
        recent=sa.bindparam("last"),
        recent_untold=sa.bindparam("left_untold"),
    )
)
_UNTOLD = sa.select(sa.func.sum(Lease.sent)).where(Lease.batch_id == sa.bindparam("batch"))


def _untold_of(batch_id: int) -> int:
    return db.session.scalar(_UNTOLD, {"batch": batch_id}) or 0


def add(batch_id: int, *, posted: int = 0, sent: int = 0, cancelled: int = 0) -> None:
    """Count letters that were posted, told of as sent, or cancelled just now."""
    if sent:
        known, left = _remembered(batch_id), _untold_of(batch_id)
        recent = _limit().kept(known.recent + SENT * (left + sent - known.recent_untold))
        told = {"batch": batch_id, "more": sent, "last": recent, "left_untold": left}
        db.session.execute(_TOLD, told)
    values: dict[str, Any] = {}
    if posted:
        values["posted"] = Batch.posted + posted
    if cancelled:
        values["cancelled"] = Batch.cancelled + cancelled
    if values:
        _write(batch_id, values)


def _one_more(failures: dict[str, Any], reason: Reason | None) -> dict[str, Any]:
    known = Counter({} if reason is None else {reason.value: 1})
    return {"failed": Batch.failed + 1, "failures": dict(Counter(failures) + known)}


def note_decision(batch_id: int, state: MessageState, reason: Reason) -> None:
    """Count a held letter that a person has settled."""
    if state is MessageState.SENT:
        _write(batch_id, {"sent": Batch.sent + 1})
    elif state is MessageState.FAILED:
        _write(batch_id, _one_more(_remembered(batch_id).failures, reason))


def note_failure(batch_id: int, reason: Reason | None) -> dict[str, Any] | None:
    """Count a letter that failed just now; what to pause the batch with, where that was one too many.

    `failed` of the last `of` letters, `times` of them with the server's `words` (empty where it said nothing).
    """
    known = _remembered(batch_id)
    if known.priority is not Priority.BULK:
        return None
    values = _one_more(known.failures, reason)
    if reason not in NOT_COUNTED:
        limit, sent = _limit(), _untold_of(batch_id)
        values["recent"] = limit.kept(known.recent + SENT * (sent - known.recent_untold) + FAILED)
        values["recent_untold"] = sent
    _write(batch_id, values)
    return _too_many(batch_id, values["recent"]) if "recent" in values else None


def note_return(batch_id: int, message_id: int) -> dict[str, Any] | None:
    """Hold a letter that was sent, and came back only now, against its batch: what to pause it with, as above.

    It stays among the sent ones. Where it left before those that are judged by, or nothing waits any more, it changes
    nothing: what came back after somebody has looked was in sight then, or is too long ago.
    """
    known = _remembered(batch_id)
    if known.priority is not Priority.BULK:
        return None
    sent = _untold_of(batch_id)
    recent = _limit().kept(known.recent + SENT * (sent - known.recent_untold))
    place = len(recent) - 1 - sent - _ended_after(batch_id, message_id, len(recent))
    # Letters leave about in their order; what stands at its very place may have failed.
    nearest = recent.rfind(SENT, 0, place + 1)
    if place < 0 or nearest < 0:
        return None
    recent = recent[:nearest] + FAILED + recent[nearest + 1 :]
    _write(batch_id, {"recent": recent, "recent_untold": sent})
    return _too_many(batch_id, recent) if _waits(batch_id) else None


def _ended_after(batch_id: int, message_id: int, most: int) -> int:
    """How many later letters were sent or failed; counted up to `most`."""
    ended = (
        sa.select(OutgoingMessage.id)
        .where(
            OutgoingMessage.batch_id == batch_id,
            OutgoingMessage.id > message_id,
            OutgoingMessage.state.in_((MessageState.SENT, MessageState.FAILED)),
        )
        .limit(most)
    )
    return db.session.scalar(sa.select(sa.func.count()).select_from(ended.subquery())) or 0


def _waits(batch_id: int) -> bool:
    """Whether there is a letter that a pause would keep here."""
    waiting = sa.exists().where(OutgoingMessage.batch_id == batch_id, OutgoingMessage.state.in_(WAITING))
    return bool(db.session.scalar(sa.select(waiting)))


def _too_many(batch_id: int, recent: str) -> dict[str, Any] | None:
    found = _limit().passed(recent)
    if found is None:
        return None
    words, times = _commonest_words(batch_id, found[0])
    return {"failed": found[0], "of": found[1], "words": words, "times": times}


def _commonest_words(batch_id: int, failed: int) -> tuple[str, int]:
    """What was said most often of the last letters that failed or came back, and how often; without addresses."""
    statement = (
        sa.select(OutgoingMessage.to_address, OutgoingMessage.reply_code, OutgoingMessage.reply_text)
        .where(
            OutgoingMessage.batch_id == batch_id,
            sa.or_(OutgoingMessage.state == MessageState.FAILED, OutgoingMessage.reason == Reason.BOUNCED),
        )
        .order_by(OutgoingMessage.id.desc())
        .limit(failed)
    )
    said = Counter(
        f"{row.reply_code or ''} {row.reply_text.replace(row.to_address, '…')}".strip()
        for row in db.session.execute(statement)
        if row.reply_text
    )
    return said.most_common(1)[0] if said else ("", 0)


def true_counts(batch_id: int) -> dict[str, Any]:
    """The counts as the letters themselves say them, each letter looked at."""
    letters = sa.select(
        OutgoingMessage.state,
        OutgoingMessage.reason,
        sa.func.count().label("letters"),
    ).where(OutgoingMessage.batch_id == batch_id)
    found: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    for row in db.session.execute(letters.group_by(OutgoingMessage.state, OutgoingMessage.reason)):
        found[row.state.value] += row.letters
        if row.state is MessageState.FAILED and row.reason is not None:
            failures[row.reason.value] += row.letters
    counted = {state.value: found[state.value] for state in _COUNTED}
    return {"posted": found.total(), **counted, "failures": dict(failures)}


def recount(batch_ids: Iterable[int] | None = None) -> list[int]:
    """Write the counts of batches (all of them) anew where they are not what the letters say; ids of those batches."""
    wrong = []
    if batch_ids is None:
        batch_ids = db.session.scalars(sa.select(Batch.id).where(Batch.priority == Priority.BULK)).all()
    for batch_id in batch_ids:
        lock(batch_id)
        true = true_counts(batch_id)
        kept = sa.select(*(getattr(Batch, name) for name in true)).where(Batch.id == batch_id)
        if db.session.execute(kept).one()._asdict() != true:
            _write(batch_id, true)
            wrong.append(batch_id)
    return wrong
