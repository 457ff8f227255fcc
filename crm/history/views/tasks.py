"""Tasks: mine and the team's, done and taken up again."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext
from flask_login import current_user

from crm import i18n
from crm.history import actions, queries
from crm.history.actions import ToDo
from crm.history.forms import TaskForm
from crm.history.models import StepFate, Task
from crm.history.queries import Whose, contact_of_target, named, open_tasks_of_target
from crm.history.views.blueprint import blueprint, ids_of, way_back
from crm.meanwhile import SEEN, meet_others, seen_in
from crm.pipeline.forms import PostponeForm
from crm.policy import Permission, actor, can, requires
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast


@blueprint.app_template_global()
def tasks_of_target(target_id: int) -> Any:
    """What is to be done about a target, for its page."""
    return open_tasks_of_target(target_id, current_user.team_id)


def _task_or_404(task_id: int) -> Task:
    return queries.task(task_id, current_user.team_id) or abort(
        404, gettext("There is no such task, or it is another team's.")
    )


@blueprint.get("/tasks")
@requires(Permission.READ)
def tasks() -> ResponseReturnValue:
    """What is to be done: by me, or by my team."""
    whose = Whose.TEAM if request.args.get("whose") == Whose.TEAM else Whose.MINE
    done = request.args.get("done") == "yes"
    page = queries.tasks_page(
        current_user.id, current_user.team_id, whose, done=done, cursor=request.args.get("cursor")
    )
    return render_template("history/tasks.html", page=page, whose=whose, done=done, today=i18n.today())


def _form_page(form: TaskForm, contact_id: int | None, task: Task | None = None) -> ResponseReturnValue:
    about = next(iter(named([contact_id])), None) if contact_id is not None else None
    back = way_back(form.next.data, contact_id)
    seen = seen_in(form) if task else ""
    page = render_template("history/task_form.html", form=form, about=about, task=task, back=back, seen=seen)
    return page, 422 if form.is_submitted() else 200


def _asked() -> tuple[int | None, int | None]:
    """The contact a new task is about, and the target, where the address names one that is there."""
    target_id = next(iter(ids_of([request.args.get("target", "")])), None)
    of_target = contact_of_target(target_id) if target_id is not None else []
    if of_target:
        return of_target[0], target_id
    asked = named(ids_of([request.args.get("contact", "")]))
    return (asked[0].id if asked else None), None


def _to_do(form: TaskForm, contact_id: int | None, target_id: int | None) -> ToDo:
    return ToDo(
        form.title.data or "",
        form.owner_id.data,
        form.due_on.data,
        contact_id=contact_id,
        target_id=target_id,
        team_id=current_user.team_id if form.private.data else None,
    )


@blueprint.get("/tasks/new")
@requires(Permission.LOBBY)
def new_task() -> ResponseReturnValue:
    """The form of a task, about a `contact` or a `target` where one is named."""
    return _form_page(TaskForm(next=request.args.get("next", "")), _asked()[0])


@blueprint.post("/tasks/new")
@requires(Permission.LOBBY)
def add_task() -> ResponseReturnValue:
    """Write it down."""
    form, (contact_id, target_id) = TaskForm(), _asked()
    if not form.validate_on_submit():
        return _form_page(form, contact_id)
    with unit_of_work("add task", actor=actor()) as work:
        actions.add_task(_to_do(form, None if target_id else contact_id, target_id))
    toast(gettext("Task added."), undo=work.change_set_id)
    return redirect(way_back(form.next.data, contact_id))


@blueprint.get("/tasks/<int:task_id>")
@requires(Permission.LOBBY)
def task(task_id: int) -> ResponseReturnValue:
    """The form with what is to be done now."""
    found = _task_or_404(task_id)
    form = TaskForm(obj=found, private=found.team_id is not None, next=request.args.get("next", ""))
    return _form_page(form, found.contact_id, found)


@blueprint.post("/tasks/<int:task_id>")
@requires(Permission.LOBBY)
def change_task(task_id: int) -> ResponseReturnValue:
    """Save it."""
    found = _task_or_404(task_id)
    form = TaskForm(obj=found, private=found.team_id is not None)
    if not form.validate_on_submit() or not meet_others(form, request.form.get(SEEN, "")):
        return _form_page(form, found.contact_id, found)
    with unit_of_work("change task", actor=actor()) as work:
        found = _task_or_404(task_id)
        actions.change_task(found, _to_do(form, found.contact_id, found.target_id))
    if work.change_set_id is None:
        toast(gettext("Nothing had changed."), category="info")
    else:
        toast(gettext("Saved."), undo=work.change_set_id)
    return redirect(own_page(form.next.data) or url_for("history.tasks"))


def _task_to_do(task_id: int) -> Task:
    """The task, for who lobbies; whoever only writes letters ticks off what is their own."""
    found = _task_or_404(task_id)
    return found if can(Permission.LOBBY) or found.owner_id == current_user.id else abort(403)


@blueprint.post("/tasks/<int:task_id>/<any(done, open):state>")
@requires(Permission.WRITE_LETTERS)
def mark_task(task_id: int, state: str) -> ResponseReturnValue:
    """Mark a task as done, or take it up again."""
    _task_to_do(task_id)
    with unit_of_work("mark task", actor=actor()) as work:
        found = _task_or_404(task_id)
        (actions.finish_task if state == "done" else actions.reopen_task)(found)
        title = found.title
    words = gettext("Done: %(title)s") if state == "done" else gettext("Taken up again: %(title)s")
    toast(words % {"title": title}, undo=work.change_set_id)
    return redirect(own_page(request.form.get("next")) or url_for("history.tasks"))


@blueprint.post("/targets/<int:target_id>/step-done")
@requires(Permission.LOBBY)
def finish_step(target_id: int) -> ResponseReturnValue:
    """Take the next step of a target off: it is done, and what follows is not known yet."""
    if not contact_of_target(target_id):
        abort(404, gettext("There is no such target."))
    with unit_of_work("finish next step", actor=actor()) as work:
        step = actions.settle_step(target_id, StepFate.DONE, current_user.id)
    if step:
        toast(gettext("Done: %(title)s", title=step), undo=work.change_set_id)
    else:
        toast(gettext("It was done already."), category="info")
    return redirect(own_page(request.form.get("next")) or url_for("pipeline.target", target_id=target_id))


@blueprint.post("/tasks/<int:task_id>/postpone")
@requires(Permission.WRITE_LETTERS)
def postpone_task(task_id: int) -> ResponseReturnValue:
    """Give a task another day."""
    _task_to_do(task_id)
    form, back = PostponeForm(), redirect(own_page(request.form.get("next")) or url_for("history.tasks"))
    if not form.validate_on_submit():
        toast(" ".join(form.day.errors) or gettext("Choose the day."), category="error")
        return back
    with unit_of_work("postpone task", actor=actor()) as work:
        found = _task_or_404(task_id)
        actions.postpone_task(found, form.chosen())
        title, due = found.title, found.due_on
    toast(gettext("%(name)s: due %(day)s.", name=title, day=format_date(due, "full")), undo=work.change_set_id)
    return back
