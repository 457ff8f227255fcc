"""One interaction: what it says, what it said before, changing and withdrawing it."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.accounts.queries import actor_names
from crm.history import actions
from crm.history.forms import ChangeForm, to_local
from crm.history.models import Interaction
from crm.history.queries import parts_of
from crm.history.views.blueprint import blueprint, interaction_or_404, kept, way_back, what_of
from crm.meanwhile import SEEN, meet_others, seen_in
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.get("/interactions/<int:interaction_id>")
@requires(Permission.READ)
def interaction(interaction_id: int) -> ResponseReturnValue:
    """What happened, in full."""
    happened = interaction_or_404(interaction_id)
    return render_template("history/interaction.html", happened=happened, parts=parts_of(happened), names=actor_names())


def _form_of(happened: Interaction) -> ChangeForm:
    parts = parts_of(happened)
    begin: dict[str, Any] = {
        "what": happened.summary,
        "kind": happened.kind,
        "at": to_local(happened.at),
        "notes": happened.notes,
        "campaign_id": happened.campaign_id,
        "private": happened.team_id is not None,
        "user": [user.id for user in parts.users],
        "contact": [contact.id for contact in parts.contacts],
    }
    # Somebody who has left us since took part all the same.
    users = [(user.id, user.name) for user in parts.users]
    files = [(file.id, file.name) for file in parts.files]
    return ChangeForm(contact_ids=begin["contact"], data=begin, took_part=users, files=files)


def _form_page(happened: Interaction, form: ChangeForm, status: int = 200) -> ResponseReturnValue:
    back = url_for("history.interaction", interaction_id=happened.id)
    return render_template("history/change.html", happened=happened, form=form, back=back, seen=seen_in(form)), status


@blueprint.get("/interactions/<int:interaction_id>/edit")
@requires(Permission.LOBBY)
def edit_interaction(interaction_id: int) -> ResponseReturnValue:
    """The form with what it says now."""
    happened = interaction_or_404(interaction_id)
    return _form_page(happened, _form_of(happened))


@blueprint.post("/interactions/<int:interaction_id>/edit")
@requires(Permission.LOBBY)
def change_interaction(interaction_id: int) -> ResponseReturnValue:
    """Save what it says from now on; the trail keeps what it said."""
    happened = interaction_or_404(interaction_id)
    form = _form_of(happened)
    if "add" in request.form:
        # Without script: one more of those who took part.
        form.resolve()
        return _form_page(happened, form)
    if not form.validate_on_submit() or not meet_others(form, request.form.get(SEEN, "")):
        return _form_page(happened, form, 422)
    form.take_over_contacts()
    what = what_of(form, form.campaign_id.data)
    if happened.at.replace(second=0, microsecond=0) == what.at:
        # The field shows minutes alone: a moment nobody touched stays what it was.
        what = actions.What(**{**vars(what), "at": happened.at})
    with unit_of_work("change interaction", actor=actor()) as work:
        actions.change_interaction(interaction_or_404(interaction_id), what, kept(form), gone=form.gone.data or ())
    if work.change_set_id is None:
        toast(gettext("Nothing had changed."), category="info")
    else:
        toast(gettext("Saved."), undo=work.change_set_id)
    return redirect(url_for("history.interaction", interaction_id=interaction_id))


@blueprint.post("/interactions/<int:interaction_id>/withdraw")
@requires(Permission.LOBBY)
def withdraw_interaction(interaction_id: int) -> ResponseReturnValue:
    """Take it off every timeline; undo brings it back."""
    contacts = parts_of(interaction_or_404(interaction_id)).contacts
    with unit_of_work("withdraw interaction", actor=actor()) as work:
        actions.withdraw_interaction(interaction_or_404(interaction_id))
    toast(gettext("Withdrawn."), undo=work.change_set_id)
    return redirect(way_back(None, contacts[0].id if contacts else None))
