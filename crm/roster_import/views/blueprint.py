"""The blueprint, and what every screen of imports needs."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm import clock
from crm.policy import Permission, can
from crm.roster_import import actions, queries
from crm.roster_import.forms import Extent, ReadAgainForm
from crm.roster_import.leases import LEASE
from crm.roster_import.models import DECIDABLE, NAMED, WAITING, AsOfSource, Decision, ImportState, RowKind
from crm.roster_import.progress import progress_of
from crm.roster_import.queries import AnyRow
from crm.roster_import.words import AS_OF_SOURCES, FORMATS, PHASES, add_filters, alarm_text, state_label
from crm.web import own_page, toast

blueprint = Blueprint("roster_import", __name__)
add_filters(blueprint)

# A worker that is there takes an import up at once.
_PATIENCE = timedelta(seconds=15)
# One that works gives a sign of life three times as often.
_SILENCE = timedelta(seconds=60)
_EXTENTS = {None: Extent.BY_FILE, True: Extent.COMPLETE, False: Extent.PARTIAL}


def import_or_404(import_id: int) -> AnyRow:
    """The import with this id; the page for 404 where there is none."""
    return queries.one_import(import_id) or abort(404, gettext("There is no such import."))


def back(import_id: int) -> ResponseReturnValue:
    """To the page the form came from, filters and all."""
    page = own_page(request.form.get("next"))
    return redirect(page or url_for("roster_import.review", import_id=import_id))


def explain(refusal: actions.MoveRefused) -> None:
    """Say why an action that was asked for is not possible any more."""
    state = state_label(refusal.state)
    toast(gettext("That is not possible any more: this import is now “%(state)s”.", state=state), category="error")


def may_undo(found: AnyRow) -> bool:
    """One's own imports, or anybody's for a lead."""
    return found.user_id == current_user.id or can(Permission.LEAD)


def reading_form(found: AnyRow) -> ReadAgainForm:
    """How people have asked for the file to be read, to be changed: what the file itself told is not theirs."""
    as_of = date.fromisoformat(found.asked["as_of"]) if found.asked.get("as_of") else None
    return ReadAgainForm(
        formdata=None,
        as_of=as_of,
        extent=_EXTENTS[found.asked.get("complete")],
        encoding=found.asked.get("encoding") or "",
    )


def status_of(found: AnyRow) -> dict[str, object]:
    """What the piece of a page that says where an import stands is rendered from."""
    waiting = found.state in WAITING
    # Nobody has begun yet: what is there is an earlier work's.
    done = progress_of(found.id) if waiting and found.attempts else None
    alive = found.lease_until - LEASE if waiting and found.lease_until else None
    return {
        "one": found,
        "waiting": waiting,
        "progress": done,
        "phases": PHASES,
        "overdue": waiting and done is None and alive is None and clock.now() - found.state_since > _PATIENCE,
        # The last sign of life of a worker that gives none any more.
        "stopped": alive if alive and clock.now() - alive > _SILENCE else None,
        "kinds": list(RowKind),
        "formats": FORMATS,
        "as_of_sources": AS_OF_SOURCES,
        "AsOfSource": AsOfSource,
        "Decision": Decision,
        "ImportState": ImportState,
        "decidable_reasons": DECIDABLE,
        "may_compare": found.state is ImportState.UNDONE and found.stored_name is not None,
        "in_the_way": _in_the_way(found),
        "NAMED": NAMED,
        "alarms": [alarm_text(alarm, found.counts, found.survey) for alarm in found.survey.get("alarms", ())],
    }


def _in_the_way(found: AnyRow) -> list[AnyRow]:
    """The contacts that kept the import from being undone, as they are by now."""
    ids = queries.present(found.survey.get("in_the_way", ())) if found.problem else []
    named = queries.contacts_by_id(ids) if ids else {}
    return [named[contact_id] for contact_id in ids if contact_id in named]
