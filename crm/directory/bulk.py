"""Writes of many contacts at once, as an import makes them: few statements for thousands of rows, each with its trail.

Rows are columns by name. Derived columns of new people are written with the row, all others by `project` at the end of
`projected_together()`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import RowUpdate, insert_rows, update_rows
from crm.directory.models import (
    DIRECTED,
    Category,
    Contact,
    ContactKind,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Person,
    PointKind,
    Post,
    Relationship,
)
from crm.directory.projection import (
    CHUNK,
    TOLD_OF_MEMBERS,
    derived_columns,
    project,
    project_members,
)
from crm.directory.regional import in_country
from crm.directory.sort_names import sort_name_of_organization
from crm.directory.standing import Mandate, standing
from crm.extensions import db
from crm.policy import visible_to
from crm.search_index.actions import TextChange, keep_words, words_of

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Prospect:
    """What a new person is given in the same unit of work: memberships, the address letters go to, other names."""

    mandates: Sequence[Mandate] = ()
    address: str | None = None
    other_names: Sequence[str] = ()


@dataclass(frozen=True)
class _Newcomer:
    """A new person as the projection reads it."""

    name: str
    given_name: str | None
    family_name: str | None
    country: str | None
    region: str | None
    category_override: Category | None
    kind: ContactKind = ContactKind.PERSON


def add_people(rows: Sequence[Row], prospects: Sequence[Prospect] | None = None) -> list[int]:
    """New people, by the columns of Person that are known; their ids in the same order.

    With what each is about to be given, the derived columns are written with the row rather than after it: name these
    people as `foreseen` to those who write it then.
    """
    expected = [Prospect()] * len(rows) if prospects is None else prospects
    whole = [
        {"kind": ContactKind.PERSON, **row, **_derived(row, prospect)}
        for row, prospect in zip(rows, expected, strict=True)
    ]
    ids = insert_rows(Person, whole)
    keep_words(
        TextChange(contact_id, {}, words_of(row["sort_name"], row["search_text"]))
        for contact_id, row in zip(ids, whole, strict=True)
    )
    return ids


def _derived(row: Row, prospect: Prospect) -> Row:
    newcomer = _Newcomer(
        row["name"],
        row.get("given_name"),
        row.get("family_name"),
        row.get("country"),
        row.get("region"),
        row.get("category_override"),
    )
    held = standing(prospect.mandates, clock.today())
    return derived_columns(newcomer, held, prospect.address, prospect.other_names)


def add_organizations(rows: Sequence[Row]) -> list[int]:
    """New organizations, by the columns of Organization that are known; their ids in the same order."""
    ids = insert_rows(
        Organization,
        [
            {
                **row,
                "kind": ContactKind.ORGANIZATION,
                "category": row["category_override"],
                "sort_name": sort_name_of_organization(row["name"], row.get("abbreviation")),
            }
            for row in rows
        ],
    )
    project(ids)
    return ids


def add_identifiers(rows: Sequence[Row]) -> None:
    """New identifiers; the database refuses one that is taken."""
    insert_rows(Identifier, rows)


def add_memberships(rows: Sequence[Row], foreseen: Collection[int] = ()) -> list[int]:
    """New memberships; their ids in the same order. `foreseen` are people added with them as prospects."""
    ids = insert_rows(Membership, rows)
    project(row["person_id"] for row in rows if row["person_id"] not in foreseen)
    return ids


def add_posts(rows: Sequence[Row]) -> list[int]:
    """New posts; their ids in the same order. The database refuses a second one of the same label."""
    return insert_rows(Post, rows)


def update_posts(updates: Sequence[RowUpdate]) -> None:
    """New values in columns of posts."""
    update_rows(Post, updates)


def add_other_names(rows: Sequence[Row], foreseen: Collection[int] = ()) -> None:
    """New names of contacts, beside the one each goes by. `foreseen` are people added with them as prospects."""
    insert_rows(OtherName, rows)
    project(row["contact_id"] for row in rows if row["contact_id"] not in foreseen)


def add_languages(rows: Sequence[Row]) -> None:
    """New languages of contacts."""
    insert_rows(ContactLanguage, rows)


def note_source(contact_ids: Sequence[int], label: str, as_of: date) -> None:
    """Note that a source describes these contacts on a day; where it is noted already, the later day counts."""
    for start in range(0, len(contact_ids), CHUNK):
        chunk = sorted(set(contact_ids[start : start + CHUNK]))
        known = {
            row.contact_id: row
            for row in db.session.execute(
                sa.select(ContactSource.id, ContactSource.contact_id, ContactSource.as_of).where(
                    ContactSource.contact_id.in_(chunk), ContactSource.label == label, ContactSource.url == ""
                )
            )
        }
        insert_rows(
            ContactSource,
            [{"contact_id": one, "label": label, "as_of": as_of} for one in chunk if one not in known],
        )
        update_rows(
            ContactSource,
            [
                RowUpdate(row.id, {"as_of": row.as_of}, {"as_of": as_of})
                for row in known.values()
                if row.as_of is None or row.as_of < as_of
            ],
        )


def add_sources(rows: Sequence[Row]) -> None:
    """New sources of contacts; those noted already are left as they are."""
    known: set[tuple[Any, ...]] = set()
    owners = sorted({row["contact_id"] for row in rows})
    for start in range(0, len(owners), CHUNK):
        noted = sa.select(ContactSource.contact_id, ContactSource.label, ContactSource.url)
        chunk = owners[start : start + CHUNK]
        known |= {tuple(row) for row in db.session.execute(noted.where(ContactSource.contact_id.in_(chunk)))}
    news = {(row["contact_id"], row["label"], row["url"]): row for row in rows}
    insert_rows(ContactSource, [row for key, row in news.items() if key not in known])


def add_relationships(rows: Sequence[Row]) -> None:
    """New ties that everybody sees; of those known already, from whichever side, no second one is made."""

    def key(row: Any, *, turned: bool = False) -> tuple[Any, ...]:
        ends = (row["subject_id"], row["object_id"])
        return (*(reversed(ends) if turned else ends), row["kind"], row["start_date"])

    columns = (Relationship.subject_id, Relationship.object_id, Relationship.kind, Relationship.start_date)
    known: set[tuple[Any, ...]] = set()
    ends = sorted({row[end] for row in rows for end in ("subject_id", "object_id")})
    for start in range(0, len(ends), CHUNK):
        ties = sa.select(*columns).where(
            visible_to(Relationship.team_id, None), Relationship.subject_id.in_(ends[start : start + CHUNK])
        )
        known |= {tuple(row) for row in db.session.execute(ties)}
    news: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        same = {key(row)} if row["kind"] in DIRECTED else {key(row), key(row, turned=True)}
        if row["subject_id"] != row["object_id"] and same.isdisjoint(known) and same.isdisjoint(news):
            news[key(row)] = row
    insert_rows(Relationship, list(news.values()))


def add_points(rows: Sequence[Row], foreseen: Collection[int] = ()) -> None:
    """New contact points; e-mail addresses come normalized (`crm.directory.actions.normalize_address`).

    `foreseen` are people added with their address as a prospect.
    """
    insert_rows(ContactPoint, rows)
    addressed = (row["contact_id"] for row in rows if row["kind"] is PointKind.EMAIL)
    project(contact_id for contact_id in addressed if contact_id not in foreseen)


def update_people(updates: Sequence[RowUpdate]) -> None:
    """New values in columns of people."""
    update_rows(Person, updates)
    project(update.row_id for update in updates)


def update_organizations(updates: Sequence[RowUpdate]) -> None:
    """New values in columns of organizations, whose members carry some of them."""
    update_rows(Organization, updates)
    project(update.row_id for update in updates)
    for update in updates:
        if not TOLD_OF_MEMBERS.isdisjoint(update.after):
            project_members(update.row_id)


def update_memberships(updates: Sequence[RowUpdate], people: Sequence[int]) -> None:
    """New values in columns of memberships; `people` are those who hold them."""
    update_rows(Membership, updates)
    project(people)


def update_points(updates: Sequence[RowUpdate], contacts: Sequence[int]) -> None:
    """New values in columns of contact points; `contacts` are those they belong to."""
    update_rows(ContactPoint, updates)
    project(contacts)


def place_contacts(contact_ids: Sequence[int], country: str, region: str | None) -> int:
    """Put these contacts into a country (alpha-2), and a region of it (ISO 3166-2); how many were elsewhere.

    Without a region, each keeps its own where that lies in the country.
    """
    known = sa.select(Contact.id, Contact.kind, Contact.country, Contact.region).where(Contact.id.in_(contact_ids))
    updates, organizations = [], []
    for row in db.session.execute(known.order_by(Contact.id).with_for_update(of=Contact)):
        kept = row.region if in_country(row.region, country) else None
        before, after = {"country": row.country, "region": row.region}, {"country": country, "region": region or kept}
        if before != after:
            updates.append(RowUpdate(row.id, before, after))
            organizations += [row.id] if row.kind is ContactKind.ORGANIZATION else []
    update_rows(Contact, updates)
    project(update.row_id for update in updates)
    for organization_id in organizations:
        project_members(organization_id)
    return len(updates)


def assign_contacts(contact_ids: Sequence[int], owner_id: int | None) -> int:
    """Let one of us (or nobody) look after these contacts; how many changed hands."""
    held = sa.select(Contact.id, Contact.owner_id).where(
        Contact.id.in_(contact_ids), Contact.owner_id.is_distinct_from(owner_id)
    )
    updates = [
        RowUpdate(row.id, {"owner_id": row.owner_id}, {"owner_id": owner_id})
        # One order for everyone, so that two bulk changes cannot lock each other out.
        for row in db.session.execute(held.order_by(Contact.id).with_for_update(of=Contact))
    ]
    update_rows(Contact, updates)
    return len(updates)
