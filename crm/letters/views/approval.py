"""The way of a planned mailing to its approval: what the check found, the sample, the decision, and its way back."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from crm import clock
from crm.letters import actions, delivery, queries
from crm.letters.forms import ReturnForm
from crm.letters.labels import departure_label
from crm.letters.models import BEFORE_APPROVAL, FindingCode, Ledger, Mailing, MailingState, Severity, Standing
from crm.letters.queries import Counted
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.letters.views.deciding import decide, standing
from crm.pipeline.queries import AnyRow
from crm.policy import Permission, actor, can, requires
from crm.unit_of_work import unit_of_work
from crm.web import minute


def approval_of(mailing: Mailing) -> dict[str, Any]:
    """What the page says before a mailing is approved; nothing once it is."""
    if mailing.state not in BEFORE_APPROVAL:
        return {"approval": None}
    found = queries.findings_of_mailing(mailing.id) if mailing.checked_at else []
    blockers = [each for each in found if each.severity is Severity.BLOCKER]
    decides = can(Permission.APPROVE)
    sample = queries.sample_of(mailing, current_user.id) if decides and mailing.checked_at else []
    return {
        "approval": {
            "blockers": blockers,
            "warnings": [each for each in found if each.severity is Severity.WARNING],
            "warned": sum(each.letters for each in found if each.severity is Severity.WARNING),
            "unapproved": queries.unapproved_texts(mailing.id)
            if any(each.code is FindingCode.UNAPPROVED_TEXT for each in blockers)
            else [],
            "seen": {each.code: queries.may_see(each.code, mailing, current_user.team_id) for each in found},
            "decides": decides,
            "permit": queries.permit_of(mailing, current_user.id),
            "sample": sample,
            "left": [letter for letter in sample if letter.opened_at is None],
            "readings": queries.readings_of(mailing.id),
            "left_out": queries.left_out_of(mailing.id),
            "returns": queries.returns_of(mailing.id),
            "leaves": departure_label(mailing.schedule, clock.now()),
            "waits": mailing.state is MailingState.AWAITING_APPROVAL,
        },
        "return_form": ReturnForm(),
    }


def reading_of(letter: AnyRow) -> dict[str, Any]:
    """What a letter's page says before its mailing is approved: what the check found, and what is left of the sample.

    Who may approve has opened it by that, which is kept.
    """
    if letter.mailing_state not in BEFORE_APPROVAL or letter.message_id is None or letter.left_out_at:
        return {"findings": (), "sample": (), "left": ()}
    mailing = mailing_or_404(letter.mailing_id)
    found = [
        each
        for each in queries.findings_of_letter(letter.id)
        if queries.may_see(each.code, mailing, current_user.team_id)
    ]
    sample = queries.sample_of(mailing, current_user.id) if can(Permission.APPROVE) else []
    return {
        "findings": found,
        "sample": sample,
        "left": [each for each in sample if each.opened_at is None],
    }


def _finding_or_404(mailing: Mailing, code: str) -> Counted:
    severity = request.values.get("severity", "")
    found = [each for each in queries.findings_of_mailing(mailing.id) if each.code == code]
    chosen = next((each for each in found if each.severity == severity), None) or next(iter(found), None)
    if chosen is None and code in [*FindingCode]:
        return Counted(FindingCode(code), Severity.WARNING, 0)
    if chosen is None or not queries.may_see(chosen.code, mailing, current_user.team_id):
        abort(404, gettext("There is no such finding."))
    return chosen


@blueprint.get("/mailings/<int:mailing_id>/findings/<code>")
@requires(Permission.READ)
def finding(mailing_id: int, code: str) -> ResponseReturnValue:
    """The letters of a mailing in which the check found one thing."""
    found = mailing_or_404(mailing_id)
    counted = _finding_or_404(found, code)
    return render_template(
        "letters/finding.html",
        mailing=found,
        counted=counted,
        open=found.state in BEFORE_APPROVAL,
        page=queries.letters_with(mailing_id, counted.code, counted.severity, request.args.get("cursor")),
    )


@blueprint.post("/mailings/<int:mailing_id>/findings/<code>/leave-out")
@requires(Permission.LOBBY)
def leave_out_finding(mailing_id: int, code: str) -> ResponseReturnValue:
    """Take all letters with a finding out of the mailing."""
    counted, user_id = _finding_or_404(mailing_or_404(mailing_id), code), current_user.id
    return decide(
        mailing_id,
        "leave out letters",
        lambda chosen: actions.leave_out_letters_with(chosen, counted.code, counted.severity, user_id=user_id),
        ngettext("%(num)d letter is left out.", "%(num)d letters are left out.", counted.letters),
    )


@blueprint.post("/mailings/<int:mailing_id>/approve")
@requires(Permission.APPROVE)
def approve(mailing_id: int) -> ResponseReturnValue:
    """Let the letters leave."""
    mailing_or_404(mailing_id)
    user_id = current_user.id
    read = request.form.get("warnings", type=int) if "warnings_read" in request.form else None
    with unit_of_work("look at readers again", actor=actor()):
        actions.look_again(mailing_id)
    return decide(
        mailing_id,
        "approve mailing",
        lambda chosen: actions.approve_mailing(chosen, approver_id=user_id, warnings_read=read),
        _approved,
    )


def _approved(mailing: Mailing, ledger: Ledger) -> str:
    """What an approval came to: its readers were looked at once more by it, and may keep the letters back."""
    stands = standing(mailing, ledger)
    if stands is Standing.PAUSED:
        return str(
            ngettext(
                "Approved, but nothing leaves yet: what is known of %(num)d reader has changed. Look below.",
                "Approved, but nothing leaves yet: what is known of %(num)d readers has changed. Look below.",
                mailing.asked,
            )
        )
    if stands is Standing.FINISHED and not ledger.sent:
        return str(gettext("Approved, but nothing leaves: nobody is left who should get a letter."))
    if stands is Standing.SCHEDULED and mailing.schedule.readers_zone:
        return str(gettext("Approved: the first letters leave %(when)s.", when=minute(mailing.look_at)))
    if stands is Standing.SCHEDULED:
        return str(gettext("Approved: the letters leave %(when)s.", when=minute(mailing.look_at)))
    return str(gettext("Approved: the letters are on their way."))


@blueprint.post("/mailings/<int:mailing_id>/send-back")
@requires(Permission.APPROVE)
def send_back(mailing_id: int) -> ResponseReturnValue:
    """Send a mailing back to who planned it, with a reason."""
    found, form, user_id = mailing_or_404(mailing_id), ReturnForm(), current_user.id
    if not form.validate_on_submit():
        return render_template("letters/send_back.html", mailing=found, form=form), 422
    return decide(
        mailing_id,
        "send mailing back",
        lambda chosen: actions.send_back(chosen, form.reason.data or "", user_id=user_id),
        gettext("Sent back: it is a task of who planned it now."),
    )


@blueprint.post("/mailings/<int:mailing_id>/hand-in")
@requires(Permission.LOBBY)
def hand_in(mailing_id: int) -> ResponseReturnValue:
    """Ask for approval once more."""
    return decide(mailing_id, "hand mailing in", actions.hand_in, gettext("Handed in: it waits for approval again."))


@blueprint.post("/letters/<int:letter_id>/leave-out")
@requires(Permission.LOBBY)
def leave_out(letter_id: int) -> ResponseReturnValue:
    """Take one letter out of its mailing."""
    letter = delivery.letter(letter_id) or abort(404, gettext("There is no such letter."))
    user_id = current_user.id
    return decide(
        letter.mailing_id,
        "leave out letter",
        lambda _mailing: actions.leave_out_letter(letter_id, user_id=user_id),
        gettext("The letter is left out."),
    )


@blueprint.post("/letters/<int:letter_id>/take-in")
@requires(Permission.LOBBY)
def take_in(letter_id: int) -> ResponseReturnValue:
    """Take a letter into its mailing again that was left out, or (`together`) all that were left out with it."""
    letter = delivery.letter(letter_id) or abort(404, gettext("There is no such letter."))
    together = "together" in request.form
    return decide(
        letter.mailing_id,
        "take letters in again",
        lambda _mailing: actions.take_in_letter(letter_id, together=together),
        gettext("Taken in again: it is being checked."),
    )


@blueprint.get("/mailings/<int:mailing_id>/sample")
@requires(Permission.APPROVE)
def next_of_sample(mailing_id: int) -> ResponseReturnValue:
    """The next letter of the sample that the reader has not opened; the mailing once there is none."""
    found = mailing_or_404(mailing_id)
    sample = queries.sample_of(found, current_user.id) if found.state in BEFORE_APPROVAL else []
    left = next((letter for letter in sample if letter.opened_at is None), None)
    if left is None:
        return redirect(url_for("letters.mailing", mailing_id=mailing_id, _anchor="approval"))
    return redirect(url_for("letters.letter", letter_id=left.letter_id))
