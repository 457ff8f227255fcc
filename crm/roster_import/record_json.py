"""Records as JSON, which is how the rows of imports keep them."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from crm.roster_import.records import OrganizationRecord, Record

_RECORD = TypeAdapter(Record)
_ORGANIZATION = TypeAdapter(OrganizationRecord)


def as_json(item: Record | OrganizationRecord) -> dict[str, Any]:
    """The record as `ImportRow.record` keeps it."""
    if isinstance(item, OrganizationRecord):
        return dict(_ORGANIZATION.dump_python(item, mode="json"))
    return dict(_RECORD.dump_python(item, mode="json"))


def from_json(record: dict[str, Any]) -> Record | OrganizationRecord:
    """The record that `ImportRow.record` keeps."""
    if record.get("about") == "organization":
        return _ORGANIZATION.validate_python(record)
    return _RECORD.validate_python(record)
