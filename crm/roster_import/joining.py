"""Lines of one file that are about the same person: which of them become one, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from crm.roster_import.records import Mandate, Record
from crm.text import fold

# What one line says alone, because two would contradict each other: the first that says it counts.
_NAME = ("name", "given_name", "family_name")


@dataclass(frozen=True)
class Joined:
    """Which rows (by id) become part of which: `members` by the row that stands for them, `into` the other way."""

    members: Mapping[int, Sequence[int]]
    into: Mapping[int, int]


def joined(twins: Mapping[int, int], skipped: Iterable[int]) -> Joined:
    """Follow every row that a person has joined to its twin (`twins`, by row) up to the one that stands for all.

    Where that one is skipped, the first of those that were joined to it stands for the others.
    """
    left_out = set(skipped)
    members: dict[int, list[int]] = {}
    for row_id in sorted(twins):
        head, passed = row_id, {row_id}
        while head in twins and twins[head] not in passed:
            head = twins[head]
            passed.add(head)
        members.setdefault(head, []).append(row_id)
    for head in sorted(left_out & members.keys()):
        first, *others = members.pop(head)
        if others:
            members[first] = others
    return Joined(members, {row_id: head for head, rows in members.items() for row_id in rows if row_id != head})


def _mandates(records: Sequence[Record]) -> tuple[Mandate, ...]:
    """All offices, each once: a line that tells more of the same office fills what the other leaves open."""
    found: dict[tuple[str, str], Mandate] = {}
    for record in records:
        for mandate in record.mandates:
            key = fold(mandate.institution), fold(mandate.role)
            known = found.get(key)
            found[key] = mandate if known is None or len(record.mandates) > 1 else _filled(known, mandate)
    # Sources that tell several spells in one office are believed whole.
    if any(len(record.mandates) > 1 for record in records):
        return tuple(dict.fromkeys(mandate for record in records for mandate in record.mandates))
    return tuple(found.values())


def _filled(known: Mandate, other: Mandate) -> Mandate:
    missing = {one.name: getattr(other, one.name) for one in fields(Mandate) if not getattr(known, one.name)}
    return replace(known, **missing)


def merged(records: Sequence[Record]) -> Record:
    """One record of what all of these say: the first one's name and line, and of everything else whatever any says.

    Other spellings of the name are kept as other names.
    """
    first = records[0]
    together: dict[str, object] = {"mandates": _mandates(records)}
    for one in fields(Record):
        if one.name in ("line", "told", *_NAME, *together):
            continue
        values = [getattr(record, one.name) for record in records]
        if isinstance(values[0], tuple):
            together[one.name] = tuple(dict.fromkeys(value for several in values for value in several))
        else:
            together[one.name] = next((value for value in values if value not in (None, "")), values[0])
    seats = [seat for record in records for seat in record.seats or ()]
    together["seats"] = tuple(dict.fromkeys(seats)) if any(record.seats is not None for record in records) else None
    names = dict.fromkeys(name for record in records for name in (record.name, *record.other_names))
    together["other_names"] = tuple(name for name in names if name.casefold() != first.name.casefold())
    if first.family_name is None:
        split = next((one for one in records if one.family_name and fold(one.name) == fold(first.name)), None)
        if split is not None:
            together |= {name: getattr(split, name) for name in _NAME}
    return replace(first, **together)  # type: ignore[arg-type]  # by the names of its own fields
