"""Where each fact of a contact comes from and as of when: what it says itself, else what the trail of changes says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext, lazy_gettext, to_user_timezone
from markupsafe import Markup

from crm.accounts.queries import actor_names
from crm.audit.authorship import Written, values_written
from crm.audit.recording import encode
from crm.database import Base
from crm.directory.labels import POINTS, language_label, register_label, role_label, tie_label
from crm.directory.models import (
    Contact,
    ContactKind,
    ContactLanguage,
    ContactMerge,
    ContactPoint,
    ContactTag,
    Identifier,
    Membership,
    OtherName,
    Post,
    Relationship,
)
from crm.directory.offices import Mandate
from crm.directory.record import Record
from crm.extensions import db
from crm.overview.changes import DEEDS
from crm.overview.edit_words import FIELDS, in_words
from crm.roster_import.known import APPLY
from crm.roster_import.models import Import
from crm.roster_import.staging import source_label

_WORDS = {**DEEDS, "load demo": lazy_gettext("invented, for the demo")}
# These only put rows and values where others had written them.
_MOVING = ("merge contacts", "unmerge contacts")
_OF_PEOPLE = (
    "honorific_prefix",
    "name",
    "given_name",
    "family_name",
    "honorific_suffix",
    "gender",
    "birth_date",
    "death_date",
)
_OF_ORGANIZATIONS = ("name", "abbreviation", "parent_id", "founding_date", "dissolution_date", "holders_are")
_OF_BOTH = ("category_override", "country", "region", "forms_of_address", "owner_id")
# What others may have said of an office since it was first told.
_OF_OFFICES = (
    "role",
    "on_behalf_of_id",
    "post_id",
    "start_date",
    "end_date",
    "ended_by",
    "country",
    "region",
    "constituency",
    "term",
)


@dataclass(frozen=True)
class Origin:
    """Where something comes from: in words, the day it is as of, and the import it came with, if it did.

    `told` is what the fact itself names for its source, with the days in it; the trail then adds nothing to it.
    """

    words: str = ""
    on: date | None = None
    import_id: int | None = None
    told: str = ""


@dataclass(frozen=True)
class Fact:
    """One thing the page says, in words, with where it comes from; None where nothing is noted."""

    label: str
    value: Markup | str
    origin: Origin | None


@dataclass
class _Trail:
    """What was written of the rows a page shows, and what the deeds are called."""

    written: Mapping[tuple[str, int], Mapping[str, Sequence[Written]]]
    imports: Mapping[int, Any]
    users: Mapping[str, str]

    def origin(self, written: Written) -> Origin:
        """The deed in words."""
        imported = self.imports.get(written.change_set_id)
        if imported is not None:
            return Origin(source_label(imported.file_name, imported.as_of), imported.as_of, imported.id)
        on = to_user_timezone(written.at).date()
        who = self.users.get(written.actor)
        if who is not None:
            return Origin(gettext("entered by hand by %(who)s", who=who), on)
        return Origin(str(_WORDS.get(written.action, written.action)), on)

    def of(self, model: type[Base], row_ids: Sequence[int], column: str, value: Any) -> Written | None:
        """Who gave this column the value it has, in the first of the rows where somebody did."""
        for row_id in row_ids:
            for written in self.written.get((model.__tablename__, row_id), {}).get(column, ()):
                if written.value == value:
                    return written
        return None

    def of_row(self, model: type[Base], row_id: int, column: str, value: Any, told: str = "") -> Origin | None:
        """Where a row comes from whose `column` says what it is; what it has `told` of its source counts more."""
        written = self.of(model, [row_id], column, value)
        found = self.origin(written) if written else None
        return Origin(on=found.on if found else None, told=told) if told else found


def _absorbed(contact_id: int) -> list[int]:
    """The contacts that have become part of this one, and of those, the last first."""
    found, asked = [], [contact_id]
    while asked:
        of = ContactMerge.survivor_id.in_(asked)
        merged = sa.select(ContactMerge.absorbed_id).where(of, ContactMerge.unmerged_at.is_(None))
        asked = [one for one in db.session.scalars(merged.order_by(ContactMerge.id.desc())) if one not in found]
        found += asked
    return found


def _imports(change_set_ids: Collection[int]) -> dict[int, Any]:
    rows = db.session.execute(
        sa.select(Import.change_set_id, Import.id, Import.file_name, Import.as_of).where(
            Import.change_set_id.in_(change_set_ids)
        )
    )
    return {row.change_set_id: row for row in rows}


def _trail(rows: Mapping[type[Base], Collection[int]]) -> _Trail:
    written = values_written(rows, but_not_by=_MOVING)
    sets = {
        one.change_set_id
        for columns in written.values()
        for each in columns.values()
        for one in each
        if one.action == APPLY
    }
    return _Trail(written, _imports(sets), actor_names())


@dataclass(frozen=True)
class _Described:
    """The languages and the tags (by its id) of a contact, by the ids of the rows that say so."""

    languages: Mapping[int, str]
    tags: Mapping[int, int]


def _described(contact_id: int) -> _Described:
    languages = sa.select(ContactLanguage.id, ContactLanguage.language).where(ContactLanguage.contact_id == contact_id)
    tags = sa.select(ContactTag.id, ContactTag.tag_id).where(ContactTag.contact_id == contact_id)
    return _Described(
        {row.id: row.language for row in db.session.execute(languages.order_by(ContactLanguage.rank))},
        {row.id: row.tag_id for row in db.session.execute(tags.order_by(ContactTag.id))},
    )


def _columns(contact: Contact, record: Record, ids: Sequence[int], trail: _Trail) -> Iterator[Fact]:
    own = _OF_PEOPLE if contact.kind is ContactKind.PERSON else _OF_ORGANIZATIONS
    for name in (*own, *_OF_BOTH):
        value = getattr(contact, name)
        if value in (None, "", {}):
            continue
        stored = encode(value)
        words: Markup | str = in_words(name, stored)
        if name == "parent_id":
            words = record.parent.text0 if record.parent else ""
        elif name == "owner_id":
            words = trail.users.get(f"user:{value}", "")
        written = trail.of(Contact, ids, name, stored)
        yield Fact(str(FIELDS[name]), words, trail.origin(written) if written else None)


def _offices(offices: Sequence[Mandate], trail: _Trail) -> Iterator[Fact]:
    """Each office, and below it whatever another deed than the one that told of it has said of it since."""
    for office in offices:
        first = trail.of(Membership, [office.id], "organization_id", office.organization_id)
        told = trail.of_row(Membership, office.id, "organization_id", office.organization_id, office.source)
        yield Fact(office.post or role_label(office.role), office.organization, told)
        columns = trail.written.get((Membership.__tablename__, office.id), {})
        for name in _OF_OFFICES:
            last = next(iter(columns.get(name, ())), None)
            if last is None or last.value is None or (first and first.change_set_id == last.change_set_id):
                continue
            value = {"on_behalf_of_id": office.on_behalf_of, "post_id": office.post}.get(name, last.value)
            yield Fact(f"{office.organization}: {FIELDS[name]}", in_words(name, value), trail.origin(last))


def _posts(record: Record, trail: _Trail) -> Iterator[Fact]:
    for post in record.posts:
        yield Fact(gettext("Post"), post.label, trail.of_row(Post, post.id, "label", post.label))


def _points(record: Record, trail: _Trail) -> Iterator[Fact]:
    for point in record.points:
        origin = trail.of_row(ContactPoint, point.id, "value", point.value, point.source)
        yield Fact(str(POINTS[point.kind]), point.value, origin)


def _descriptions(record: Record, described: _Described, trail: _Trail) -> Iterator[Fact]:
    for row in record.other_names:
        yield Fact(gettext("Other name"), row.text0, trail.of_row(OtherName, row.id, "name", row.text0))
    for row_id, language in described.languages.items():
        origin = trail.of_row(ContactLanguage, row_id, "language", language)
        yield Fact(gettext("Language"), language_label(language), origin)
    for row in record.identifiers:
        origin = trail.of_row(Identifier, row.id, "value", row.text1)
        yield Fact(register_label(row.text0), row.text1, origin)
    tags = dict(record.tags)
    for row_id, tag_id in described.tags.items():
        yield Fact(gettext("Tag"), tags.get(tag_id, ""), trail.of_row(ContactTag, row_id, "tag_id", tag_id))


def _ties(record: Record, trail: _Trail) -> Iterator[Fact]:
    for tie in record.ties:
        origin = trail.of_row(Relationship, tie.id, "kind", tie.kind.value, tie.source)
        yield Fact(tie_label(tie.kind, tie.backwards), tie.other, origin)


def facts_of(contact: Contact, record: Record, offices: Sequence[Mandate]) -> list[tuple[str, list[Fact]]]:
    """Everything the page says of a contact under the headings of its cards, in seven queries.

    `record` and `offices` hold what this reader may see.
    """
    ids, described = [contact.id, *_absorbed(contact.id)], _described(contact.id)
    trail = _trail(
        {
            Contact: ids,
            ContactLanguage: described.languages,
            ContactPoint: [one.id for one in record.points],
            ContactTag: described.tags,
            Identifier: [one.id for one in record.identifiers],
            Membership: [one.id for one in offices],
            Post: [one.id for one in record.posts],
            OtherName: [one.id for one in record.other_names],
            Relationship: [one.id for one in record.ties],
        }
    )
    parts = [
        (gettext("Details"), list(_columns(contact, record, ids, trail))),
        (gettext("Offices"), list(_offices(offices, trail))),
        (gettext("Posts"), list(_posts(record, trail))),
        (gettext("Ways to reach"), list(_points(record, trail))),
        (gettext("Names, languages, numbers and tags"), list(_descriptions(record, described, trail))),
        (gettext("Relationships"), list(_ties(record, trail))),
    ]
    return [(heading, facts) for heading, facts in parts if facts]
