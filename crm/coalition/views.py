"""The page of the coalition, and our feed as partners read it."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from config import Settings
from crm.coalition import actions, document, queries
from crm.coalition.forms import FeedForm, PartnerForm
from crm.extensions import limiter
from crm.policy import Permission, actor, public, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("coalition", __name__)
_LIMIT = "60 per hour"


def organization() -> str:
    """What we are called in our feed: who is responsible for the data, without the postal address."""
    settings: Settings = current_app.extensions["settings"]
    return settings.controller.partition(",")[0].strip() or "Ratify"


def _page(feed_form: FeedForm, partner_form: PartnerForm, new_address: str = "") -> ResponseReturnValue:
    page = render_template(
        "coalition/partners.html",
        feeds=queries.feeds(),
        partners=queries.partners(),
        feed_form=feed_form,
        partner_form=partner_form,
        new_address=new_address,
        organization=organization(),
    )
    return page, 422 if feed_form.errors or partner_form.errors else 200


@blueprint.get("/coalition")
@requires(Permission.ADMINISTER)
def partners() -> ResponseReturnValue:
    """What we tell whom, and whom we listen to."""
    return _page(FeedForm(formdata=None), PartnerForm(formdata=None))


@blueprint.post("/coalition/feeds")
@requires(Permission.ADMINISTER)
def open_feed() -> ResponseReturnValue:
    """Make an address for a partner; it is shown this once."""
    form = FeedForm()
    if not form.validate_on_submit():
        return _page(form, PartnerForm(formdata=None))
    with unit_of_work("open feed", actor=actor()):
        token = actions.open_feed(form.reader.data or "", current_user.id)
    settings: Settings = current_app.extensions["settings"]
    address = settings.base_url.rstrip("/") + url_for("coalition.feed", token=token)
    return _page(FeedForm(formdata=None), PartnerForm(formdata=None), address)


@blueprint.post("/coalition/feeds/<int:feed_id>/revoke")
@requires(Permission.ADMINISTER)
def revoke_feed(feed_id: int) -> ResponseReturnValue:
    """Close an address for ever."""
    with unit_of_work("revoke feed", actor=actor()):
        done = actions.revoke_feed(feed_id)
    if not done:
        abort(404)
    toast(gettext("This address opens nothing any more."))
    return redirect(url_for("coalition.partners"))


@blueprint.post("/coalition/partners")
@requires(Permission.ADMINISTER)
def follow() -> ResponseReturnValue:
    """Read a partner's feed from now on."""
    form = PartnerForm()
    if not form.validate_on_submit():
        return _page(FeedForm(formdata=None), form)
    with unit_of_work("follow partner", actor=actor()):
        actions.follow_partner(form.partner.data or "", form.url.data or "", current_user.id)
    toast(gettext("Their feed is read now, and every few hours from now on."))
    return redirect(url_for("coalition.partners"))


@blueprint.post("/coalition/partners/<int:partner_id>/leave")
@requires(Permission.ADMINISTER)
def leave(partner_id: int) -> ResponseReturnValue:
    """Follow it no more."""
    with unit_of_work("leave partner", actor=actor()):
        done = actions.leave_partner(partner_id)
    if not done:
        abort(404)
    toast(gettext("Their feed is read no more, and what it said is forgotten."))
    return redirect(url_for("coalition.partners"))


@blueprint.post("/coalition/partners/<int:partner_id>/read")
@requires(Permission.ADMINISTER)
def read_again(partner_id: int) -> ResponseReturnValue:
    """Read its feed now."""
    with unit_of_work("read feed of partner", actor=actor()):
        actions.ask_again(partner_id)
    toast(gettext("Their feed is being read."))
    return redirect(url_for("coalition.partners"))


@blueprint.get("/feed/<token>/letters.json")
@public
@limiter.limit(_LIMIT)
def feed(token: str) -> ResponseReturnValue:
    """Whom we wrote to or called lately, for the partner who holds the token: a JSON Feed."""
    if queries.feed_of(token) is None:
        abort(404)
    body = document.written(organization(), queries.approached())
    answer = Response(body, mimetype=document.MEDIA_TYPE)
    answer.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    return answer.make_conditional(request)


def init_app(app: Flask) -> None:
    """Register the pages, and what a contact's page asks."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(partner_wrote=queries.partner_wrote)
