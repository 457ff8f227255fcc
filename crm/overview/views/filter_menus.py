"""The menus of the list's filters: fetched when they are opened, or pages of their own where no script runs."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_login import current_user

from crm.directory.menus import MENUS, Choice, choices
from crm.overview.filters import ListFilter, stance_choices
from crm.overview.list_state import ListState
from crm.overview.views.blueprint import blueprint
from crm.pipeline.labels import stage_label
from crm.pipeline.models import Stage
from crm.pipeline.queries import campaign_names
from crm.policy import Permission, requires
from crm.text import fold
from crm.treaties.queries import treaty_names
from crm.web import is_partial

# What a menu is called; the first ones stand in the open, the others under “More filters”.
PICKERS = {
    "country": lazy_gettext("Country"),
    "group": lazy_gettext("Political group"),
    "party": lazy_gettext("Party"),
    "category": lazy_gettext("Category"),
    "institution": lazy_gettext("Institution"),
    "committee": lazy_gettext("Committee"),
    "region": lazy_gettext("Region"),
    "language": lazy_gettext("Language"),
    "tag": lazy_gettext("Tag"),
    "assigned": lazy_gettext("Looked after by"),
    "stance": lazy_gettext("Stance"),
    "treaty": lazy_gettext("Stance on"),
    "campaign": lazy_gettext("Target in"),
    "stage": lazy_gettext("Stage"),
    "source": lazy_gettext("Source"),
}


def _offered(wanted: ListFilter, name: str, text: str) -> tuple[list[Choice], bool]:
    if name in MENUS:
        return choices(name, wanted.contact, text)
    if name == "stage":
        found = [Choice(stage.value, stage_label(stage)) for stage in Stage]
    elif name == "stance":
        found = [Choice(value, label) for value, label in stance_choices()]
    else:
        rows = treaty_names() if name == "treaty" else campaign_names()
        found = [Choice(str(number), label) for number, label in rows]
    return [choice for choice in found if fold(text) in fold(choice.label)], False


@blueprint.get(f"/contacts/filters/<any({', '.join(PICKERS)}):name>")
@requires(Permission.READ)
def filter_menu(name: str) -> ResponseReturnValue:
    """The values of one condition that occur, those chosen first; `find` narrows them."""
    state = ListState.from_args(request.args, current_user.team_id)
    text = request.args.get("find", "").strip()
    chosen = [Choice(held.raw, held.value) for held in state.wanted.conditions() if held.name == name]
    offered, more = _offered(state.wanted, name, text)
    taken = {choice.value for choice in chosen}
    others = state.to_args(**{name: None})
    return render_template(
        "overview/filter_menu.html" if is_partial() else "overview/filter_menu_page.html",
        name=name,
        label=PICKERS[name],
        chosen=chosen,
        offered=[choice for choice in offered if choice.value not in taken],
        more=more,
        text=text,
        others=others,
    )
