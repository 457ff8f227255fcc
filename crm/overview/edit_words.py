"""What was changed by hand, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask_babel import format_date, gettext, lazy_gettext
from markupsafe import Markup

from crm.audit.models import ChangeKind
from crm.directory.labels import (
    POINTS,
    TIES,
    category_label,
    country_label,
    gender_label,
    language_label,
    region_label,
    role_label,
)
from crm.directory.models import Category, PointKind, PointStatus, RelationshipKind

# What was edited, in the words of the page.
PARTS = {
    "points": lazy_gettext("Way to reach"),
    "identifiers": lazy_gettext("Identifier"),
    "names": lazy_gettext("Other name"),
    "sources": lazy_gettext("Source"),
    "memberships": lazy_gettext("Office"),
    "posts": lazy_gettext("Post"),
    "ties": lazy_gettext("Relationship"),
}
_LABELS = {
    ChangeKind.INSERT: lazy_gettext("Added by hand"),
    ChangeKind.UPDATE: lazy_gettext("Changed by hand"),
    ChangeKind.DELETE: lazy_gettext("Removed by hand"),
}
FIELDS = {
    "abbreviation": lazy_gettext("Short name"),
    "as_of": lazy_gettext("Read on"),
    "birth_date": lazy_gettext("Born"),
    "category_override": lazy_gettext("Category"),
    "constituency": lazy_gettext("Constituency"),
    "country": lazy_gettext("Country"),
    "death_date": lazy_gettext("Died"),
    "dissolution_date": lazy_gettext("Dissolved"),
    "end_date": lazy_gettext("Last day"),
    "ended_by": lazy_gettext("Over by"),
    "family_name": lazy_gettext("Family name"),
    "forms_of_address": lazy_gettext("Forms of address"),
    "founding_date": lazy_gettext("Founded"),
    "gender": lazy_gettext("Gender"),
    "given_name": lazy_gettext("Given name"),
    "holders_are": lazy_gettext("Who holds an office in it is"),
    "honorific_prefix": lazy_gettext("Before the name"),
    "honorific_suffix": lazy_gettext("After the name"),
    "kind": lazy_gettext("Kind"),
    "label": lazy_gettext("Label"),
    "language": lazy_gettext("Language"),
    "languages": lazy_gettext("Languages"),
    "name": lazy_gettext("Name"),
    "note": lazy_gettext("Note"),
    "object_id": lazy_gettext("To whom"),
    "on_behalf_of_id": lazy_gettext("For the group or party"),
    "organization_id": lazy_gettext("Organization"),
    "owner_id": lazy_gettext("Looked after by"),
    "parent_id": lazy_gettext("Part of"),
    "person_id": lazy_gettext("Person"),
    "post_id": lazy_gettext("Post"),
    "region": lazy_gettext("Region"),
    "role": lazy_gettext("Role"),
    "scheme": lazy_gettext("Register"),
    "source": lazy_gettext("Source"),
    "start_date": lazy_gettext("First day"),
    "status": lazy_gettext("Status"),
    "subject_id": lazy_gettext("Relationship"),
    "term": lazy_gettext("Term"),
    "url": lazy_gettext("Web address"),
    "value": lazy_gettext("Value"),
}
_STATUSES = {PointStatus.CURRENT: lazy_gettext("in use"), PointStatus.RETIRED: lazy_gettext("out of use")}


def _day(value: str) -> str:
    return str(format_date(date.fromisoformat(value), "medium"))


def _kind(value: str) -> str:
    if value in set(PointKind):
        return str(POINTS[PointKind(value)])
    return str(TIES[RelationshipKind(value)][0]) if value in set(RelationshipKind) else value


def _category(value: str) -> str:
    return category_label(Category(value)) if value in set(Category) else value


_WORDS: Mapping[str, Callable[[str], str]] = {
    "as_of": _day,
    "birth_date": _day,
    "category_override": _category,
    "country": country_label,
    "death_date": _day,
    "dissolution_date": _day,
    "end_date": _day,
    "ended_by": _day,
    "founding_date": _day,
    "gender": gender_label,
    "holders_are": _category,
    "kind": _kind,
    "language": language_label,
    "region": region_label,
    "role": role_label,
    "start_date": _day,
    "status": lambda value: str(_STATUSES[PointStatus(value)]) if value in set(PointStatus) else value,
}


def _said(column: str, value: Any) -> Markup | None:
    """A value as a reader knows it, in a direction of its own; None for none."""
    if value in (None, "", [], {}):
        return None
    if isinstance(value, list):
        words = ", ".join(language_label(code) for code in value)
    elif column in _WORDS:
        words = _WORDS[column](str(value))
    else:
        words = str(value)
    return Markup("<bdi>{}</bdi>").format(words)


def in_words(column: str, value: Any) -> Markup:
    """The stored value of a column as a reader knows it; of several forms of address, each with its language."""
    if isinstance(value, dict):
        return Markup("; ").join(
            Markup("{}: <bdi>{}</bdi>").format(language_label(code), each) for code, each in value.items()
        )
    return _said(column, value) or Markup("")


def _from_to(before: Markup | None, after: Markup | None) -> Markup:
    # The sentence is ours, what stands in it was escaped above.
    if before and after:
        return _filled(gettext("from %(before)s to %(after)s"), before=before, after=after)
    if after:
        return _filled(gettext("now %(after)s"), after=after)
    return _filled(gettext("no longer %(before)s"), before=before) if before else Markup("")


def _filled(sentence: str, **parts: Markup | None) -> Markup:
    return Markup.escape(sentence) % parts


def _line(column: str, before: Any, after: Any) -> Markup:
    label = str(FIELDS.get(column, column))
    if isinstance(before, dict) or isinstance(after, dict):
        return Markup.escape(label)
    return Markup("{}: {}").format(label, _from_to(_said(column, before), _said(column, after)))


def edit_label(details: Mapping[str, Any]) -> str:
    """Whether something was added, changed or removed."""
    return str(_LABELS[ChangeKind(details["deed"])])


def edited_in_words(details: Mapping[str, Any]) -> list[Markup]:
    """What was edited, and each column of it from what to what; one line each."""
    lines = []
    part = PARTS.get(details["part"])
    if part is not None:
        of = Markup(": <bdi>{}</bdi>").format(details["of"]) if details.get("of") else Markup("")
        lines.append(Markup("{}{}").format(part, of))
    return lines + [_line(*field) for field in details.get("fields", ())]
