"""Answering a mail from the timeline, and an answer with what became of it."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime, gettext
from flask_login import current_user

from crm.directory.queries import restricted_among
from crm.history.models import Interaction
from crm.history.queries import interaction
from crm.inbound import queries
from crm.inbound.answers import Mail, Writer, mail_to_answer, quoted, write_answer
from crm.inbound.forms import AnswerForm
from crm.inbound.views.blueprint import blueprint
from crm.letters.actions import files_limit
from crm.outbox.labels import STATES, TONES
from crm.outbox.models import SuppressionReason
from crm.outbox.queries import reasons_against
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint.add_app_template_global(queries.answers_to)
blueprint.add_app_template_global({"labels": STATES, "tones": TONES}, "delivery_words")  # type: ignore[arg-type]


def _mail_or_404(interaction_id: int) -> tuple[Interaction, Mail]:
    happened = interaction(interaction_id, current_user.team_id)
    mail = mail_to_answer(happened) if happened else None
    if happened is None or mail is None:
        abort(404, gettext("There is no mail here that could be answered."))
    return happened, mail


def _why_not(mail: Mail) -> str:
    """Why nothing may be written to this address; empty where it may."""
    if mail.contact_id in restricted_among([mail.contact_id]):
        return str(gettext("They object to the use of their data: nothing is sent to them from here."))
    reason = reasons_against([mail.to_address]).get(mail.to_address)
    if reason is SuppressionReason.HARD_BOUNCE:
        return str(gettext("Letters to this address came back: there is nobody there."))
    if reason is not None:
        return str(gettext("This address is on the list of those that are not written to: nothing is sent from here."))
    return ""


def _form_page(happened: Interaction, mail: Mail, form: AnswerForm) -> ResponseReturnValue:
    page = render_template(
        "inbound/answer_form.html",
        happened=happened,
        mail=mail,
        form=form,
        why_not=_why_not(mail),
        files_limit=files_limit(),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/interactions/<int:interaction_id>/answer")
@requires(Permission.LOBBY)
def answer_form(interaction_id: int) -> ResponseReturnValue:
    """The form, with their words to be quoted."""
    happened, mail = _mail_or_404(interaction_id)
    line = gettext(
        "On %(when)s, %(who)s wrote:", when=format_datetime(happened.at, "long"), who=mail.to_name or mail.to_address
    )
    return _form_page(happened, mail, AnswerForm(subject=mail.subject, quoted=quoted(mail.words, line)))


@blueprint.post("/interactions/<int:interaction_id>/answer")
@requires(Permission.LOBBY)
def send_answer(interaction_id: int) -> ResponseReturnValue:
    """Send it, in the name of who writes it."""
    happened, mail = _mail_or_404(interaction_id)
    form = AnswerForm()
    if not form.validate_on_submit() or _why_not(mail):
        return _form_page(happened, mail, form)
    with unit_of_work("answer mail", actor=actor()):
        writer = Writer(current_user.id, current_user.name, current_user.email)
        write_answer(mail, writer, form.subject.data or "", form.whole(), form.token.data or "", form.uploads)
    toast(gettext("Your answer is on its way. It stands on the timeline once it was sent."))
    return redirect(url_for("history.interaction", interaction_id=interaction_id))


@blueprint.get("/answers/<int:answer_id>")
@requires(Permission.READ)
def answer(answer_id: int) -> ResponseReturnValue:
    """An answer of ours, word for word, and what became of it."""
    found = queries.answer(answer_id, current_user.team_id)
    if found is None:
        abort(404, gettext("There is no such answer, or it is another team's."))
    return render_template("inbound/answer.html", answer=found, files=queries.files_of_answer(answer_id))
