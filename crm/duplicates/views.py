"""Screens of duplicates: the list of proposals, two contacts side by side, the merge and the way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, gettext, ngettext
from flask_login import current_user

from crm.directory.comparison import Line, Side, chosen_values, compare, preview, row_count, rows_in_words, rows_of
from crm.directory.finding import contacts_named
from crm.directory.labels import KINDS, country_label, likeness_reasons
from crm.directory.menus import countries_present
from crm.directory.merging import MergeRefused
from crm.directory.models import ContactKind
from crm.directory.offices import offices_of
from crm.directory.queries import (
    identifiers_of,
    points_of,
    survivor_of,
    whole_contact,
)
from crm.directory.unmerging import UnmergeRefused
from crm.duplicates import actions, queries, words
from crm.duplicates.models import certainty_of
from crm.duplicates.queries import ProposalFilter
from crm.duplicates.search import is_behind, reasons_now
from crm.extensions import db
from crm.policy import Permission, actor, can, requires
from crm.text import fold
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("duplicates", __name__)
Values = Mapping[str, Any]


@blueprint.get("/duplicates")
@requires(Permission.LOBBY)
def proposals() -> ResponseReturnValue:
    """Contacts that may be one and the same, the surest first."""
    chosen = ProposalFilter.from_args(request.args)
    countries = {code: country_label(code) for code in countries_present()}
    page = queries.proposals(chosen, request.args.get("cursor"))
    now = reasons_now([(row.one_id, row.other_id) for row in page.rows])
    return render_template(
        "duplicates/proposals.html",
        page=page,
        judged=lambda row: now.get((row.one_id, row.other_id), row),
        chosen=chosen,
        total=queries.count_proposals(chosen),
        count_limit=queries.COUNT_LIMIT,
        was_searched=queries.was_searched(),
        is_behind=is_behind(),
        certainties=words.CERTAINTIES,
        certainty_of=certainty_of,
        reasons=likeness_reasons,
        kinds=KINDS,
        countries=sorted(countries.items(), key=lambda country: fold(country[1])),
    )


def _pair_or_404(one_id: int, other_id: int) -> tuple[Values, Values]:
    found = rows_of(one_id, other_id)
    if len(found) == 1 and survivor_of(one_id if other_id in found else other_id) in found:
        # Pressed twice, or come back to: they are one already.
        toast(gettext("These two are one contact already."), category="info")
        abort(redirect(url_for("overview.contact", contact_id=next(iter(found)))))
    if len(found) < 2 or found[one_id]["kind"] is not found[other_id]["kind"]:
        abort(404, gettext("These two cannot be compared: one of them may have been merged or removed meanwhile."))
    return found[one_id], found[other_id]


def _known_of(contact: Values) -> dict[str, Any]:
    """What a person looks at to tell whether two contacts are one."""
    is_person = contact["kind"] is ContactKind.PERSON
    return {
        "contact": contact,
        "points": points_of(contact["id"]),
        "identifiers": identifiers_of(contact["id"]),
        "memberships": offices_of(contact["id"]) if is_person else [],
        "rows": rows_in_words(contact["id"], current_user.team_id),
    }


@blueprint.get("/duplicates/<int:contact_id>/<int:other_id>")
@requires(Permission.LOBBY)
def comparison(contact_id: int, other_id: int) -> ResponseReturnValue:
    """Two contacts side by side: the first would survive, the second become part of it.

    Unless somebody has chosen so, the one of which more is known stays.
    """
    if not request.args and row_count(other_id, current_user.team_id) > row_count(contact_id, current_user.team_id):
        return redirect(url_for("duplicates.comparison", contact_id=other_id, other_id=contact_id))
    survivor, absorbed = _pair_or_404(contact_id, other_id)
    lines = compare(survivor, absorbed)
    names = words.named_by_id(lines)
    known_now = reasons_now([(contact_id, other_id)]).get((contact_id, other_id))
    proposal = known_now or queries.proposal_of(contact_id, other_id)
    return render_template(
        "duplicates/comparison.html",
        survivor=_known_of(survivor),
        absorbed=_known_of(absorbed),
        lines=lines,
        # As they were chosen, for whoever comes back from the last question.
        chosen={line.field.name: request.args.get(line.field.name) or line.chosen for line in lines},
        said=lambda values: words.said(values, names),
        preview=preview(contact_id, other_id, current_user.team_id),
        reasons=likeness_reasons(proposal.reasons) if proposal else [],
        told_apart=queries.are_told_apart(contact_id, other_id),
    )


@blueprint.post("/duplicates/<int:contact_id>/<int:other_id>")
@requires(Permission.LOBBY)
def merge(contact_id: int, other_id: int) -> ResponseReturnValue:
    """Merge the second contact into the first, with the values that were chosen, once that is confirmed."""
    survivor, absorbed = _pair_or_404(contact_id, other_id)
    lines = compare(survivor, absorbed)
    if "confirmed" not in request.form:
        return _last_question(survivor, absorbed, lines)
    try:
        with unit_of_work("merge contacts", actor=actor()):
            moved = preview(contact_id, other_id, current_user.team_id).total
            merge_id = actions.merge_contacts(contact_id, other_id, chosen_values(lines, request.form)).id
    except MergeRefused:
        abort(404, gettext("These two cannot be merged: one of them may have been merged or removed meanwhile."))
    toast(
        ngettext(
            "%(name)s is part of %(survivor)s now; %(num)d entry followed. It can be taken apart again on this page.",
            "%(name)s is part of %(survivor)s now; %(num)d entries followed. It can be taken apart again on this page.",
            moved,
            name=absorbed["name"],
            survivor=survivor["name"],
        ),
        undo_at=url_for("duplicates.unmerge", merge_id=merge_id),
    )
    return redirect(url_for("overview.contact", contact_id=contact_id))


def _last_question(survivor: Values, absorbed: Values, lines: Collection[Line]) -> str:
    """What is kept of each and what moves, before anything does."""
    names = words.named_by_id(lines)
    kept = chosen_values(lines, request.form)
    choices = {line.field.name: request.form.get(line.field.name) or line.chosen for line in lines}
    return render_template(
        "duplicates/confirm.html",
        survivor=survivor,
        absorbed=absorbed,
        kept=[
            (line.field, words.said({name: kept[name] for name in line.field.columns}, names), choices[line.field.name])
            for line in lines
        ],
        moving=_known_of(absorbed),
        other_names=[name for name in (survivor["name"], absorbed["name"]) if name != kept["name"]],
        choices=choices,
        # The same values, seen from the other side.
        turned={name: Side.ABSORBED if side == Side.SURVIVOR else Side.SURVIVOR for name, side in choices.items()},
        preview=preview(survivor["id"], absorbed["id"], current_user.team_id),
    )


@blueprint.post("/duplicates/<int:contact_id>/<int:other_id>/apart")
@requires(Permission.LOBBY)
def tell_apart(contact_id: int, other_id: int) -> ResponseReturnValue:
    """Remember that the two are not the same."""
    one, other = _pair_or_404(contact_id, other_id)
    still: dict[str, Any] = ProposalFilter.from_args(request.args).to_args()
    with unit_of_work("tell contacts apart", actor=actor()) as work:
        actions.tell_apart(contact_id, other_id, user_id=current_user.id)
    toast(
        gettext("%(one)s and %(other)s will not be proposed again.", one=one["name"], other=other["name"]),
        undo=work.change_set_id,
    )
    return redirect(url_for("duplicates.proposals", **still))


@blueprint.post("/merges/<int:merge_id>/unmerge")
@requires(Permission.LOBBY)
def unmerge(merge_id: int) -> ResponseReturnValue:
    """Take a merge back."""
    record = queries.merge_record(merge_id) or abort(404, gettext("There is no such merge."))
    survivor_id, absorbed_id, name = record.survivor_id, record.absorbed_id, record.absorbed_name
    try:
        with unit_of_work("unmerge contacts", actor=actor()):
            outcome = actions.take_apart(merge_id)
    except UnmergeRefused as refusal:
        toast(_refused(refusal.reason), category="error")
        return redirect(url_for("overview.contact", contact_id=survivor_id))
    stayed = sum(outcome.stayed.values())
    said = gettext("%(name)s stands by itself again.", name=name)
    if stayed:
        changed = ngettext(
            "%(num)d entry had been changed since and stayed as it is.",
            "%(num)d entries had been changed since and stayed as they are.",
            stayed,
        )
        said = f"{said} {changed}"
    toast(said)
    return redirect(url_for("overview.contact", contact_id=absorbed_id))


def _refused(reason: str) -> str:
    reasons: dict[str, str] = {
        "done": gettext("This merge was taken apart already."),
        "survivor_gone": gettext("This contact became part of another one since: take that merge apart first."),
        "taken": gettext("It cannot be taken apart: the contact stands by itself already."),
    }
    return reasons[reason]


@blueprint.get("/contacts/<int:contact_id>/merge")
@requires(Permission.LOBBY)
def choose(contact_id: int) -> ResponseReturnValue:
    """Find the contact that is the same as this one, where nothing proposed it."""
    contact = whole_contact(contact_id) or abort(404, gettext("There is no such contact: it may have been removed."))
    text = request.args.get("q", "").strip()
    hits = [hit.id for hit in contacts_named(text) if hit.id != contact_id and hit.kind is contact.kind] if text else []
    twins = {twin.id: twin for twin in queries.twins_of(contact_id)}
    asked, *known = queries.known_by([contact_id, *hits, *twins])
    # Of whoever is found by the name, too: why, or why not.
    now = reasons_now([(contact_id, row.id) for row in known])
    return render_template(
        "duplicates/choose.html",
        contact=contact,
        asked=asked,
        text=text,
        hits=[row for row in known if row.id in hits],
        twins=[row for row in known if row.id not in hits],
        judged=lambda other_id: now.get((contact_id, other_id), twins.get(other_id)),
        certainties=words.CERTAINTIES,
        certainty_of=certainty_of,
    )


def waiting(known: int | None = None) -> str:
    """How many pairs wait for somebody to look at them, as a link tells it; nothing where none does.

    Counted in a query of its own, unless the page has counted them: `known`.
    """
    count = db.session.scalar(sa.select(queries.waiting())) if known is None else known
    if not count:
        return ""
    return f"{format_decimal(queries.MANY)}+" if count > queries.MANY else str(format_decimal(count))


def notices_of(contact_id: int) -> queries.Notices:
    """What a contact's page says of duplicates, to those who may do something about it."""
    return queries.notices_of(contact_id) if can(Permission.LOBBY) else queries.Notices()


def init_app(app: Flask) -> None:
    """Let the contact's page ask for its notices, and every page of the directory how many pairs wait."""
    app.jinja_env.globals.update(duplicate_notices=notices_of, duplicates_waiting=waiting)
    app.jinja_env.filters.update(telling_words=words.telling_words, likeness_reasons=likeness_reasons)
