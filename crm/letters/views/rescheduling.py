"""What may still be decided of a planned mailing while nothing of it has left: its time, and its approval."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm import clock
from crm.letters import actions, queries
from crm.letters.forms import NewTimeForm, ScheduleForm
from crm.letters.labels import departure_label
from crm.letters.models import Ledger, Mailing, MailingState
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.letters.views.deciding import CHANGE_TIME, TAKE_APPROVAL_BACK, decide
from crm.policy import Permission, requires
from crm.web import minute


@blueprint.route("/mailings/<int:mailing_id>/schedule", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def reschedule(mailing_id: int) -> ResponseReturnValue:
    """Let the letters of a planned mailing leave at another time."""
    found = mailing_or_404(mailing_id)
    approved = found.state is MailingState.APPROVED
    form = NewTimeForm(queries.countries_written_to(mailing_id)) if approved else ScheduleForm()
    if request.method == "GET":
        form.process(obj=found)
    if not form.validate_on_submit():
        page = render_template("letters/schedule.html", mailing=found, form=form, approved=approved)
        return page, 422 if form.is_submitted() else 200
    return decide(
        mailing_id,
        CHANGE_TIME,
        lambda chosen: actions.reschedule(chosen, form.schedule),
        _rescheduled,
    )


def _rescheduled(mailing: Mailing, _ledger: Ledger) -> str:
    when = departure_label(mailing.schedule, clock.now())
    if mailing.state is not MailingState.APPROVED:
        said = gettext("Once approved, the letters leave %(when)s.", when=when) if when else None
        return str(said or gettext("Once approved, the letters leave at once."))
    if mailing.look_at is None:
        return str(gettext("Saved."))
    return str(gettext("The letters leave %(when)s.", when=when or minute(mailing.look_at)))


@blueprint.post("/mailings/<int:mailing_id>/take-approval-back")
@requires(Permission.LOBBY)
def take_approval_back(mailing_id: int) -> ResponseReturnValue:
    """Have the letters of an approved mailing wait for approval again."""
    return decide(
        mailing_id,
        TAKE_APPROVAL_BACK,
        actions.take_approval_back,
        gettext("Nothing leaves: the mailing waits for approval again."),
    )
