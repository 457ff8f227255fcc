"""Writes of many contacts at once, as an import makes them: few statements for thousands of rows, each with its trail.

Rows are columns by name. Derived columns are written by `project` at the end of `projected_together()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm.audit.bulk import RowUpdate, insert_rows, update_rows
from crm.directory.models import (
    Category,
    ContactKind,
    ContactPoint,
    Identifier,
    Membership,
    Organization,
    Person,
    PointKind,
)
from crm.directory.projection import project, sort_name_of, sort_name_of_organization

Row = Mapping[str, Any]


def add_people(rows: Sequence[Row]) -> list[int]:
    """New people, by the columns of Person that are known; their ids in the same order."""
    ids = insert_rows(
        Person,
        [
            {
                **row,
                "kind": ContactKind.PERSON,
                "category": row.get("category_override") or Category.OTHER,
                "sort_name": sort_name_of(row["name"], row.get("given_name"), row.get("family_name")),
            }
            for row in rows
        ],
    )
    project(ids)
    return ids


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


def add_memberships(rows: Sequence[Row]) -> list[int]:
    """New memberships; their ids in the same order."""
    ids = insert_rows(Membership, rows)
    project(row["person_id"] for row in rows)
    return ids


def add_points(rows: Sequence[Row]) -> None:
    """New contact points; e-mail addresses come normalized (`crm.directory.actions.normalize_address`)."""
    insert_rows(ContactPoint, rows)
    project(row["contact_id"] for row in rows if row["kind"] is PointKind.EMAIL)


def update_people(updates: Sequence[RowUpdate]) -> None:
    """New values in columns of people."""
    update_rows(Person, updates)
    project(update.row_id for update in updates)


def update_memberships(updates: Sequence[RowUpdate], people: Sequence[int]) -> None:
    """New values in columns of memberships; `people` are those who hold them."""
    update_rows(Membership, updates)
    project(people)


def update_points(updates: Sequence[RowUpdate], contacts: Sequence[int]) -> None:
    """New values in columns of contact points; `contacts` are those they belong to."""
    update_rows(ContactPoint, updates)
    project(contacts)
