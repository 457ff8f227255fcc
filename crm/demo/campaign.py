"""The demo's campaign: targets that have moved through its stages in the months before today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from crm import clock
from crm.accounts.models import User
from crm.demo.directory import Contact
from crm.extensions import db
from crm.pipeline.actions import (
    Promise,
    Verdict,
    add_targets,
    answer,
    create_campaign,
    create_link,
    move_target,
    update_target,
)
from crm.pipeline.models import (
    OPEN_STAGES,
    AnswerKind,
    Campaign,
    CloseReason,
    CommitmentState,
    Priority,
    Stage,
    Target,
)
from crm.pipeline.queries import commitments_of_target
from crm.places.european_union import eu_members
from crm.policy import Role
from crm.treaties.models import Treaty

NAME = "ICRMW: the first ratifications in the European Union"
STARTED_DAYS_AGO = 120

_ASK = {
    "EP": "Sign the written question to the Council on ratification",
    "": "Put ratification on the agenda of the interministerial group",
}
_NEXT_STEPS = (
    "Call the assistant about the hearing",
    "Send the briefing on labour migration",
    "Meet at the committee's coffee break",
    "Ask for a co-signature of the written question",
    "Thank, and offer a quote for the press",
)


_PROMISES = (
    (
        "I will sign the written question, and ask my group's colleagues in the committee to do so.",
        "Sign the question",
        24,
    ),
    ("You have my vote. These workers are our neighbours, and they should have it in writing.", "Vote in favour", 61),
    ("Before the summer I shall put this to the minister in the chamber.", "Ask the minister in the chamber", -6),
    ("We will have it on the agenda of the interministerial group this autumn.", "Put it on the agenda", 9),
)
_CORRECTION = "I said that I would ask for it to be put on the agenda. The chair of the group decides."
_SOURCE = "https://minutes.example/meetings/1"


@dataclass(frozen=True)
class _Step:
    """A move of a target at its moment."""

    at: datetime
    target_id: int
    to: Stage


def _path(final: Stage) -> tuple[Stage, ...]:
    """The stages a target passes after it was identified."""
    if final is Stage.CLOSED:
        return (Stage.CONTACTED, Stage.CLOSED)
    return OPEN_STAGES[1 : OPEN_STAGES.index(final) + 1]


def office_hours(now: datetime, days_ago: int, number: int = 0) -> datetime:
    """A moment of a working day that long ago, always the same for the same number."""
    day = now - timedelta(days=days_ago)
    day -= timedelta(days=max(0, day.weekday() - 4))  # the Friday before a weekend
    return day.replace(hour=7 + number * 5 % 9, minute=number * 47 % 60, second=0, microsecond=0)


def _steps(targets: dict[int, Stage], now: datetime) -> Iterator[_Step]:
    """Moves spread over the campaign's months."""
    for number, (target_id, final) in enumerate(targets.items()):
        day = STARTED_DAYS_AGO - 4 - number % 11
        for to in _path(final):
            yield _Step(office_hours(now, day, number), target_id, to)
            day = max(1, day - 9 - (number * 7) % 16)


def _move(step: _Step, today: date) -> None:
    """Move as an officer would, with the words, the kept promise or the reason the stage asks for."""
    if step.to is Stage.COMMITTED:
        words, act, days = _PROMISES[step.target_id % len(_PROMISES)]
        day = step.at.date()
        # Some fall due in these weeks, one is late.
        due = today + timedelta(days=days)
        promise = Promise(words, act, day, due_on=due, public=days % 2 == 0, source_url=_SOURCE)
        move_target(step.target_id, step.to, promise=promise)
    elif step.to is Stage.DELIVERED:
        promised = commitments_of_target(step.target_id)[0]
        kept = Verdict(CommitmentState.KEPT, step.at.date(), "Voted as promised", _SOURCE)
        move_target(step.target_id, step.to, kept=(promised.id, kept))
    else:
        move_target(step.target_id, step.to, reason=CloseReason.DECLINED if step.to is Stage.CLOSED else None)


def _answer(targets: Sequence[sa.Row[*tuple[int, int]]]) -> None:
    """Let one official correct, by a link, what was written down of them."""
    for target in targets:
        for row in commitments_of_target(target.id):
            if row.state is CommitmentState.OPEN and row.owner_id is not None:
                token = create_link(row.id, row.owner_id)
                answer(token, AnswerKind.CORRECTED, _CORRECTION)
                return


def create(contacts: list[Contact], users: dict[Role, User]) -> Campaign:
    """Add the campaign and its targets, as they stood at its beginning."""
    lead, officer = users[Role.LEAD], users[Role.OFFICER]
    treaty_id = db.session.scalars(sa.select(Treaty.id).where(Treaty.code == "ICRMW")).one()
    campaign = create_campaign(
        NAME,
        treaty_id,
        lead.team_id,
        lead.id,
        goal="Two member states deposit their instruments of ratification",
        goal_count=2,
        states=eu_members(),
        goal_by=date(clock.today().year + 2, 12, 18),
    )
    for priority in Priority:
        ids = [contact.person.id for contact in contacts if contact.row["priority"] == priority]
        add_targets(campaign.id, ids, owner_id=officer.id, priority=priority)
    return campaign


def play(campaign: Campaign, contacts: list[Contact]) -> None:
    """Move the targets to where they stand now, and note what comes next."""
    now = clock.now()
    rows = {contact.person.id: contact.row for contact in contacts}
    targets = db.session.execute(
        sa.select(Target.id, Target.contact_id).where(Target.campaign_id == campaign.id).order_by(Target.id)
    ).all()
    finals = {target.id: Stage(rows[target.contact_id]["stage"]) for target in targets}
    for step in sorted(_steps(finals, now), key=lambda step: step.at):
        with clock.pretend(step.at):
            _move(step, now.date())
    _answer(targets)
    for number, target in enumerate(targets):
        if finals[target.id] in (Stage.CLOSED, Stage.DELIVERED, Stage.IDENTIFIED):
            continue
        update_target(
            target.id,
            ask=_ASK["EP" if rows[target.contact_id]["seat"] == "EP" else ""],
            next_step=_NEXT_STEPS[number % len(_NEXT_STEPS)],
            # Some are overdue, most are not.
            next_step_due=(now + timedelta(days=(number * 5) % 24 - 4)).date(),
        )
