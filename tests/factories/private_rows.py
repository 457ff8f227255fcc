"""What one team keeps to itself, in every table that can hold such a row, with a mark in every text of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.accounts.models import User
from crm.attachments import storage
from crm.attachments.actions import store
from crm.attachments.models import Attachment
from crm.database import Base
from crm.directory.actions import add_relationship
from crm.directory.models import Contact, RelationshipKind
from crm.extensions import db
from crm.history.actions import (
    ToDo,
    What,
    add_task,
    change_interaction,
    finish_task,
    record_interaction,
    withdraw_interaction,
)
from crm.history.models import InteractionKind
from crm.inbound.models import Answer, InboundMessage, InboundState, Reply, Source
from crm.outbox.models import OutgoingMessage
from crm.overview.actions import save_view
from crm.pipeline.models import Target
from crm.stances.actions import record_statement, settle_contradiction, withdraw_statement
from crm.stances.models import Confidence, Stance, Statement
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.treaties.models import Treaty
from crm.unit_of_work import unit_of_work
from tests.factories.attachments import PDF, upload
from tests.factories.inbound import a_mail

_MARK = "veil"


def mark(table: str, column: str, which: str = "") -> str:
    """A word that stands nowhere but in this column of a private row: in files, addresses and searches alike."""
    return f"{_MARK}{table}{column}{which}".replace("_", "")


def marks_in(text: str) -> set[str]:
    """The marks a text holds."""
    return {one for one in all_marks() if one in text.lower()}


@dataclass(frozen=True)
class Keeper:
    """Who keeps something to their team, of whom, and what of it is public: a contact that is a target."""

    user: User
    contact: Contact
    other: Contact
    target: Target
    treaty: Treaty

    def attachment(self) -> Attachment:
        """A file of the team's own; its bytes are marked too."""
        name = mark("attachment", "name")
        return store(upload(PDF + mark("attachment", "bytes").encode(), f"{name}.pdf"), team_id=self.user.team_id)

    def statement(self, which: str, stance: Stance, days_ago: int) -> Statement:
        """One of the team's own statements."""
        return record_statement(
            self.contact.id,
            self.treaty.id,
            stance,
            clock.today() - timedelta(days=days_ago),
            confidence=Confidence.CERTAIN,
            quote=mark("statement", "quote", which),
            source_url=f"https://{mark('statement', 'source_url', which)}.example/",
            team_id=self.user.team_id,
        )

    def what(self, which: str) -> What:
        """A call that the team alone knows of."""
        return What(
            InteractionKind.CALL,
            clock.now() - timedelta(hours=2),
            mark("interaction", "summary", which),
            [self.contact.id, self.other.id],
            user_ids=[self.user.id],
            notes=mark("interaction", "notes", which),
            team_id=self.user.team_id,
        )


def _attachments(who: Keeper) -> None:
    who.attachment()


def _relationships(who: Keeper) -> None:
    add_relationship(
        who.contact,
        who.other,
        RelationshipKind.ADVISES,
        note=mark("relationship", "note"),
        source=mark("relationship", "source"),
        team_id=who.user.team_id,
    )


def _interactions(who: Keeper) -> None:
    happened = record_interaction(who.what("before"), [who.attachment()])
    change_interaction(happened, who.what(""))
    withdraw_interaction(record_interaction(who.what("withdrawn")))


def _tasks(who: Keeper) -> None:
    def task(which: str, days: int, **about: int) -> Any:
        due_on = clock.today() + timedelta(days=days)
        return add_task(ToDo(mark("task", "title", which), who.user.id, due_on, team_id=who.user.team_id, **about))

    task("", -3, contact_id=who.contact.id)
    task("target", 0, target_id=who.target.id)
    finish_task(task("done", -5, contact_id=who.contact.id))


def _statements(who: Keeper) -> None:
    before, since = who.statement("settled", Stance.CHAMPION, 9), who.statement("turned", Stance.OPPOSED, 8)
    settle_contradiction(before.id, since.id, mark("settled_contradiction", "note"), team_id=who.user.team_id)
    taken_back = who.statement("withdrawn", Stance.UNDECIDED, 7)
    withdraw_statement(taken_back.id, mark("statement_withdrawal", "reason"), team_id=who.user.team_id)
    who.statement("warm", Stance.CHAMPION, 5)
    who.statement("", Stance.OPPOSED, 1)


def _entries(who: Keeper) -> None:
    words = mark("timeline_entry", "summary")
    add_events([Event(who.contact.id, clock.now(), EntryKind.REPLY, "", words, {}, who.user.team_id)])


def _views(who: Keeper) -> None:
    wanted = {"text": mark("saved_view", "args")}
    save_view(who.user.id, mark("saved_view", "name"), wanted, team_id=who.user.team_id)
    # Shared with nobody at all.
    save_view(who.user.id, mark("saved_view", "name", "own"), wanted, team_id=None)


def _replies(who: Keeper) -> None:
    """A mail on the team's own timeline: what it quotes, its subject and its bytes are marked too."""
    quoted = mark("inbound_reply", "quoted")
    raw = a_mail(f"> {quoted}", subject=quoted, sender=f"{quoted} <{quoted}@parliament.example>").as_bytes()
    message = InboundMessage(
        sha256=storage.keep(io.BytesIO(raw)),
        size=len(raw),
        source=Source.PIPE,
        state=InboundState.MATCHED,
        contact_id=who.contact.id,
        from_name=quoted,
        from_address=f"{quoted}@parliament.example",
        subject=quoted,
    )
    db.session.add(message)
    happened = record_interaction(who.what("reply"))
    db.session.flush()
    db.session.add(Reply(interaction_id=happened.id, message_id=message.id, quoted=quoted))
    sent = db.session.scalars(sa.select(OutgoingMessage.id).order_by(OutgoingMessage.id.desc())).first()
    answer = Answer(interaction_id=happened.id, contact_id=who.contact.id, user_id=who.user.id, message_id=sent)
    db.session.add(answer)
    db.session.flush()


def _nothing(who: Keeper) -> None:
    """What it holds is written with the rows it belongs to."""


# By table: how its private rows are made. One that is missing here fails the tests of what teams keep to themselves.
SEEDS: dict[str, Callable[[Keeper], None]] = {
    "attachment": _attachments,
    "inbound_answer": _nothing,
    "inbound_reply": _replies,
    "interaction": _interactions,
    "interaction_attachment": _nothing,
    "interaction_contact": _nothing,
    "interaction_user": _nothing,
    "relationship": _relationships,
    "saved_view": _views,
    "settled_contradiction": _nothing,
    "statement": _statements,
    "statement_withdrawal": _nothing,
    "task": _tasks,
    "timeline_entry": _entries,
}
# Texts that say nothing of a contact, and why: nobody writes a word into them.
_NOT_WRITTEN = {
    "attachment.sha256": "follows from the bytes",
    "attachment.media_type": "one of a few",
    "attachment.created_by": "the trail's name of a user",
    "interaction.recorded_by": "the trail's name of a user",
    "settled_contradiction.settled_by": "the trail's name of a user",
    "statement.source_reference": "the number of a row",
    "statement.recorded_by": "the trail's name of a user",
    "statement_withdrawal.withdrawn_by": "the trail's name of a user",
    "task.created_by": "the trail's name of a user",
    "task.done_by": "the trail's name of a user",
    "timeline_entry.actor": "the trail's name of a user",
    "timeline_entry.reference": "the number of a row",
    "timeline_entry.details": "what is told of a statement, whose own columns are marked",
}


def private_tables() -> set[str]:
    """Tables that can hold what a team keeps to itself: their rows may name a team, or belong to a row that does."""
    named = {table.name for table in Base.metadata.tables.values() if "team_id" in table.c and table.c.team_id.nullable}
    said = {each.__tablename__ for each in (mapper.class_ for mapper in Base.registry.mappers) if each.__team_of__}
    assert named <= said, f"say in the models of {sorted(named - said)} that rows may be a team's alone: __team_of__"
    return said


def written_texts() -> Iterator[sa.Column[Any]]:
    """The columns of these tables that people write words into."""
    for name in sorted(private_tables()):
        for column in Base.metadata.tables[name].columns:
            words = isinstance(column.type, sa.String | sa.JSON) and not isinstance(column.type, sa.Enum)
            if words and f"{name}.{column.name}" not in _NOT_WRITTEN:
                yield column


def all_marks() -> set[str]:
    """A mark for each such column, the longer words of edited and withdrawn rows among them, and that of a file."""
    return {mark(column.table.name, column.name) for column in written_texts()} | {mark("attachment", "bytes")}


def keep_to_the_team(who: Keeper) -> None:
    """Write a private row, or several, into every table that can hold one."""
    missing = private_tables() - SEEDS.keys()
    assert not missing, f"say in {__name__}.SEEDS how a private row of {sorted(missing)} is made, with a mark() each"
    with unit_of_work("keep to the team", actor=f"user:{who.user.id}"):
        for seed in SEEDS.values():
            seed(who)
    for column in written_texts():
        table, looked_for = column.table.name, mark(column.table.name, column.name)
        held = db.session.scalars(sa.select(sa.cast(column, sa.Text))).all()
        assert any(looked_for in (text or "") for text in held), (
            f"no private row of {table} has a mark in {column.name}: write one in {__name__}.SEEDS, "
            "or say in _NOT_WRITTEN why nobody's words stand there"
        )
