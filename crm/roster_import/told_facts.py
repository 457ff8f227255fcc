"""Comparing what our own exports say of a contact, person or organization, with what the directory knows."""

from __future__ import annotations

from collections.abc import Mapping

from crm.directory.models import DIRECTED, PointStatus
from crm.roster_import.changes import Beside, NewMembership, NewPoint
from crm.roster_import.known_facts import KnownFacts
from crm.roster_import.models import Reason
from crm.roster_import.told import Told, ToldPoint, ToldTie

_NOTHING = KnownFacts()


def compare_told(it: Beside, told: Told, offices: Mapping[str, int | NewMembership]) -> None:
    """Compare region, forms of address, names, contact points, sources and ties; all but the first two only add.

    `offices` are the memberships that contact points belong to, by the document's ids.
    """
    facts = it.setting.facts.get(it.known.id, _NOTHING) if it.known else _NOTHING
    if told.region:
        it.compare_column("region", told.region)
    _compare_forms(it, dict(told.forms_of_address))
    names = it.known.other_names if it.known else frozenset()
    for name in told.names:
        if name.name not in names:
            it.changes.add("other_name", None, name.name)
            it.changes.writes.other_names.append(name)
    for point in told.points:
        _compare_point(it, point, offices)
    for source in told.sources:
        if (source.label, source.url) not in facts.sources and source.label != it.setting.source:
            it.changes.add("source", None, source.url or source.label)
            it.changes.writes.sources.append(source)
    for tie in told.ties:
        _compare_tie(it, tie, facts)
    for said in told.statements:
        # One that is known is never touched, also where it was withdrawn here or there since.
        if (said.treaty, said.stance, said.said_on, said.source_url) not in facts.statements:
            it.changes.add("statement", None, f"{said.treaty}: {said.stance.value}, {said.said_on.isoformat()}")
            it.changes.writes.statements.append(said)


def _compare_forms(it: Beside, told: dict[str, str]) -> None:
    known = it.known.forms_of_address if it.known else {}
    after = told | known if it.is_older else known | told
    if after != known:
        words = ["; ".join(f"{language}: {form}" for language, form in forms.items()) for forms in (known, after)]
        if it.changes.add("forms_of_address", words[0] or None, words[1], _by_hand(it, "forms_of_address")):
            it.changes.writes.columns["forms_of_address"] = after
            it.changes.writes.replaced["forms_of_address"] = known


def _by_hand(it: Beside, column: str) -> Reason | None:
    known = it.known is not None and bool(it.known.forms_of_address) and column in it.known.by_hand
    return Reason.HAND_MADE if known else None


def _compare_point(it: Beside, told: ToldPoint, offices: Mapping[str, int | NewMembership]) -> None:
    """Whether a way that is known may be used is decided here, not by a file."""
    if it.known is not None and any((one.kind, one.value) == (told.kind, told.value) for one in it.known.points):
        return
    removed = it.known is not None and (told.kind.value, told.value) in it.known.removed_points
    field = "retired_point" if told.retired else told.kind.value
    if it.changes.add(field, None, told.value, Reason.HAND_MADE if removed else None):
        status = PointStatus.RETIRED if told.retired else PointStatus.CURRENT
        office = offices.get(told.office)
        it.changes.writes.points.append(NewPoint(told.kind, told.value, status, office, told.label, told.source))


def _compare_tie(it: Beside, told: ToldTie, facts: KnownFacts) -> None:
    other = it.setting.refs.get(told.other)
    if it.known is not None and other is not None:
        ends = (other, it.known.id) if told.is_object else (it.known.id, other)
        known = (*ends, told.kind, told.start) in facts.ties
        if known or (told.kind not in DIRECTED and (*reversed(ends), told.kind, told.start) in facts.ties):
            return
    it.changes.add("relationship", None, told.other_name)
    it.changes.writes.ties.append(told)
