"""How targets follow a contact into a merge: two of one campaign become one, at the further stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext, ngettext

from crm.directory.registry import ContactRows, Entry, Values
from crm.extensions import db
from crm.pipeline.labels import stage_label
from crm.pipeline.models import PLACES, Campaign, Priority, Stage, Target

_STANDING = ("stage", "stage_since", "close_reason")
_NEXT_STEP = ("next_step", "next_step_due")


def _progress(target: Values) -> int:
    """How far it came; one that is closed is behind any that is still pursued."""
    return -1 if target["stage"] is Stage.CLOSED else PLACES[target["stage"]]


def combine_targets(kept: Values, dropped: Values) -> dict[str, Any]:
    """What the target that stays takes over: the further stage, the higher priority, the earlier next step."""
    taken: dict[str, Any] = {}
    if _progress(dropped) > _progress(kept):
        taken |= {name: dropped[name] for name in _STANDING}
    taken["furthest"] = max(kept["furthest"], dropped["furthest"])
    ranks = list(Priority)
    if ranks.index(dropped["priority"]) < ranks.index(kept["priority"]):
        taken["priority"] = dropped["priority"]
    if kept["owner_id"] is None:
        taken["owner_id"] = dropped["owner_id"]
    asks = list(dict.fromkeys(ask for ask in (kept["ask"], dropped["ask"]) if ask))
    taken["ask"] = " / ".join(asks)[:300]
    due, other_due = kept["next_step_due"], dropped["next_step_due"]
    if not kept["next_step"] or (dropped["next_step"] and other_due and (due is None or other_due < due)):
        taken |= {name: dropped[name] for name in _NEXT_STEP if dropped["next_step"]}
    taken["created_at"] = min(kept["created_at"], dropped["created_at"])
    return {name: value for name, value in taken.items() if value != kept[name]}


def explained(pairs: Sequence[tuple[Values, Values]]) -> list[str]:
    """One sentence for each campaign that pursues both."""
    ids = {kept["campaign_id"] for kept, _dropped in pairs}
    named = db.session.execute(sa.select(Campaign.id, Campaign.name).where(Campaign.id.in_(ids)))
    names = {row.id: row.name for row in named}
    return [
        gettext(
            "Both are targets of “%(campaign)s”: they become one, %(stage)s.",
            campaign=names[kept["campaign_id"]],
            stage=stage_label(max(kept, dropped, key=_progress)["stage"]),
        )
        for kept, dropped in pairs
    ]


CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        Target,
        ("contact_id",),
        combine=combine_targets,
        explained=explained,
        counted=lambda n: ngettext("%(num)d target", "%(num)d targets", n),
    ),
)
