"""What the people of a crowd said of its campaign's treaty: with sources, here and there against themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from crm.demo.crowd_rows import insert, insert_known
from crm.demo.crowd_targets import CrowdCampaign, noon, picked
from crm.stances.models import Confidence, Stance, Statement, Withdrawal
from crm.stances.projection import project
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work

_SIDES = {
    (Stance.CHAMPION, Stance.SUPPORTIVE, Stance.SUPPORTIVE): 35,
    (Stance.UNDECIDED, Stance.SUPPORTIVE, Stance.UNDECIDED): 40,
    (Stance.OPPOSED, Stance.LEANING_AGAINST, Stance.LEANING_AGAINST): 25,
}
_CONFIDENCE = {Confidence.CERTAIN: 50, Confidence.LIKELY: 35, Confidence.UNSURE: 15}
_QUOTES = ("I would want to see an estimate of the costs before I take a side.", "Whoever works here has rights here.")
_MOST_SAID = 3
_DAYS = 900
# In percent.
_KEPT_TO_THE_TEAM, _TURNED, _WITHDRAWN = 5, 3, 1


def say(campaign: CrowdCampaign, contact_ids: Sequence[int], now: datetime) -> None:
    """Write down what each of these said; their timelines and current stances follow."""
    random, actor = campaign.random, current_unit_of_work().actor
    rows: list[dict[str, Any]] = []
    for contact_id in contact_ids:
        side = picked(random, _SIDES)
        for _ in range(random.randint(1, _MOST_SAID)):
            said_on = (now - timedelta(days=random.randrange(1, _DAYS))).date()
            turned = random.randrange(100) < _TURNED
            row = {
                "contact_id": contact_id,
                "treaty_id": campaign.treaty_id,
                "stance": Stance.OPPOSED if turned else random.choice(side),
                "said_on": said_on,
                "confidence": picked(random, _CONFIDENCE),
                "quote": random.choice(("", *_QUOTES)),
                "source_url": f"https://minutes.crowd.example/{said_on}/{contact_id}",
                "team_id": campaign.secret_of(_KEPT_TO_THE_TEAM),
                "recorded_by": actor,
                "recorded_at": noon(said_on),
            }
            rows.append(row)
    known = list(zip(insert_known(Statement, rows), rows, strict=True))
    insert(
        Withdrawal,
        [
            {"statement_id": id_, "reason": "The paper corrected it.", "withdrawn_by": actor, "withdrawn_at": now}
            for id_, _ in known
            if random.randrange(100) < _WITHDRAWN
        ],
    )
    add_events(
        [
            Event(
                row["contact_id"],
                noon(row["said_on"]),
                EntryKind.STATED,
                f"{Statement.__tablename__}:{id_}",
                row["quote"],
                {
                    "treaty": campaign.treaty,
                    "stance": row["stance"].value,
                    "confidence": row["confidence"].value,
                    "source": row["source_url"],
                },
                row["team_id"],
            )
            for id_, row in known
        ]
    )
    project(contact_ids)
