"""The page behind a letter's link, for readers without an account; and the button of who has seen to a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.extensions import csrf, limiter
from crm.inbox import actions, queries
from crm.inbox.labels import CONSEQUENCES, REQUESTS
from crm.inbox.models import MOST_WORDS
from crm.inbox.queries import LetterBehind
from crm.inbox.sentences import Sentences, all_sentences, sentences_in
from crm.outbox.unsubscribing import Unsubscription, read_token
from crm.policy import Permission, actor, public, requires
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

blueprint = Blueprint("inbox", __name__)

# Nobody guesses a signed token; this keeps those who try from costing anything.
_LIMIT = "60 per hour"


def _by_token() -> str:
    """One link, whoever presses: a mail provider ends letters for all of its users from the same few addresses."""
    return f"unsubscribe:{(request.view_args or {}).get('token', '')[:200]}"


def _sentences(letter: LetterBehind | None) -> Sentences:
    """In the language chosen on the page, else the letter's, else the browser's."""
    browser = request.accept_languages.best_match(list(all_sentences()))
    return sentences_in(request.args.get("language"), letter.language if letter else None, browser)


def _page(link: Unsubscription, token: str, said: str = "", problem: str = "", words: str = "") -> ResponseReturnValue:
    letter = queries.letter_behind(link)
    say = _sentences(letter)
    page = render_template(
        "inbox/letters_end.html",
        say=say,
        languages=all_sentences(),
        chosen=request.args.get("language") and say.language,
        token=token,
        letter=letter,
        standing=queries.standing_of(link, letter),
        controller=queries.controller(letter.team) if letter else "",
        write_to=queries.address_for_questions(letter),
        sources=queries.sources_of(letter.contact_id) if letter else (),
        said=said,
        problem=problem,
        words=words,
        most=MOST_WORDS,
    )
    return _hidden(page, 422 if problem else 200)


def _hidden(page: str, status: int) -> ResponseReturnValue:
    """No search engine keeps an address that stands for somebody."""
    return page, status, {"X-Robots-Tag": "noindex, nofollow", "Vary": "Accept-Language"}


def _refused() -> ResponseReturnValue:
    return _hidden(render_template("inbox/link_refused.html", say=_sentences(None)), 404)


def _do(token: str, name: str, write: Callable[[Unsubscription], Any], said: str) -> ResponseReturnValue:
    """Do what a reader asks for, and show the page as it is then; pressed again it is the same."""
    link = read_token(token)
    if link is None:
        return _refused()
    try:
        with unit_of_work(name, actor=f"recipient:{link.message_id}"):
            write(link)
    except actions.LinkTooOld:
        said = ""
    return _page(link, token, said)


@blueprint.get("/unsubscribe/<token>")
@public
@limiter.limit(_LIMIT)
def unsubscribe(token: str) -> ResponseReturnValue:
    """What the link in a letter opens: it changes nothing by itself, for scanners of mail open links too."""
    link = read_token(token)
    return _refused() if link is None else _page(link, token)


def _language(token_of: Unsubscription) -> str:
    return _sentences(queries.letter_behind(token_of)).language


@blueprint.post("/unsubscribe/<token>")
@public
@limiter.limit(_LIMIT, key_func=_by_token)
def unsubscribe_now(token: str) -> ResponseReturnValue:
    """End all letters to the address at once (RFC 8058)."""
    return _do(token, "unsubscribe", lambda link: actions.end_letters(link, _language(link)), "")


# The signed token is the right to unsubscribe: a mail program that does it for its reader holds no session.
csrf.exempt(unsubscribe_now)


@blueprint.post("/unsubscribe/<token>/again")
@public
@limiter.limit(_LIMIT)
def allow_again(token: str) -> ResponseReturnValue:
    """Take back the end of all letters, and an objection."""
    return _do(token, "allow letters again", actions.allow_letters, "again_done")


@blueprint.post("/unsubscribe/<token>/objection")
@public
@limiter.limit(_LIMIT)
def object_to_use(token: str) -> ResponseReturnValue:
    """Object to the use of one's data (Article 21 GDPR)."""
    return _do(token, "object to use of data", lambda link: actions.object_to_use(link, _language(link)), "")


@blueprint.post("/unsubscribe/<token>/correction")
@public
@limiter.limit(_LIMIT)
def correct(token: str) -> ResponseReturnValue:
    """Say in one's own words what is wrong (Article 16 GDPR)."""
    words = request.form.get("words", "").replace("\r\n", "\n").replace("\x00", "").strip()
    problem = "correct_empty" if not words else "correct_long" if len(words) > MOST_WORDS else ""
    link = read_token(token)
    if link is not None and problem:
        return _page(link, token, problem=problem, words=words)
    return _do(
        token,
        "ask for correction",
        lambda given: actions.ask_for_correction(given, words, _language(given)),
        "correct_done",
    )


@blueprint.post("/reader-requests/<int:request_id>/settled")
@requires(Permission.LOBBY)
def settle(request_id: int) -> ResponseReturnValue:
    """Note that what a reader asked for has been seen to."""
    back = redirect(own_page(request.form.get("next")) or url_for("overview.today"))
    try:
        with unit_of_work("settle reader's request", actor=actor()) as work:
            if actions.settle(request_id, current_user.id) is None:
                abort(404)
    except actions.RequestSettled:
        toast(gettext("Somebody has seen to it already."), category="warning")
    else:
        toast(gettext("Noted: it is seen to."), undo=work.change_set_id)
    return back


def init_app(app: Any) -> None:
    """Register the pages, and what a contact's page and Today ask about requests."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        asked_by=queries.asked_by,
        request_labels=REQUESTS,
        request_consequences=CONSEQUENCES,
    )
