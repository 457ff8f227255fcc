"""Answering a mail: a letter of one of us to one reader, below theirs in their mail program, and on the timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from werkzeug.datastructures import FileStorage

from crm.attachments import storage
from crm.attachments.actions import store
from crm.extensions import db
from crm.history.models import Interaction
from crm.inbound.folding import words_of
from crm.inbound.models import ADDRESS_LENGTH, Answer, InboundMessage, Reply
from crm.inbound.parsing import Reading, addresses, clean, read
from crm.letters.planning import sender_of
from crm.outbox.actions import Draft, File, enclose, open_batch, post, release
from crm.outbox.models import BatchState, MessageState, OutgoingMessage, Priority
from crm.outbox.results import Result
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind, TimelineEntry

BATCH_KIND = "answer"
_ENTRY_KINDS = {MessageState.SENT: EntryKind.LETTER_SENT, MessageState.FAILED: EntryKind.LETTER_FAILED}
# What mail programs put before the subject of an answer, or of what was passed on, in the languages of our readers.
_PREFIX = re.compile(r"(?i)^\s*(?:(?:re|aw|sv|vs|antw|odp|rif|r|ré|fw|fwd|wg|tr|رد)\s*(?:\[\d+\])?\s*:\s*)+")
_MOST_THREADS = 12


@dataclass(frozen=True)
class Mail:
    """A mail that can be answered: to whom, how the answer is called, what it quotes, and what it stands below."""

    reply: Reply
    contact_id: int
    to_name: str
    to_address: str
    subject: str
    words: str
    threads: tuple[str, ...]


@dataclass(frozen=True)
class Writer:
    """Who of us answers."""

    id: int
    name: str
    email: str


def mail_to_answer(happened: Interaction) -> Mail | None:
    """The mail an interaction came by; None where it came otherwise, or the mail is not to be had any more."""
    row = db.session.execute(
        sa.select(Reply, InboundMessage)
        .join(InboundMessage, InboundMessage.id == Reply.message_id)
        .where(Reply.interaction_id == happened.id)
    ).one_or_none()
    if row is None or row.InboundMessage.contact_id is None or not row.InboundMessage.from_address:
        return None
    message = row.InboundMessage
    try:
        reading = read(storage.path_of(message.sha256).read_bytes())
    except (OSError, ValueError):
        return None
    # Who asks for answers at another address gets them there, as from any mail program.
    name, address = next(iter(addresses(reading.message, "Reply-To")), (message.from_name, message.from_address))
    return Mail(
        row.Reply,
        message.contact_id,
        name or message.from_name,
        clean(address, ADDRESS_LENGTH),
        subject_of_answer(message.subject),
        words_of(reading.message).new,
        _threads(reading),
    )


def subject_of_answer(subject: str) -> str:
    """`Re: Please ratify` for `AW: Re: Please ratify`: mail programs put together what is called alike."""
    bare = _PREFIX.sub("", subject).strip()
    return f"Re: {bare}" if bare else "Re:"


def _threads(reading: Reading) -> tuple[str, ...]:
    """Message-IDs from the beginning of the exchange to this mail (RFC 5322, 3.6.4)."""
    earlier = [*reversed(reading.references), reading.message_id]
    known = [each for each in dict.fromkeys(earlier) if re.fullmatch(r"<[!-;=?-~]{1,300}>", each)]
    # In a long exchange the first one and the last ones are enough to keep it together; a line has its limits.
    return tuple(known if len(known) <= _MOST_THREADS else [known[0], *known[1 - _MOST_THREADS :]])


def quoted(words: str, line: str) -> str:
    """Their words as mail programs quote them, below the line that says whose they are."""
    return "\n".join([line, *(f"> {each}".rstrip() for each in words.splitlines())]) if words else ""


def write_answer(
    mail: Mail, user: Writer, subject: str, text: str, token: str, files: Sequence[FileStorage] = ()
) -> Answer:
    """Send an answer, from the user, ahead of the letters of mailings; the same `token` again is the same answer.

    Its address is checked by the outbox as any reader's is. Files are kept for whoever sees the mail. Raises
    FileRefused.
    """
    reference = f"{mail.reply.interaction_id}:{token}"
    batch = open_batch(BATCH_KIND, reference, priority=Priority.PERSONAL)
    draft = Draft(
        reference="answer",
        to_address=mail.to_address,
        to_name=mail.to_name,
        subject=subject,
        text=text,
        sender=sender_of(user.name),
        reply_to=user.email,
        answering=mail.threads,
    )
    message_id = post(batch.id, [draft])["answer"]
    known = db.session.scalar(sa.select(Answer).where(Answer.message_id == message_id))
    if known is not None:
        return known
    answer = Answer(
        interaction_id=mail.reply.interaction_id, contact_id=mail.contact_id, user_id=user.id, message_id=message_id
    )
    db.session.add(answer)
    db.session.flush()
    if batch.state is BatchState.UNRELEASED:
        team_id = db.session.get_one(Interaction, mail.reply.interaction_id).team_id
        kept = [store(file, team_id=team_id) for file in files]
        enclose(batch.id, [File(each.sha256, each.name, each.media_type, each.size) for each in kept])
        release(batch.id)
    return answer


def record_answers(results: Sequence[Result]) -> None:
    """Write on the timeline what became of answers, once each; runs in a transaction of the outbox."""
    told = {each.message_id: each for each in results if each.batch_kind == BATCH_KIND and each.state in _ENTRY_KINDS}
    if not told:
        return
    rows = db.session.execute(
        sa.select(Answer, Interaction.team_id, OutgoingMessage.subject)
        .join(Interaction, Interaction.id == Answer.interaction_id)
        .join(OutgoingMessage, OutgoingMessage.id == Answer.message_id)
        .where(Answer.message_id.in_(told))
    ).all()
    events = []
    for answer, team_id, subject in rows:
        result, reference = told[answer.message_id], f"{Answer.__tablename__}:{answer.id}"
        kind = _ENTRY_KINDS[result.state]
        known = sa.exists().where(TimelineEntry.reference == reference, TimelineEntry.kind == kind)
        if not db.session.scalar(sa.select(known)):
            details = {"reply": result.reply}
            by = f"user:{answer.user_id}"
            events.append(Event(answer.contact_id, result.at, kind, reference, subject[:300], details, team_id, by))
    if events:
        add_events(events)
