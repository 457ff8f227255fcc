"""How the directory's own rows follow a contact into a merge."""

from __future__ import annotations

from typing import Any

from flask_babel import ngettext

from crm.database import Base
from crm.directory.models import (
    Contact,
    ContactLanguage,
    ContactMerge,
    ContactPoint,
    ContactSource,
    ContactTag,
    Identifier,
    Membership,
    Organization,
    OtherName,
    PointStatus,
    Post,
    Relationship,
    Restriction,
)
from crm.directory.registry import Combine, ContactRows, Derived, Entry, Stays, Values, fill_gaps

# Between what two rows that become one say of the same: their sources, notes and labels.
_BETWEEN = "; "


def _together(one: str, other: str, room: int) -> str:
    """What both say, each thing once, as far as there is room."""
    said = [part for part in one.split(_BETWEEN) if part]
    for part in other.split(_BETWEEN):
        if part and part not in said and len(_BETWEEN.join([*said, part])) <= room:
            said.append(part)
    return _BETWEEN.join(said)


def _combined(model: type[Base], *columns: str) -> Combine:
    """Fill what the row that stays does not know, and in these columns keep what both say."""
    room = {name: getattr(model, name).type.length for name in columns}

    def combine(kept: Values, dropped: Values) -> dict[str, Any]:
        both = {name: _together(kept[name], dropped[name], room[name]) for name in columns}
        return fill_gaps(kept, dropped) | {name: said for name, said in both.items() if said != kept[name]}

    return combine


_MANDATE = _combined(Membership, "source")
_POINT = _combined(ContactPoint, "label", "source")


def _agree(one: Values, other: Values, *columns: str) -> bool:
    """Whether the two say the same in these columns, or one of them says nothing."""
    return all(one[name] == other[name] or not one[name] or not other[name] for name in columns)


def _same_mandate(one: Values, other: Values) -> bool:
    """Whether two memberships of a person in an organization are one: nothing known of them differs."""
    known = ("start_date", "end_date", "term", "on_behalf_of_id", "post_id", "region", "constituency")
    begins_known = one["start_date"] == other["start_date"] or (one["term"] and one["term"] == other["term"])
    return bool(begins_known) and _agree(one, other, *known)


def _combine_mandates(kept: Values, dropped: Values) -> dict[str, Any]:
    taken = _MANDATE(kept, dropped)
    # A day on which the mandate was found to be over says nothing where the other row knows that it runs.
    if (kept["end_date"] or dropped["end_date"]) or kept["ended_by"] is None or dropped["ended_by"] is None:
        taken.pop("ended_by", None)
    elif dropped["ended_by"] < kept["ended_by"]:
        taken["ended_by"] = dropped["ended_by"]
    return taken


def _combine_points(kept: Values, dropped: Values) -> dict[str, Any]:
    """An address that one of the two may be reached by may be used."""
    in_use = PointStatus.CURRENT in (kept["status"], dropped["status"]) and kept["status"] is not PointStatus.CURRENT
    return _POINT(kept, dropped) | ({"status": PointStatus.CURRENT} if in_use else {})


def _combine_languages(kept: Values, dropped: Values) -> dict[str, Any]:
    return {"rank": dropped["rank"]} if dropped["rank"] < kept["rank"] else {}


def _combine_sources(kept: Values, dropped: Values) -> dict[str, Any]:
    """The newest day the source described either of them on."""
    days = [day for day in (kept["as_of"], dropped["as_of"]) if day]
    return {"as_of": max(days)} if days and max(days) != kept["as_of"] else {}


CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(Restriction, ("contact_id",)),
    ContactRows(
        Identifier, ("contact_id",), counted=lambda n: ngettext("%(num)d identifier", "%(num)d identifiers", n)
    ),
    ContactRows(
        OtherName,
        ("contact_id",),
        combine=_combined(OtherName, "note"),
        counted=lambda n: ngettext("%(num)d other name", "%(num)d other names", n),
    ),
    ContactRows(
        ContactLanguage,
        ("contact_id",),
        combine=_combine_languages,
        counted=lambda n: ngettext("%(num)d language", "%(num)d languages", n),
    ),
    ContactRows(
        ContactSource,
        ("contact_id",),
        combine=_combine_sources,
        counted=lambda n: ngettext("%(num)d source", "%(num)d sources", n),
    ),
    ContactRows(ContactTag, ("contact_id",), counted=lambda n: ngettext("%(num)d tag", "%(num)d tags", n)),
    ContactRows(Post, ("organization_id",), counted=lambda n: ngettext("%(num)d post", "%(num)d posts", n)),
    ContactRows(
        Membership,
        ("person_id", "organization_id", "on_behalf_of_id"),
        same=("person_id", "organization_id", "role"),
        alike=_same_mandate,
        combine=_combine_mandates,
        counted=lambda n: ngettext("%(num)d office or membership", "%(num)d offices and memberships", n),
    ),
    ContactRows(
        ContactPoint,
        ("contact_id",),
        combine=_combine_points,
        counted=lambda n: ngettext("%(num)d address or number", "%(num)d addresses and numbers", n),
    ),
    ContactRows(
        Relationship,
        ("subject_id", "object_id"),
        apart=("subject_id", "object_id"),
        combine=_combined(Relationship, "note", "source"),
        counted=lambda n: ngettext("%(num)d relationship", "%(num)d relationships", n),
    ),
    ContactRows(
        Organization,
        ("parent_id",),
        counted=lambda n: ngettext("%(num)d part of it", "%(num)d parts of it", n),
    ),
    Derived(Contact, ("institution_id", "group_id", "party_id")),
    Stays(ContactMerge, ("survivor_id", "absorbed_id"), "it is the record of the merge itself"),
)
