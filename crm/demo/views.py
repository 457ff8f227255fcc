"""From the demo to the real campaign: what goes, what stays, and the one button that does it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from crm.accounts.actions import TeamNameTaken, rename_team, set_password
from crm.accounts.models import User
from crm.database import Base
from crm.demo.clearing import WORK, clear_away, doomed_rows, known_to_everybody, staying
from crm.demo.doomed import Doomed
from crm.demo.forms import OwnStartForm, StartForm
from crm.demo.rows import demo_is_loaded
from crm.demo.users import TEAM
from crm.extensions import db
from crm.policy import Permission, actor, can, requires
from crm.progress import progress_of, report
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("demo", __name__)

# More than so many contacts, as of a crowd, are cleared by the desk worker while one waits for something else.
AT_ONCE = 2000
CLEAR_AWAY = "crm.demo.jobs.clear_away"
# What goes and everybody sees: of what a team keeps to itself, not even the number is told.
_COUNTED = ("contact", "campaign", "target", "commitment", "letter")


def _counts(doomed: Doomed) -> dict[str, int]:
    found = {}
    for name in _COUNTED:
        table = Base.metadata.tables[name]
        statement = sa.select(sa.func.count()).select_from(table).where(doomed.of(table))
        found[name] = db.session.scalar(statement) or 0
    return found


def _page(form: StartForm | None, status: int = 200) -> ResponseReturnValue:
    user = db.session.get_one(User, current_user.id)
    known = known_to_everybody(user)
    doomed = doomed_rows(user.id)
    if form is None:
        form = OwnStartForm() if known else StartForm()
        form.team.data = "" if user.team.name == TEAM else user.team.name
    return (
        render_template(
            "demo/start.html",
            form=form,
            own=known,
            goes=_counts(doomed),
            stays=staying(doomed, user.id),
            running=_running(),
        ),
        status,
    )


def _running() -> Any:
    """How far the worker is; None where it is not at it."""
    found = progress_of(WORK)
    return found if found and found.total else None


@blueprint.get("/demo/clear")
@requires(Permission.ADMINISTER)
def start() -> ResponseReturnValue:
    """What goes and what stays, and the button."""
    if not demo_is_loaded():
        return redirect(url_for("overview.today"))
    return _page(None)


@blueprint.post("/demo/clear")
@requires(Permission.ADMINISTER)
def start_now() -> ResponseReturnValue:
    """Become somebody of one's own, and clear the demo."""
    if not demo_is_loaded():
        toast(gettext("There is no demo here any more."), category="warning")
        return redirect(url_for("overview.today"))
    user = db.session.get_one(User, current_user.id)
    form = OwnStartForm(user.name, user.email) if known_to_everybody(user) else StartForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    user_id, team_id = user.id, user.team_id
    size = _counts(doomed_rows(user_id))["contact"]
    try:
        with unit_of_work("start own campaign", actor=actor()) as work:
            _settle(user_id, team_id, form)
            if size > AT_ONCE:
                work.ring(CLEAR_AWAY, user_id)
    except IntegrityError:
        form.email.errors = [gettext("Somebody else has this address here.")]
        return _page(form, 422)
    except TeamNameTaken:
        form.team.errors = [gettext("Another team has this name.")]
        return _page(form, 422)
    if size > AT_ONCE:
        report(WORK, 0, 1)
        toast(gettext("The demo is being cleared. It takes some minutes; the banner goes when it is done."))
        return redirect(url_for("demo.start"))
    clear_away(user_id)
    toast(gettext("The demo is gone. This is yours now: bring in your contacts, and start your campaign."))
    return redirect(url_for("overview.today"))


def _settle(user_id: int, team_id: int, form: StartForm) -> None:
    """Keep who they are and what their team is called."""
    rename_team(team_id, form.team.data or "")
    if not isinstance(form, OwnStartForm):
        return
    user = db.session.get_one(User, user_id)
    user.name, user.email = (form.name.data or "").strip(), (form.email.data or "").strip().lower()
    db.session.flush()
    set_password(user_id, form.new_password.data or "", keep_session=current_user.session_id)


@blueprint.get("/demo/clear/progress")
@requires(Permission.ADMINISTER)
def clearing_progress() -> ResponseReturnValue:
    """The bar alone, while the worker is at it."""
    loaded = demo_is_loaded()
    part = render_template("demo/progress.html", running=_running() if loaded else None)
    return part, 200, {} if loaded else {"X-Poll": "stop"}


def shows_demo() -> bool:
    """Whether the reader, who may clear it, looks at a demo; asked once a request, and of nobody else."""
    if not can(Permission.ADMINISTER):
        return False
    known: bool | None = g.get("shows_demo")
    if known is None:
        known = g.shows_demo = demo_is_loaded()
    return known


def init_app(app: Any) -> None:
    """Register the pages and the banner's question."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["shows_demo"] = shows_demo
