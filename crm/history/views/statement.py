"""Recording where somebody stands, with an interaction as the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, to_user_timezone
from flask_login import current_user

from crm import i18n
from crm.history.forms.statement import StateForm
from crm.history.models import Interaction
from crm.history.projection import reference_of
from crm.history.queries import parts_of, targets_of
from crm.history.views.blueprint import blueprint, interaction_or_404
from crm.policy import Permission, actor, requires
from crm.stances.actions import record_statement
from crm.stances.labels import stance_label
from crm.stances.models import Confidence
from crm.stances.sources import stated_in
from crm.treaties.queries import treaty_names
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.app_template_global()
def targets_of_interaction(contacts: Sequence[Any]) -> Sequence[Any]:
    """The open targets that those who took part are."""
    return targets_of([contact.id for contact in contacts])


@blueprint.app_template_global()
def stated_in_interaction(interaction_id: int, contacts: Sequence[Any]) -> Sequence[Any]:
    """The stances of those who took part that were written down from it already."""
    return stated_in(reference_of(interaction_id), [contact.id for contact in contacts], current_user.team_id)


def _form_of(happened: Interaction, contact_id: int) -> tuple[Any, StateForm]:
    contact = next((each for each in parts_of(happened).contacts if each.id == contact_id), None)
    treaties = treaty_names()
    if contact is None or not treaties:
        abort(404, gettext("They took no part in it, or there is no treaty yet."))
    campaigns = targets_of([contact_id])
    meant = {target.treaty_id for target in campaigns if target.campaign_id == happened.campaign_id}
    meant = meant or {target.treaty_id for target in campaigns}
    form = StateForm(
        treaties=treaties,
        treaty_id=next(iter(meant)) if len(meant) == 1 else None,
        said_on=min(to_user_timezone(happened.at).date(), i18n.today()),
        confidence=Confidence.CERTAIN,
        private=happened.team_id is not None,
    )
    return contact, form


def _page(happened: Interaction, contact: Any, form: StateForm) -> ResponseReturnValue:
    page = render_template("history/statement.html", happened=happened, contact=contact, form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/interactions/<int:interaction_id>/stance/<int:contact_id>")
@requires(Permission.LOBBY)
def state(interaction_id: int, contact_id: int) -> ResponseReturnValue:
    """The form, beside what they wrote or said."""
    happened = interaction_or_404(interaction_id)
    return _page(happened, *_form_of(happened, contact_id))


@blueprint.post("/interactions/<int:interaction_id>/stance/<int:contact_id>")
@requires(Permission.LOBBY)
def save_state(interaction_id: int, contact_id: int) -> ResponseReturnValue:
    """Write it down; what only the team knows of stays with the team."""
    happened = interaction_or_404(interaction_id)
    contact, form = _form_of(happened, contact_id)
    if not form.validate_on_submit():
        return _page(happened, contact, form)
    team_id = happened.team_id or (current_user.team_id if form.private.data else None)
    with unit_of_work("record statement", actor=actor()) as work:
        record_statement(contact_id, **form.values(), source_reference=reference_of(interaction_id), team_id=team_id)
    toast(gettext("Stance noted: %(stance)s.", stance=stance_label(form.stance.data)), undo=work.change_set_id)
    return redirect(url_for("history.interaction", interaction_id=interaction_id))
