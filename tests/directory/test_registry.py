"""Every table that names a contact has said how its rows follow one into a merge."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from crm.database import Base
from crm.directory import registry
from crm.directory.comparison import NOT_COMPARED, fields_of
from crm.directory.models import ContactKind

# What a column is called that names a contact though no foreign key says so.
NAMES = {
    "contact_id",
    "person_id",
    "organization_id",
    "subject_id",
    "object_id",
    "one_id",
    "other_id",
    "chosen_id",
    "survivor_id",
    "absorbed_id",
}
# Columns of such a name that need not follow, and why.
NOT_FOLLOWING = {("search_posting", "subject_id"): "derived: the projection and the merge itself keep the search index"}
FEWEST = 20


def columns_naming_contacts() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for table in Base.metadata.tables.values():
        for column in table.columns:
            points = any(key.target_fullname == "contact.id" for key in column.foreign_keys)
            elsewhere = bool(column.foreign_keys) and not points
            if points or (column.name in NAMES and not elsewhere):
                found.add((table.name, column.name))
    return found - NOT_FOLLOWING.keys()


def test_every_column_that_names_a_contact_has_joined(app: Flask) -> None:
    named = columns_naming_contacts()
    assert len(named) >= FEWEST
    missing = named - registry.joined_columns()
    assert not missing, f"say in the feature's contact_rows.py how these rows follow a contact into a merge: {missing}"


def test_what_has_joined_exists(app: Flask) -> None:
    for table, column in registry.joined_columns():
        assert column in Base.metadata.tables[table].c, f"{table}.{column}"


def test_unique_columns_are_known_as_keys(app: Flask) -> None:
    target = registry.rows_of("target")
    assert target is not None
    assert target.keys("contact_id") == [("campaign_id", "contact_id")]
    identifier = registry.rows_of("identifier")
    assert identifier is not None
    assert identifier.keys("contact_id") == []
    assert isinstance(identifier.table, sa.Table)


def test_every_column_of_a_contact_is_compared(app: Flask) -> None:
    compared = {name for kind in ContactKind for field in fields_of(kind) for name in field.columns}
    assert compared | NOT_COMPARED == set(Base.metadata.tables["contact"].c.keys())
