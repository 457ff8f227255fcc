"""What we write as Popolo is what Popolo's own schemas ask for."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from flask import Flask

from crm.directory.actions import add_membership, add_point, create_organization, set_point_status
from crm.directory.models import Category, ContactSource, Identifier, OtherName, PointKind, PointStatus, Post
from crm.exports.popolo import document
from crm.exports.queries import contact_ids
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.conftest import SHARED_DATA
from tests.factories.directory import make_person

SCHEMAS = SHARED_DATA / "standards" / "popolo" / "schemas"
CLASSES = {
    "persons": "person",
    "organizations": "organization",
    "memberships": "membership",
    "posts": "post",
    "areas": "area",
}
_TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "object": dict, "array": list, "null": type(None)}


def faults(value: Any, name: str, where: str) -> list[str]:
    """What the schema of that name (JSON Schema, draft 3) finds wrong; properties it does not name are free."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    found = []
    for key, rule in schema["properties"].items():
        place = f"{where}.{key}"
        if key not in value:
            found += [f"{place} is missing"] if rule.get("required") else []
            continue
        found += _fault(value[key], rule, place)
    return found


def _fault(value: Any, rule: dict[str, Any], place: str) -> list[str]:
    if "$ref" in rule:
        return faults(value, re.sub(r".*/(\w+)\.json#", r"\1", rule["$ref"]), place)
    types = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    if not any(isinstance(value, _TYPES[one]) for one in types):
        return [f"{place} is {value!r}, not {types}"]
    if "pattern" in rule and value is not None and not re.search(rule["pattern"], value):
        return [f"{place} is {value!r}, not {rule['pattern']}"]
    items = value if isinstance(value, list) and "items" in rule else []
    return [fault for index, one in enumerate(items) for fault in _fault(one, rule["items"], f"{place}[{index}]")]


@pytest.mark.sqlite_only
def test_every_class_of_a_document_is_as_its_schema_says(app: Flask) -> None:
    if not SCHEMAS.is_dir():
        pytest.skip(f"no {SCHEMAS}")
    person = make_person("Ada Invented", party="Reform", identifiers={"wikidata": "Q1"})
    with unit_of_work("describe", actor="test"):
        above = create_organization("Government", category=Category.GOVERNMENT, country="ES")
        ministry = create_organization(
            "Ministry", category=Category.GOVERNMENT, country="ES", region="ES-CT", parent_id=above.id
        )
        ministry.founding_date = date(1900, 1, 1)
        post = Post(organization_id=ministry.id, label="Minister", country="ES")
        db.session.add(post)
        db.session.flush()
        add_membership(person, ministry, post_id=post.id, start_date=date(2020, 1, 1), region="ES-CT", country="ES")
        set_point_status(add_point(person, PointKind.PHONE, "+34 1"), PointStatus.RETIRED)
        add_point(ministry, PointKind.EMAIL, "post@ministry.example")
        person.birth_date = date(1970, 1, 2)
        db.session.add_all(
            [
                OtherName(contact_id=person.id, name="Ада", language="ru", start_date=date(1990, 1, 1)),
                ContactSource(contact_id=person.id, label="A page", url="https://page.example/"),
                ContactSource(contact_id=person.id, label="By hand"),
                Identifier(contact_id=ministry.id, scheme="wikidata", value="Q2"),
            ]
        )
    found = json.loads("".join(document(contact_ids({}))))
    for name, schema in CLASSES.items():
        assert found[name], name
        for one in found[name]:
            assert faults(one, schema, name) == []
    assert {area["id"] for area in found["areas"]} == {"ES", "ES-CT"}
    assert faults({"contact_details": [{"type": 1}]}, "person", "x") == [
        "x.contact_details[0].type is 1, not ['string']",
        "x.contact_details[0].value is missing",
    ]
