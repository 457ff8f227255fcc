"""The mail of a morning: chosen on the page of one's account, switched off there or by the link in it."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.extensions import csrf
from crm.overview import reminders
from crm.overview.forms.reminder import ReminderForm
from crm.overview.views.blueprint import blueprint
from crm.policy import Permission, actor, public, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.app_template_global()
def reminder_form() -> ReminderForm:
    """The form with what the reader has chosen, for the page of their account."""
    kept = reminders.reminder_of(current_user.id)
    return ReminderForm(formdata=None, data={"active": kept.active, "hour": kept.hour, "weekdays": list(kept.weekdays)})


@blueprint.post("/account/reminder")
@requires(Permission.SIGNED_IN)
def set_reminder() -> ResponseReturnValue:
    """Keep what the reader has chosen."""
    form, back = ReminderForm(), redirect(url_for("accounts.account", _anchor="reminder"))
    if not form.validate_on_submit():
        toast(gettext("Choose an hour and days from the lists."), category="error")
        return back
    weekdays = "".join(sorted(form.weekdays.data or []))
    active = bool(form.active.data and weekdays)
    with unit_of_work("set reminder", actor=actor()) as work:
        reminders.set_reminder(current_user.id, active=active, hour=form.hour.data, weekdays=weekdays)
    if form.active.data and not weekdays:
        toast(gettext("No day is chosen, so no mail will come."), category="warning")
    elif active:
        toast(gettext("The mail will come on these days, if anything is due."), undo=work.change_set_id)
    else:
        toast(gettext("No mail will come."), undo=work.change_set_id)
    return back


def _user_of(token: str) -> int:
    return reminders.user_of_token(token) or abort(
        404, gettext("This link is incomplete. Copy it again from the mail, from its start to its end.")
    )


@blueprint.get("/reminders/stop/<token>")
@public
def stop_reminder(token: str) -> ResponseReturnValue:
    """What the link in the mail opens: it changes nothing by itself, for scanners of mail open links too."""
    _user_of(token)
    return render_template("overview/stop_reminder.html", token=token, done=False)


@blueprint.post("/reminders/stop/<token>")
@public
def stop_reminder_now(token: str) -> ResponseReturnValue:
    """Switch it off, with the one click on that page."""
    user_id = _user_of(token)
    with unit_of_work("stop reminder", actor=f"user:{user_id}"):
        reminders.stop(user_id)
    return render_template("overview/stop_reminder.html", token=token, done=True)


# The signed token is the right to switch it off: who reads mail on a telephone may hold no session there.
csrf.exempt(stop_reminder_now)
