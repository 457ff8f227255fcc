"""The page behind a signed link: the official reads what is on record, and confirms or corrects it."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from crm.extensions import csrf, limiter
from crm.pipeline import actions, queries
from crm.pipeline.forms import AnswerForm
from crm.pipeline.views.blueprint import blueprint
from crm.policy import public
from crm.unit_of_work import unit_of_work

# Nobody guesses a token of 256 bits; this keeps those who try from costing anything.
_LIMIT = "60 per hour"


@blueprint.get("/promised/<token>")
@public
@limiter.limit(_LIMIT)
def answer(token: str) -> ResponseReturnValue:
    """What the link opens: it changes nothing by itself, for scanners of mail open links too."""
    return _page(token, AnswerForm(formdata=None))


@blueprint.post("/promised/<token>")
@public
@limiter.limit(_LIMIT)
def answer_now(token: str) -> ResponseReturnValue:
    """Keep what the official says, and spend the link."""
    form = AnswerForm()
    link = queries.linked_commitment(token)
    if link is None or link.given is not None:
        return _page(token, form)
    if not form.validate():
        return _page(token, form, 422)
    link_id = link.link_id
    try:
        with unit_of_work("answer about commitment", actor=f"official:{link_id}"):
            actions.answer(token, form.kind.data, form.words.data or "")
    except actions.LinkSpent:
        return render_template("pipeline/answer_spent.html"), 404
    return _page(token, form)


def _page(token: str, form: AnswerForm, status: int = 200) -> ResponseReturnValue:
    link = queries.linked_commitment(token)
    if link is None:
        return render_template("pipeline/answer_spent.html"), 404
    return render_template("pipeline/answer.html", link=link, form=form, token=token), status


# The token in the address is the right to answer, and no other site knows it: whoever comes by it holds no session.
csrf.exempt(answer_now)
