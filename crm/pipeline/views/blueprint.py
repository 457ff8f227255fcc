"""The blueprint, and what every screen of the pipeline needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext
from flask_login import current_user

from crm import i18n
from crm.directory.labels import category_label, country_label
from crm.directory.menus import countries_present, organizations_of
from crm.directory.models import Category
from crm.pipeline import queries
from crm.pipeline.actions import MoveRefused
from crm.pipeline.filters import QUIET_DAYS, QUIET_USUALLY
from crm.pipeline.labels import (
    close_reason_label,
    commitment_label,
    commitment_tone,
    priority_label,
    stage_label,
    stage_tone,
)
from crm.pipeline.models import (
    ALLOWED_MOVES,
    GUARDED,
    NEXT_STAGE,
    OPEN_STAGES,
    CloseReason,
    CommitmentState,
    Priority,
    Stage,
)
from crm.pipeline.queries import AnyRow
from crm.policy import Permission, can
from crm.stances.labels import stance_label
from crm.text import fold
from crm.web import Once, ago, own_page, toast

blueprint = Blueprint("pipeline", __name__)
for _filter in (stage_label, stage_tone, priority_label, close_reason_label, commitment_label, commitment_tone):
    blueprint.add_app_template_filter(_filter)


for _name, _word in {
    "Stage": Stage,
    "Priority": Priority,
    "CloseReason": CloseReason,
    "ALLOWED_MOVES": ALLOWED_MOVES,
    "NEXT_STAGE": NEXT_STAGE,
    "OPEN_STAGES": OPEN_STAGES,
    "GUARDED": GUARDED,
    "CommitmentState": CommitmentState,
    "QUIET_DAYS": QUIET_DAYS,
    "QUIET_USUALLY": QUIET_USUALLY,
}.items():
    blueprint.add_app_template_global(_word, _name)  # type: ignore[arg-type]  # any object may be a global of Jinja


class Words:
    """What a page with many rows says again and again; a page of the board asks for 150 countries and 8 differ."""

    def __init__(self) -> None:
        self.category = Once(category_label)
        self.country = Once(country_label)
        self.stage = Once(stage_label)
        self.stance = Once(stance_label)
        self.ago = Once(ago)
        self.day = Once(format_date)
        self.now = i18n.today()


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {"words": Words()}


@blueprint.app_template_test()
def overdue(row: AnyRow) -> bool:
    """Whether a target's next step was due before today."""
    return row.next_step_due is not None and row.next_step_due < i18n.today() and row.stage is not Stage.CLOSED


@blueprint.app_template_test("promise_overdue")
def promise_overdue(row: AnyRow) -> bool:
    """Whether a commitment is open and was due before today."""
    return row.state is CommitmentState.OPEN and row.due_on is not None and row.due_on < i18n.today()


def named_countries(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Countries as code and name, by name."""
    return sorted(((code, country_label(code)) for code in codes), key=lambda pair: fold(pair[1]))


def filter_menus() -> dict[str, Any]:
    """Choices of the filters: countries as code and name, political groups as id and short name.

    Those of the whole directory: which of them a campaign of 20,000 has would cost more than its board.
    """
    groups = [(row.id, row.abbreviation or row.name) for row in organizations_of(Category.POLITICAL_GROUP)]
    return {"countries": named_countries(countries_present()), "groups": groups}


def campaign_or_404(campaign_id: int) -> AnyRow:
    """The campaign, or the page that says there is none."""
    return queries.campaign(campaign_id) or abort(404, gettext("There is no such campaign."))


def may_lead(row: AnyRow) -> bool:
    """Whether the signed-in user leads the campaign: leads of its own team do, and administrators."""
    own = row.team_id == current_user.team_id or can(Permission.ADMINISTER)
    return own and can(Permission.LEAD)


def target_or_404(target_id: int) -> AnyRow:
    """The target, or the page that says there is none."""
    return queries.target(target_id) or abort(404, gettext("There is no such target."))


def back_to(fallback: str) -> ResponseReturnValue:
    """Go back to the page of ours the form came from, filters and all, or to `fallback`."""
    return redirect(own_page(request.form.get("next")) or fallback)


def posted_stage(field: str) -> Stage:
    """A stage chosen in a plain form; BadRequest for anything else."""
    try:
        return Stage(request.form.get(field, ""))
    except ValueError:
        abort(400, gettext("Choose a stage from the list."))


def explain(refusal: MoveRefused, name: str) -> None:
    """Say why a target stays where it stands."""
    stage = stage_label(refusal.stage)
    words = {
        "same": gettext("%(name)s stands at “%(stage)s” already.", name=name, stage=stage),
        "moved_meanwhile": gettext(
            "Nothing was moved: somebody else moved %(name)s to “%(stage)s” meanwhile.", name=name, stage=stage
        ),
        "not_allowed": gettext("%(name)s is closed: take the target up again first.", name=name),
        "reason_needed": gettext("Closing needs a reason."),
        "words_needed": gettext("Nothing was moved: write down first what %(name)s promised.", name=name),
        "kept_needed": gettext("Nothing was moved: say first which commitment %(name)s kept.", name=name),
    }
    toast(words[refusal.reason], category="error")
