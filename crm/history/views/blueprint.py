"""The blueprint, and what its screens share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, url_for
from flask_babel import gettext
from flask_login import current_user

from crm.attachments.actions import store
from crm.attachments.models import Attachment
from crm.database import read_id
from crm.history import labels, queries
from crm.history.actions import What
from crm.history.forms import InteractionForm
from crm.history.models import Interaction
from crm.web import minute, own_page

blueprint = Blueprint("history", __name__)
blueprint.add_app_template_filter(labels.kind_label, "interaction_label")


@blueprint.app_template_filter()
def stored_moment(text: str) -> str:
    """A moment as the trail keeps it, as the reader writes moments."""
    return minute(datetime.fromisoformat(text))


def ids_of(values: list[str], most: int = 60) -> list[int]:
    """The ids in query arguments; what is none is left out."""
    found = []
    for value in values[:most]:
        try:
            found.append(read_id(value))
        except ValueError:
            continue
    return found


def interaction_or_404(interaction_id: int) -> Interaction:
    """The interaction, for whoever may see it."""
    return queries.interaction(interaction_id, current_user.team_id) or abort(
        404, gettext("There is no such entry: it was withdrawn, or it is another team's.")
    )


def what_of(form: InteractionForm, campaign_id: int | None) -> What:
    """What the form says happened."""
    return What(
        kind=form.kind_meant(),
        at=form.moment(),
        summary=form.summary(),
        contact_ids=[person.id for person in form.people],
        user_ids=form.user.data or [],
        notes=form.notes.data or "",
        campaign_id=campaign_id,
        team_id=current_user.team_id if form.private.data else None,
    )


def kept(form: InteractionForm) -> list[Attachment]:
    """The file of the form, stored, if there is one."""
    if not form.file.data:
        return []
    return [store(form.file.data, team_id=current_user.team_id if form.private.data else None)]


def way_back(candidate: Any, contact_id: int | None) -> str:
    """The page of ours a form came from, or the contact's, or the tasks."""
    if contact_id is None:
        return own_page(candidate) or url_for("history.tasks")
    return own_page(candidate) or url_for("overview.contact", contact_id=contact_id, _anchor="timeline")
