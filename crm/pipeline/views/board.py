"""The board of a campaign, and the menus of its filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_login import current_user

from crm.accounts.queries import active_users
from crm.directory.menus import MENUS, Choice, choices
from crm.pipeline import queries
from crm.pipeline.filters import TargetFilter
from crm.pipeline.labels import priority_label, stage_label
from crm.pipeline.models import Priority, Stage
from crm.pipeline.queries import AnyRow
from crm.pipeline.views.blueprint import blueprint, campaign_or_404
from crm.policy import Permission, requires
from crm.stances.labels import stance_label
from crm.stances.models import Stance
from crm.stances.queries import stances_on
from crm.text import fold
from crm.web import is_partial

# What a menu is called; the first ones stand in the open, the others under “More filters”.
PICKERS = {
    "country": lazy_gettext("Country"),
    "group": lazy_gettext("Political group"),
    "party": lazy_gettext("Party"),
    "priority": lazy_gettext("Priority"),
    "stance": lazy_gettext("Stance"),
    "category": lazy_gettext("Category"),
    "institution": lazy_gettext("Institution"),
    "committee": lazy_gettext("Committee"),
    "region": lazy_gettext("Region"),
    "language": lazy_gettext("Language"),
    "tag": lazy_gettext("Tag"),
    "assigned": lazy_gettext("Looked after by"),
    "source": lazy_gettext("Source"),
}
# The board has a column for each stage; the list has a menu.
LIST_PICKERS = {"stage": lazy_gettext("Stage"), **PICKERS}
_OWN: dict[str, list[tuple[str, Callable[[Any], str]]]] = {
    "stage": [(stage, stage_label) for stage in Stage],
    "priority": [(priority, priority_label) for priority in Priority],
    "stance": [(stance, stance_label) for stance in Stance],
}


def wanted() -> TargetFilter:
    """The filter in the address, for the reader's team; a stance is one on the campaign's lead treaty."""
    chosen = TargetFilter.from_args(request.args, team=current_user.team_id)
    held = chosen.held
    if held.treaty is not None or (not held.stances and held.stale is None):
        return chosen
    campaign = campaign_or_404((request.view_args or {}).get("campaign_id", 0))
    return replace(chosen, held=replace(held, treaty=campaign.treaty_id))


def filter_parts(chosen: TargetFilter, *, listed: bool = False) -> dict[str, Any]:
    """What the templates of the filter need: its conditions in words, its menus, who may own a target."""
    conditions = [each for each in chosen.conditions() if listed or each.name != "stage"]
    return {
        "chosen": chosen,
        "conditions": conditions,
        "pickers": LIST_PICKERS if listed else PICKERS,
        "owners": active_users(),
    }


def here() -> str:
    """The address of this page."""
    return request.full_path.rstrip("?")


def stances_of(campaign: AnyRow, rows: Iterable[AnyRow]) -> dict[int, AnyRow]:
    """Where those of the targets that ever spoke of the campaign's lead treaty stand, by their contact; one query."""
    return stances_on(campaign.treaty_id, (row.contact_id for row in rows), current_user.team_id)


@blueprint.get("/campaigns/<int:campaign_id>/board")
@requires(Permission.READ)
def board(campaign_id: int) -> ResponseReturnValue:
    """The columns of a campaign, each with the targets that are due first."""
    chosen = wanted()
    campaign = campaign_or_404(campaign_id)
    columns = queries.board(campaign_id, chosen)
    return render_template(
        "pipeline/board_results.html" if is_partial() else "pipeline/board.html",
        campaign=campaign,
        columns=columns,
        answered=queries.targets_answered(campaign_id),
        stances=stances_of(campaign, (card for column in columns for card in column.cards)),
        here=here(),
        **filter_parts(chosen),
    )


@blueprint.get(f"/campaigns/<int:campaign_id>/board/<any({', '.join(Stage)}):stage>")
@requires(Permission.READ)
def column(campaign_id: int, stage: str) -> ResponseReturnValue:
    """Further cards of one column, a piece of the board."""
    chosen = wanted()
    campaign = campaign_or_404(campaign_id)
    found = queries.column(campaign_id, chosen, Stage(stage), request.args.get("cursor"))
    return render_template(
        "pipeline/column.html",
        campaign=campaign,
        column=found,
        answered=queries.targets_answered(campaign_id),
        stances=stances_of(campaign, found.cards),
        chosen=chosen,
        here=here().partition("/board/")[0] + "/board",
    )


def _offered(chosen: TargetFilter, name: str, text: str) -> tuple[list[Choice], bool]:
    if name in MENUS:
        return choices(name, chosen.contact, text)
    found = [Choice(value, label(value)) for value, label in _OWN[name]]
    return [choice for choice in found if fold(text) in fold(choice.label)], False


@blueprint.get(f"/campaigns/<int:campaign_id>/filters/<any({', '.join(LIST_PICKERS)}):name>")
@requires(Permission.READ)
def filter_menu(campaign_id: int, name: str) -> ResponseReturnValue:
    """The values of one condition that occur in the directory, those chosen first; `find` narrows them."""
    chosen = wanted()
    view = request.args.get("view", "targets")
    if view not in ("board", "targets"):
        abort(404)
    text = request.args.get("find", "").strip()
    held = [Choice(each.raw, each.value) for each in chosen.conditions() if each.name == name]
    offered, more = _offered(chosen, name, text)
    taken = {choice.value for choice in held}
    return render_template(
        "overview/filter_menu.html" if is_partial() else "pipeline/filter_menu_page.html",
        campaign=campaign_or_404(campaign_id),
        view=view,
        name=name,
        label=LIST_PICKERS[name],
        chosen=held,
        offered=[choice for choice in offered if choice.value not in taken],
        more=more,
        text=text,
        others={key: value for key, value in chosen.to_args().items() if key != name},
    )
