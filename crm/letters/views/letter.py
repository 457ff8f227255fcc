"""One letter: the exact words that were or will be sent, and what became of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm import clock
from crm.letters import actions, delivery
from crm.letters.footers import shown_html, shown_text
from crm.letters.forms import LetterForm
from crm.letters.labels import problem_label
from crm.letters.models import BEFORE_APPROVAL, MailingState
from crm.letters.views.approval import reading_of
from crm.letters.views.blueprint import blueprint
from crm.outbox.models import WAITING
from crm.outbox.reasons import EXPLANATIONS
from crm.outbox.waiting import NotWaiting
from crm.policy import Permission, actor, can, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

# The letter's own style stands in its elements; nothing runs, nothing is fetched, only our own page frames it.
_DOCUMENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"


def _letter(letter_id: int) -> sa.Row[*tuple[Any, ...]]:
    return delivery.letter(letter_id) or abort(404, gettext("There is no such letter."))


def _is_editable(letter: sa.Row[*tuple[Any, ...]]) -> bool:
    return letter.message_id is not None and not letter.left_out_at and letter.mailing_state in BEFORE_APPROVAL


def _may_be_left_out(letter: sa.Row[*tuple[Any, ...]]) -> bool:
    """Also once it is approved, until it leaves."""
    waits = letter.mailing_state is MailingState.APPROVED and letter.state in WAITING
    return _is_editable(letter) or waits


@blueprint.get("/letters/<int:letter_id>")
@requires(Permission.READ)
def letter(letter_id: int) -> ResponseReturnValue:
    """The letter as text and as its reader's mail program shows it."""
    if request.method == "GET" and can(Permission.APPROVE):
        with unit_of_work("open letter", actor=actor()):
            actions.open_letter(letter_id, current_user.id)
    found = _letter(letter_id)
    outcome = delivery.outcome_of(found.skip_reason, found.state)
    return render_template(
        "letters/letter.html",
        letter=found,
        text=shown_text(found.footer, found.text) if found.text else "",
        outcome=outcome,
        explanations=EXPLANATIONS,
        again_at=found.next_attempt_at if found.next_attempt_at and found.next_attempt_at > clock.now() else None,
        edits=delivery.edits_of(letter_id) if found.edited_at else (),
        editable=_is_editable(found),
        may_be_left_out=_may_be_left_out(found),
        may_come_back=bool(found.left_out_at) and found.mailing_state in BEFORE_APPROVAL,
        **reading_of(found),
    )


@blueprint.route("/letters/<int:letter_id>/edit", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def edit_letter(letter_id: int) -> ResponseReturnValue:
    """Change this one letter before it is approved."""
    found = _letter(letter_id)
    here = url_for("letters.letter", letter_id=letter_id)
    if not _is_editable(found):
        toast(gettext("Only a letter that waits for approval can be changed."), category="error")
        return redirect(here)
    form = LetterForm()
    if request.method == "GET":
        form.subject.data, form.body.data = actions.words_to_edit(letter_id)
    if form.validate_on_submit():
        try:
            with unit_of_work("edit letter", actor=actor()):
                actions.edit_letter(letter_id, form.subject.data or "", form.body.data or "", editor_id=current_user.id)
        except actions.LetterRefused as refused:
            said = [problem_label(problem) for problem in refused.problems]
            form.body.errors = said or [gettext("A placeholder has no value here: write the words themselves.")]
        except NotWaiting:
            toast(gettext("Only a letter that waits for approval can be changed."), category="error")
            return redirect(here)
        else:
            toast(gettext("Saved: this letter alone has changed."))
            return redirect(here)
    page = render_template("letters/edit_letter.html", letter=_letter(letter_id), form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/letters/<int:letter_id>/test")
@requires(Permission.LOBBY)
def test_letter(letter_id: int) -> ResponseReturnValue:
    """Send a copy of this letter to oneself."""
    _letter(letter_id)
    try:
        with unit_of_work("send test letter", actor=actor()):
            address = actions.send_test(letter_id, current_user.id)
    except actions.LetterRefused:
        toast(gettext("No letter was written to this target."), category="error")
    else:
        toast(gettext("A test is on its way to %(address)s.", address=address))
    return redirect(url_for("letters.letter", letter_id=letter_id))


@blueprint.get("/letters/<int:letter_id>/document")
@requires(Permission.READ)
def document(letter_id: int) -> ResponseReturnValue:
    """The HTML part of the letter for the frame in its page: as it is sent, but for the link only its reader gets."""
    found = _letter(letter_id)
    html = found.html or abort(404, gettext("This letter has no HTML part."))
    response = Response(shown_html(found.footer, html), mimetype="text/html")
    response.headers["Content-Security-Policy"] = _DOCUMENT_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
