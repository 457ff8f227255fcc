"""The editor of one wording: its words beside their source or their preview, the author's draft, its approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_time, gettext
from flask_login import current_user

from crm.database import read_id
from crm.extensions import db
from crm.letters import actions, queries
from crm.letters.differences import marked
from crm.letters.forms import WordingForm
from crm.letters.labels import APPROVAL_REFUSALS, problem_label
from crm.letters.models import Approach, LetterTemplate, Mailing, Wording, WordingDraft
from crm.letters.placeholders import PLACEHOLDERS
from crm.letters.rendering import compile_wording
from crm.letters.views.blueprint import blueprint, template_or_404
from crm.letters.views.sample import sample
from crm.places.countries import LANGUAGES
from crm.policy import Permission, actor, can, requires
from crm.salutations.examples import office_examples
from crm.salutations.terms import Formality
from crm.unit_of_work import unit_of_work
from crm.web import toast

_PLACE = "/letters/templates/<int:template_id>/<language>/<approach>"


@dataclass(frozen=True)
class Place:
    """Which wording an address means."""

    template: LetterTemplate
    language: str
    approach: Approach

    @property
    def key(self) -> tuple[int, str, Approach]:
        """As actions and queries ask for it."""
        return self.template.id, self.language, self.approach

    @property
    def source(self) -> Wording | None:
        """The text this one is a translation of; none for the source itself, and where nobody wrote it yet."""
        first = self.template.source_language
        return None if self.language == first else queries.newest_wording(self.template.id, first, self.approach)


def place_or_404(template_id: int, language: str, approach: str) -> Place:
    """The wording an address means, written or not."""
    if language not in LANGUAGES or approach not in [*Approach]:
        abort(404, gettext("There is no such text."))
    return Place(template_or_404(template_id), language, Approach(approach))


def _address(template_id: int, language: str, approach: str, **more: Any) -> str:
    return url_for("letters.wording", template_id=template_id, language=language, approach=approach, **more)


def _mailing_asking(template_id: int) -> Mailing | None:
    """The mailing that wants this letter's texts approved and whose page led here, to go back to."""
    mailing_id = request.values.get("mailing", type=read_id)
    found = db.session.get(Mailing, mailing_id) if mailing_id else None
    return found if found is not None and found.template_id == template_id else None


def _fill_in(form: WordingForm, wording: Wording | None, draft: WordingDraft | None, source: Wording | None) -> None:
    """The author's own draft, else what is saved; a new translation starts in the manner of its source."""
    text = draft or wording
    form.subject.data, form.body.data = (text.subject, text.body) if text else ("", "")
    form.formality.data = (text or source).formality if text or source else Formality.STANDARD  # type: ignore[union-attr]
    form.seen.data = draft.seen if draft else wording.revision if wording else ""
    form.up_to_date.data = not queries.is_outdated(wording, source)


def _page(form: WordingForm, place: Place, **more: Any) -> str:
    wording, source = queries.newest_wording(*place.key), place.source
    user_id = current_user.id
    draft = queries.draft_of(*place.key, user_id)
    if request.method == "GET":
        _fill_in(form, wording, draft, source)
    form.source_id.data = str(source.id) if source else ""
    # Without a version it was made from, there is nothing to tell the changes from.
    before = wording.source if wording and source and wording.source_id != source.id else None
    subject, body, formality = form.subject.data or "", form.body.data or "", form.formality.data or Formality.STANDARD
    return render_template(
        "letters/wording.html",
        form=form,
        place=place,
        wording=wording,
        draft=draft if request.method == "GET" else None,
        others=queries.drafts_of_others(*place.key, user_id),
        source=source,
        source_outdated=queries.is_outdated(wording, source),
        changes=(marked(before.subject, source.subject), marked(before.body, source.body))
        if before and source
        else None,
        before=before,
        placeholders=PLACEHOLDERS.values(),
        examples=office_examples(place.language, formality),
        written_in=queries.languages_of_campaign(place.template.campaign_id),
        may_approve=wording is not None
        and wording.approved_at is None
        and can(Permission.APPROVE)
        and actions.may_approve_wording(wording, user_id),
        mailing=_mailing_asking(place.template.id),
        reader_name=request.values.get("reader_name", ""),
        **sample(place.template, place.language, place.approach, subject, body, formality),
        **more,
    )


@blueprint.route(_PLACE, methods=["GET", "POST"])
@requires(Permission.WRITE_LETTERS)
def wording(template_id: int, language: str, approach: str) -> ResponseReturnValue:
    """Write one text of a letter. A button that looks at another reader saves nothing."""
    place = place_or_404(template_id, language, approach)
    form = WordingForm()
    if "look" in request.form:
        return _page(form, place)
    if form.validate_on_submit():
        typed = form.typed
        try:
            with unit_of_work("write letter", actor=actor()):
                actions.write_wording(
                    template_id,
                    language,
                    typed.subject,
                    typed.body,
                    author_id=current_user.id,
                    approach=place.approach,
                    seen=typed.seen,
                    formality=typed.formality,
                    source_id=typed.source_id if form.up_to_date.data else None,
                )
        except actions.WordingChanged as changed:
            # What was typed stays in the form; saving once more makes it the version after what is there now.
            form.seen.data = changed.current.revision
            form.body.errors = [
                gettext("Somebody else saved this text meanwhile. Yours is still here: save again to put it in place.")
            ]
            between = marked(changed.current.body, typed.body)
            place = place_or_404(template_id, language, approach)
            return _page(form, place, meanwhile=changed.current, between=between), 409
        _say_saved(typed, language)
        reader = request.form.get("reader", type=read_id)
        asking = _mailing_asking(template_id)
        back = asking.id if asking else None
        return redirect(_address(template_id, language, approach, reader=reader, mailing=back))
    return _page(form, place), 422 if form.is_submitted() else 200


def _say_saved(typed: actions.Typed, language: str) -> None:
    problems = compile_wording(typed.subject, typed.body, language).problems
    if problems:
        said = gettext("Saved. Before it can be sent: %(problem)s", problem=problem_label(problems[0]))
        toast(said, category="warning")
    else:
        toast(gettext("Saved."))


@blueprint.post(f"{_PLACE}/draft")
@requires(Permission.WRITE_LETTERS)
def draft(template_id: int, language: str, approach: str) -> ResponseReturnValue:
    """Keep what was typed so far; says so, and who else is at it."""
    place = place_or_404(template_id, language, approach)
    key, typed, user_id = place.key, WordingForm().typed, current_user.id
    with unit_of_work("keep draft", actor=actor()):
        actions.keep_draft(*key, typed, author_id=user_id)
    newest, own = queries.newest_wording(*key), queries.draft_of(*key, user_id)
    return render_template(
        "letters/draft_state.html",
        kept_at=format_time(own.saved_at, "short") if own else None,
        others=queries.drafts_of_others(*key, user_id),
        overtaken=newest is not None and typed.seen != newest.revision,
    )


@blueprint.post(f"{_PLACE}/discard")
@requires(Permission.WRITE_LETTERS)
def discard_draft(template_id: int, language: str, approach: str) -> ResponseReturnValue:
    """Throw the own draft away: what is saved stands there again."""
    place = place_or_404(template_id, language, approach)
    with unit_of_work("discard draft", actor=actor()):
        actions.discard_draft(*place.key, current_user.id)
    toast(gettext("Your draft is gone; this is what was saved."))
    return redirect(_address(template_id, language, approach))


@blueprint.post("/letters/wordings/<int:wording_id>/approve")
@requires(Permission.APPROVE)
def approve_wording(wording_id: int) -> ResponseReturnValue:
    """Approve the words that were read."""
    from_database = queries.wording(wording_id) or abort(404, gettext("There is no such text."))
    asking = _mailing_asking(from_database.template_id)
    place = from_database.template_id, from_database.language, from_database.approach.value
    address = _address(*place, mailing=asking.id if asking else None)
    try:
        with unit_of_work("approve wording", actor=actor()):
            actions.approve_wording(wording_id, approver_id=current_user.id, seen=request.form.get("seen", ""))
    except actions.WordingChanged:
        toast(gettext("Somebody changed this text since you opened it: read it once more."), category="error")
    except actions.ApprovalRefused as refusal:
        toast(str(APPROVAL_REFUSALS[refusal.reason]), category="error")
    else:
        toast(gettext("Approved: mailings may use this text."))
        if asking:
            address = url_for("letters.mailing", mailing_id=asking.id, _anchor="approval")
    return redirect(address)


@blueprint.post(f"{_PLACE}/preview")
@requires(Permission.WRITE_LETTERS)
def preview(template_id: int, language: str, approach: str) -> ResponseReturnValue:
    """The preview of what is being typed; nothing is saved."""
    place = place_or_404(template_id, language, approach)
    form = WordingForm()
    formality = form.formality.data if form.formality.data in [*Formality] else Formality.STANDARD
    text = form.subject.data or "", form.body.data or ""
    return render_template("letters/preview.html", **sample(place.template, language, place.approach, *text, formality))


@blueprint.get("/letters/templates/<int:template_id>/readers")
@requires(Permission.WRITE_LETTERS)
def readers(template_id: int) -> ResponseReturnValue:
    """Targets of the letter's campaign that the preview's field for a name offers."""
    campaign_id, text = template_or_404(template_id).campaign_id, request.args.get("q", "").strip()[:100]
    found = queries.readers_named(campaign_id, text) if text else []
    return render_template("letters/readers.html", readers=found)
