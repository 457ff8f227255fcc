"""The demo's months of calls, meetings, letters and replies with its invented people, and what is still to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm import clock
from crm.accounts.models import User
from crm.demo.campaign import STARTED_DAYS_AGO, office_hours
from crm.demo.directory import Contact
from crm.history.actions import (
    ToDo,
    What,
    add_task,
    change_interaction,
    finish_task,
    record_interaction,
)
from crm.history.models import Interaction, InteractionKind
from crm.history.queries import parts_of
from crm.pipeline.models import Campaign, Stage
from crm.policy import Role

_Kind = InteractionKind


@dataclass(frozen=True)
class _Line:
    """Something that may happen with anybody at a stage."""

    kind: InteractionKind
    summary: str
    notes: str = ""


# What leads to a stage, in turn.
_CONTACTED = (
    _Line(_Kind.LETTER, "Wrote to ask for a first conversation"),
    _Line(_Kind.CALL, "Called the office: the assistant passes it on", "Best reached before the group meets, at nine."),
    _Line(_Kind.EVENT, "Spoke briefly after the reception on fair work"),
)
_DIALOGUE = (
    _Line(_Kind.REPLY, "Replied: interested, asks what it would cost"),
    _Line(
        _Kind.MEETING,
        "Met for half an hour: costs, inspections, the neighbours' example",
        "Open question: whether the labour inspectorate would need more staff.\n\nAsked for two pages, no more.",
    ),
    _Line(_Kind.CALL, "Called with the figures on inspections"),
    _Line(_Kind.NOTE, "Heard from a colleague that the committee is split"),
)
_CONVINCED = (
    _Line(_Kind.MEETING, "Met with two unions: sees no reason left against it"),
    _Line(_Kind.LETTER, "Sent the legal opinion and the timetable"),
)
_COMMITTED = (
    _Line(_Kind.CALL, "Called: will ask the government for a date", "Wants the wording of the question by Friday."),
    _Line(_Kind.EVENT, "Hearing in committee: spoke for ratification"),
)
_REFUSED = (_Line(_Kind.REPLY, "Replied: national law is enough, no further meeting"),)
_LEADS_TO: dict[Stage, tuple[_Line, ...]] = {
    Stage.CONTACTED: _CONTACTED[:2],
    Stage.IN_DIALOGUE: _CONTACTED + _DIALOGUE,
    Stage.CONVINCED: _CONTACTED[1:] + _DIALOGUE + _CONVINCED,
    Stage.COMMITTED: _CONTACTED[1:] + _DIALOGUE + _CONVINCED + _COMMITTED,
    Stage.DELIVERED: _CONTACTED[:1] + _DIALOGUE[:3] + _CONVINCED + _COMMITTED,
    Stage.CLOSED: _CONTACTED[:2] + _REFUSED,
}
_TASKS = (
    ("Send the two pages on costs", 2),
    ("Find out who advises on labour law", -3),
    ("Ask for a seat at the hearing", 9),
    ("Translate the legal opinion", 16),
    ("Thank the assistant", 0),
)


def _moments(number: int, count: int, now: datetime) -> list[datetime]:
    """Working moments from the campaign's first weeks to the last days, always the same for the same number."""
    first, last = STARTED_DAYS_AGO - 5 - number % 9, 2 + number * 5 % 17
    step = (first - last) / max(count - 1, 1)
    return [office_hours(now, round(first - step * turn), number + turn) for turn in range(count)]


def write(campaign: Campaign, contacts: list[Contact], users: dict[Role, User]) -> None:
    """Write down what happened with those who have been spoken to, and what is to be done next."""
    now, officer, lead = clock.now(), users[Role.OFFICER], users[Role.LEAD]
    spoken = [contact for contact in contacts if contact.row["stage"] in set(_LEADS_TO)]
    told: list[Interaction] = []
    for number, contact in enumerate(spoken):
        lines = _LEADS_TO[Stage(contact.row["stage"])]
        for turn, (line, at) in enumerate(zip(lines, _moments(number, len(lines), now), strict=True)):
            others = [lead.id] if line.kind is _Kind.MEETING and turn % 2 else []
            what = What(
                line.kind,
                at,
                line.summary,
                [contact.person.id],
                [] if line.kind in (_Kind.NOTE, _Kind.REPLY) else [officer.id, *others],
                line.notes,
                campaign.id,
                # What was heard in confidence stays with the team.
                campaign.team_id if line.kind is _Kind.NOTE else None,
            )
            with clock.pretend(at):
                told.append(record_interaction(what))
    _together(campaign, spoken, officer, lead, now)
    _mend(next(one for one in told if one.kind is _Kind.CALL))
    _tasks(spoken, users)


def _together(campaign: Campaign, spoken: list[Contact], officer: User, lead: User, now: datetime) -> None:
    """One event at which several of them sat at a table."""
    at = office_hours(now, 12, 3)
    guests = [contact.person.id for contact in spoken[:6]]
    summary = "Round table on labour inspections, with unions and employers"
    with clock.pretend(at):
        record_interaction(
            What(_Kind.EVENT, at, summary, guests, [officer.id, lead.id], "Minutes follow.", campaign.id)
        )


def _mend(happened: Interaction) -> None:
    """A slip that somebody corrected a day later."""
    with clock.pretend(happened.at + timedelta(days=1)):
        notes = "Best reached before the group meets, at half past eight (not nine)."
        parts = parts_of(happened)
        contact_ids, user_ids = [one.id for one in parts.contacts], [one.id for one in parts.users]
        what = What(happened.kind, happened.at, happened.summary, contact_ids, user_ids, notes, happened.campaign_id)
        change_interaction(happened, what)


def _tasks(spoken: list[Contact], users: dict[Role, User]) -> None:
    today, officer, lead = clock.today(), users[Role.OFFICER], users[Role.LEAD]
    for number, (title, days) in enumerate(_TASKS):
        owner = lead if number % 3 == 2 else officer
        add_task(ToDo(title, owner.id, today + timedelta(days=days), contact_id=spoken[number * 2].person.id))
    add_task(ToDo("Decide who speaks at the hearing", lead.id, today))
    add_task(ToDo("Bring the Spanish letter up to date", users[Role.TRANSLATOR].id, today))
    add_task(ToDo("Collect examples from the neighbours", officer.id))
    finish_task(add_task(ToDo("Book the room for the round table", officer.id, today - timedelta(days=20))))
