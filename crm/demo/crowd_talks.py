"""What the officers of a crowd did: talks with its targets, notes that a team keeps to itself, and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from crm.demo.crowd_rows import insert, insert_known
from crm.demo.crowd_targets import CrowdCampaign, Pursued, picked
from crm.history.finished import tell_done
from crm.history.models import Interaction, InteractionContact, InteractionKind, InteractionUser, Task
from crm.history.projection import project

_KINDS = {
    InteractionKind.CALL: 30,
    InteractionKind.MEETING: 20,
    InteractionKind.LETTER: 20,
    InteractionKind.REPLY: 15,
    InteractionKind.EVENT: 5,
    InteractionKind.NOTE: 10,
}
_SUMMARIES = {
    InteractionKind.CALL: "Called the office: the assistant passes it on",
    InteractionKind.MEETING: "Met for half an hour: costs, inspections, the neighbours' example",
    InteractionKind.LETTER: "Sent the legal opinion and the timetable",
    InteractionKind.REPLY: "Replied: interested, asks what it would cost",
    InteractionKind.EVENT: "Spoke briefly after the reception on fair work",
    InteractionKind.NOTE: "Heard from a colleague that the committee is split",
}
_NOTES = "Open question: whether the labour inspectorate would need more staff."
_MOST_TALKS = 3
_TITLES = (
    "Send the two pages on costs",
    "Ask for a seat at the hearing",
    "Thank the assistant",
    "Find out who advises",
)
# In percent.
_KEPT_TO_THE_TEAM, _WITH_A_TASK, _DONE = 6, 12, 40


def talk(campaign: CrowdCampaign, pursued: Sequence[Pursued], now: datetime) -> None:
    """Write down talks with those who have been contacted, from then on; their timelines follow."""
    random = campaign.random
    told: list[tuple[Pursued, dict[str, Any]]] = []
    for each in pursued:
        if len(each.path) == 1:
            continue
        first = each.path[1][1]
        for turn in range(random.randint(1, _MOST_TALKS)):
            kind = picked(random, _KINDS) if turn else InteractionKind.LETTER
            row = {
                "kind": kind,
                # Most of what was talked of since, lately.
                "at": now - (now - first) * random.random() ** 2 if turn else first,
                "summary": _SUMMARIES[kind],
                "notes": _NOTES if kind is InteractionKind.MEETING else "",
                "campaign_id": campaign.id,
                "team_id": campaign.secret_of(_KEPT_TO_THE_TEAM),
                "recorded_by": f"user:{each.owner_id or campaign.officers[0]}",
            }
            told.append((each, row))
    ids = insert_known(Interaction, [row for _, row in told])
    known = list(zip(ids, (each for each, _ in told), strict=True))
    insert(InteractionContact, [{"interaction_id": id_, "contact_id": each.contact_id} for id_, each in known])
    insert(
        InteractionUser,
        [{"interaction_id": id_, "user_id": each.owner_id} for id_, each in known if each.owner_id is not None],
    )
    project(ids)


def plan(campaign: CrowdCampaign, pursued: Sequence[Pursued], now: datetime) -> None:
    """Give officers tasks with some of their targets: done, overdue, due today, later or on no day."""
    random = campaign.random
    rows = []
    for each in pursued:
        if each.owner_id is None or random.randrange(100) >= _WITH_A_TASK:
            continue
        done = random.randrange(100) < _DONE
        created = now - timedelta(days=random.randrange(20, 60))
        by_target = random.random() < 0.5
        row = {
            "title": random.choice(_TITLES),
            "owner_id": each.owner_id,
            "due_on": _due(campaign, now.date()),
            "contact_id": None if by_target else each.contact_id,
            "target_id": each.target_id if by_target else None,
            "team_id": campaign.secret_of(_KEPT_TO_THE_TEAM),
            "created_by": f"user:{each.owner_id}",
            "created_at": created,
            "done_at": created + timedelta(days=random.randrange(1, 19)) if done else None,
            "done_by": f"user:{each.owner_id}" if done else "",
        }
        rows.append(row)
    tell_done(insert_known(Task, rows))


def _due(campaign: CrowdCampaign, today: date) -> date | None:
    random = campaign.random
    days = random.choice((None, 0, -random.randrange(1, 20), random.randrange(1, 20), random.randrange(20, 90)))
    return None if days is None else today + timedelta(days=days)
