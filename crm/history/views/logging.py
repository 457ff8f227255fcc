"""Logging from anywhere: two fields, and whatever follows; a page of its own, and a dialog where there is script."""

from __future__ import annotations

from flask import get_flashed_messages, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext, ngettext
from flask_login import current_user

from crm import i18n
from crm.history.actions import ToDo
from crm.history.forms import LogForm
from crm.history.labels import logged_text
from crm.history.log import Following, Said, log
from crm.history.models import StepFate
from crm.history.queries import contact_of_target
from crm.history.views.blueprint import blueprint, ids_of, kept, way_back, what_of
from crm.pipeline.actions import MoveRefused, Promise
from crm.policy import Permission, actor, requires
from crm.stances.labels import stance_label
from crm.unit_of_work import unit_of_work
from crm.web import is_partial, toast


def _shown(form: LogForm, status: int = 200) -> ResponseReturnValue:
    template = "history/log_form.html" if is_partial() else "history/log.html"
    return render_template(template, form=form), status


def _form_asked() -> LogForm:
    contact_ids = ids_of(request.args.getlist("contact"))
    target_id = next(iter(ids_of([request.args.get("target", "")])), None)
    if target_id is not None:
        contact_ids += contact_of_target(target_id)
    form = LogForm(contact_ids=contact_ids, next=request.args.get("next", ""))
    wanted = f"target:{target_id}"
    if any(target.id == target_id for target in form.targets):
        form.about.data = wanted
    return form


@blueprint.get("/log")
@requires(Permission.LOBBY)
def log_form() -> ResponseReturnValue:
    """The form; `contact` (several) or `target` say with whom it begins."""
    return _shown(_form_asked())


@blueprint.get("/log/offer")
@requires(Permission.LOBBY)
def log_offer() -> ResponseReturnValue:
    """The part of the form that depends on who takes part, for the page's script."""
    return render_template("history/log_offer.html", form=_form_asked())


def _promise(form: LogForm) -> Promise | None:
    if not form.promised_words.data:
        return None
    return Promise(
        words=form.promised_words.data,
        act=form.promised_act.data or "",
        promised_on=min(form.moment().date(), i18n.today()),
        due_on=form.promised_due.data,
        public=bool(form.promised_public.data),
    )


def _following(form: LogForm) -> Following:
    target = form.target()
    team_id = current_user.team_id if form.private.data else None
    first = form.people[0].id
    said = task = None
    if form.stance.data:
        said = Said(
            form.speaker_id(),
            form.treaty_id.data,
            form.stance.data,
            form.confidence_meant(),
            form.quote.data or "",
            form.source_url.data or "",
        )
    if form.task.data:
        task = ToDo(
            form.task.data,
            form.task_owner_id(),
            form.task_due.data,
            contact_id=None if target else first,
            target_id=target.id if target else None,
            team_id=team_id,
        )
    stage = form.stage.data
    return Following(
        user_id=current_user.id,
        target_id=target.id if target else None,
        next_step=form.next_step.data or "",
        next_step_due=form.next_step_due.data,
        step_before=form.fate_of_step(),
        stage=stage if target and stage is not target.stage else None,
        said=said,
        promise=_promise(form),
        task=task,
    )


def _why(refused: MoveRefused) -> str:
    words = {
        "words_needed": gettext("“Committed” needs the commitment: write down the exact words below."),
        "kept_needed": gettext("“Delivered” needs a commitment that was kept: judge it on the target's page."),
    }
    other = gettext("It cannot go to this stage from here: move it on its own page.")
    return str(words.get(refused.reason, other))


def _logged(form: LogForm) -> str:
    if form.is_statement_alone():
        speaker = next(person.name for person in form.people if person.id == form.speaker_id())
        return str(gettext("Logged: statement of %(who)s.", who=speaker))
    first, *others = (person.name for person in form.people)
    who = first
    if others:
        who = ngettext("%(who)s and %(num)d other", "%(who)s and %(num)d others", len(others), who=first)
    return logged_text(form.kind_meant(), who)


def _said(form: LogForm) -> str:
    """What was logged, where they stand, what is next and when, and what becomes of the next step there was."""
    told = [_logged(form)]
    if form.stance.data:
        told.append(gettext("Stance: %(stance)s.", stance=stance_label(form.stance.data)))
    if (step := form.next_step.data) and (due := form.next_step_due.data):
        told.append(gettext("Next step: “%(step)s”, due %(day)s.", step=step, day=format_date(due, "medium")))
    elif step:
        told.append(gettext("Next step: “%(step)s”.", step=step))
    fate = form.fate_of_step()
    if fate is StepFate.DONE:
        told.append(gettext("Done: “%(step)s”.", step=form.target().next_step))
    elif fate is StepFate.TASK:
        told.append(gettext("Kept as a task: “%(step)s”.", step=form.target().next_step))
    return " ".join(map(str, told))


def _saved(form: LogForm) -> ResponseReturnValue:
    back = way_back(form.next.data, form.people[0].id)
    if not is_partial():
        return redirect(back)
    if "stay" not in request.form:
        return jsonify(next=back)
    # The page behind the dialog has something in it that is not saved: it stays, and tells of this one.
    return jsonify(toasts=render_template("toasts.html", toasts=get_flashed_messages(with_categories=True)))


@blueprint.post("/log")
@requires(Permission.LOBBY)
def save_log() -> ResponseReturnValue:
    """Write it all down; a form that is not clear comes back with everything typed."""
    form = LogForm()
    if "add" in request.form:
        # Without script: one more of those who took part.
        form.resolve()
        form.offer()
        return _shown(form)
    if not form.validate_on_submit():
        return _shown(form, 422)
    try:
        with unit_of_work("log interaction", actor=actor()) as work:
            log(what_of(form, form.campaign_id()), _following(form), kept(form))
    except MoveRefused as refused:
        form.stage.errors = [_why(refused)]
        return _shown(form, 422)
    toast(_said(form), undo=work.change_set_id)
    return _saved(form)
