"""Stances on screen: writing a statement down, why a stance is what it is, what contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import current_user

from crm import i18n
from crm.accounts.queries import actor_names
from crm.attachments.actions import store
from crm.database import read_id
from crm.directory.filters import ContactFilter, MandateState
from crm.directory.models import Contact, ContactKind
from crm.directory.queries import survivor_of
from crm.extensions import db
from crm.places.countries import country_name
from crm.policy import Permission, actor, requires
from crm.stances import actions, labels, queries
from crm.stances.actions import StatementRefused
from crm.stances.derivation import staleness
from crm.stances.forms import SettlementForm, StatementForm, WithdrawalForm
from crm.stances.models import FIRST_DAY, Stance
from crm.stances.pictures import stance_course
from crm.stances.tallies import Tally, tallies
from crm.text import fold
from crm.treaties.queries import treaty_by_code, treaty_names
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

blueprint = Blueprint("stances", __name__)


@dataclass(frozen=True)
class Cut:
    """One line of a table of stances; `args` is what the address of its list adds, None where it has none."""

    name: str
    args: dict[str, str] | None
    tally: Tally


blueprint.add_app_template_filter(labels.stance_label)
blueprint.add_app_template_filter(labels.stance_tone)
blueprint.add_app_template_filter(labels.confidence_label)
blueprint.add_app_template_filter(labels.stale_text)
blueprint.add_app_template_filter(labels.host_of)
blueprint.add_app_template_filter(labels.page_link)
blueprint.add_app_template_global(labels.why, "why_stance")
blueprint.add_app_template_global(stance_course)


@blueprint.app_template_test()
def stale_stance(row: Any) -> bool:
    """Whether the stance in a row of a list is out of date; the row holds stance_said_on and mandate_end."""
    return staleness(row.stance_said_on, i18n.today(), queries.stale_months(), row.mandate_end) is not None


def _contact_or_404(contact_id: int) -> Contact:
    """The contact; an old link leads to the contact it became part of."""
    found = db.session.get(Contact, contact_id)
    if found is None and request.method == "GET":
        survivor_id = survivor_of(contact_id)
        if survivor_id is not None:
            arguments: dict[str, Any] = {**(request.view_args or {}), "contact_id": survivor_id}
            abort(redirect(url_for(request.endpoint or "", **arguments)))
    return found or abort(404, gettext("There is no such contact: it may have been removed."))


def _page_of(contact_id: int) -> str:
    return url_for("overview.contact", contact_id=contact_id, _anchor="stances")


def _statement_page(contact: Contact, form: StatementForm) -> ResponseReturnValue:
    page = render_template("stances/statement.html", contact=contact, form=form, back=_page_of(contact.id))
    return page, 422 if form.is_submitted() else 200


def _treaty_asked(treaties: list[tuple[int, str]]) -> int | None:
    asked = request.args.get("treaty", type=read_id)
    return asked if asked in {number for number, _name in treaties} else None


@blueprint.get("/contacts/<int:contact_id>/statements/new")
@requires(Permission.LOBBY)
def new_statement(contact_id: int) -> ResponseReturnValue:
    """The form of a statement; `like` fills it with another one, to be corrected."""
    contact, treaties = _contact_or_404(contact_id), treaty_names()
    if not treaties:
        abort(404, gettext("There is no treaty yet that anybody could have a stance on."))
    like = queries.statement(request.args.get("like", 0, type=read_id), current_user.team_id)
    if like is None or like.contact_id != contact.id:
        return _statement_page(contact, StatementForm(treaties=treaties, treaty_id=_treaty_asked(treaties)))
    form = StatementForm(treaties=treaties, obj=like, private=like.team_id is not None)
    return _statement_page(contact, form)


@blueprint.post("/contacts/<int:contact_id>/statements/new")
@requires(Permission.LOBBY)
def record_statement(contact_id: int) -> ResponseReturnValue:
    """Write the statement down."""
    contact = _contact_or_404(contact_id)
    form = StatementForm(treaties=treaty_names())
    if not form.validate_on_submit():
        return _statement_page(contact, form)
    team_id = current_user.team_id if form.private.data else None
    with unit_of_work("record statement", actor=actor()) as work:
        kept = store(form.file.data, team_id=team_id) if form.file.data else None
        actions.record_statement(contact_id, **form.values(), attachment=kept, team_id=team_id)
    toast(gettext("Stance noted: %(stance)s.", stance=labels.stance_label(form.stance.data)), undo=work.change_set_id)
    return redirect(_page_of(contact_id))


@blueprint.get("/contacts/<int:contact_id>/stances/<int:treaty_id>")
@requires(Permission.READ)
def stance(contact_id: int, treaty_id: int) -> ResponseReturnValue:
    """Where a contact stands on a treaty, on any day, why, and everything it ever said of it."""
    contact = _contact_or_404(contact_id)
    today = i18n.today()
    as_of = min(max(request.args.get("as_of", today, type=date.fromisoformat), FIRST_DAY), today)
    held = queries.treaty_stances(contact, current_user.team_id, as_of)
    found = next((one for one in held if one.treaty_id == treaty_id), None)
    if found is None:
        abort(404, gettext("There is no such treaty."))
    return render_template(
        "stances/stance.html",
        contact=contact,
        held=found,
        as_of=as_of,
        today=today,
        names=actor_names(),
        back=_page_of(contact_id),
    )


def _readable_or_404(statement_id: int) -> Any:
    return queries.statement(statement_id, current_user.team_id) or abort(
        404, gettext("There is no such statement, or it is another team's.")
    )


def _withdrawal_page(statement_id: int, form: WithdrawalForm) -> ResponseReturnValue:
    said = _readable_or_404(statement_id)
    back = url_for("stances.stance", contact_id=said.contact_id, treaty_id=said.treaty_id)
    page = render_template("stances/withdraw.html", said=said, form=form, back=back)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/statements/<int:statement_id>/withdraw")
@requires(Permission.LOBBY)
def withdraw_form(statement_id: int) -> ResponseReturnValue:
    """The form that takes a statement back."""
    return _withdrawal_page(statement_id, WithdrawalForm())


@blueprint.post("/statements/<int:statement_id>/withdraw")
@requires(Permission.LOBBY)
def withdraw_statement(statement_id: int) -> ResponseReturnValue:
    """Take a statement back; it stays on record with the reason."""
    said, form = _readable_or_404(statement_id), WithdrawalForm()
    if not form.validate_on_submit():
        return _withdrawal_page(statement_id, form)
    try:
        with unit_of_work("withdraw statement", actor=actor()) as work:
            actions.withdraw_statement(statement_id, form.reason.data or "", team_id=current_user.team_id)
    except StatementRefused as refused:
        form.reason.errors = [labels.refusal_text(refused.reason)]
        return _withdrawal_page(statement_id, form)
    toast(gettext("The statement is withdrawn; it stays on record."), undo=work.change_set_id)
    if form.anew.data:
        return redirect(url_for("stances.new_statement", contact_id=said.contact_id, like=statement_id))
    return redirect(url_for("stances.stance", contact_id=said.contact_id, treaty_id=said.treaty_id))


@blueprint.get("/stances/contradictions")
@requires(Permission.READ)
def contradictions() -> ResponseReturnValue:
    """Contacts that said two things which cannot both be so, the latest first."""
    page = queries.contradictions_page(current_user.team_id, request.args.get("cursor"))
    return render_template("stances/contradictions.html", page=page, form=SettlementForm())


@blueprint.post("/stances/contradictions/<int:earlier_id>/<int:later_id>")
@requires(Permission.LOBBY)
def settle(earlier_id: int, later_id: int) -> ResponseReturnValue:
    """Note that both statements stand."""
    form, back = SettlementForm(), redirect(own_page(request.form.get("next")) or url_for("stances.contradictions"))
    if not form.validate_on_submit():
        toast(gettext("The note is too long: at most 300 characters."), category="error")
        return back
    try:
        with unit_of_work("settle contradiction", actor=actor()) as work:
            actions.settle_contradiction(earlier_id, later_id, form.note.data or "", team_id=current_user.team_id)
    except StatementRefused as refused:
        toast(labels.refusal_text(refused.reason), category="error")
    else:
        toast(gettext("Noted: they have changed their mind."), undo=work.change_set_id)
    return back


def _cut(found: Mapping[Any, Tally], named: Callable[[Any], str], argument: str) -> list[Cut]:
    """Lines of a table, by their names; those without a group or country last."""
    cuts = [
        Cut(named(key) if key else "", {argument: str(key)} if key else None, tally) for key, tally in found.items()
    ]
    return sorted(cuts, key=lambda cut: (cut.args is None, fold(cut.name)))


@blueprint.get("/treaties/<code>/stances")
@requires(Permission.READ)
def treaty(code: str) -> ResponseReturnValue:
    """How many people hold which stance, by group and by country; each figure leads to the list of them."""
    found = treaty_by_code(code) or abort(404, gettext("There is no treaty of this code."))
    everybody = request.args.get("whom") == "all"
    whom = ContactFilter(kind=ContactKind.PERSON, mandate=None if everybody else MandateState.CURRENT)
    counted = tallies(found.id, current_user.team_id, whom)
    locale = get_locale()
    base = {"treaty": str(found.id)} | ({} if everybody else {"mandate": MandateState.CURRENT.value})
    return render_template(
        "stances/treaty.html",
        treaty=found,
        everybody=everybody,
        whole=counted.all,
        cuts=[
            (gettext("By political group"), _cut(counted.by_group, lambda key: counted.groups[key], "group")),
            (gettext("By country"), _cut(counted.by_country, lambda key: country_name(key, locale), "country")),
        ],
        stances=list(Stance),
        url_of=lambda **more: url_for("overview.contacts", **{**base, **more}),
    )
