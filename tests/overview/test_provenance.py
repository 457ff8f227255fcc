"""Where each thing a contact's page says comes from, and as of when."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.audit.actions import undo
from crm.directory.actions import add_point, update_contact
from crm.directory.merging import merge
from crm.directory.models import Person, PointKind
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.roster_import import import_file, table
from tests.queries import queries_of


def told(client: FlaskClient, contact_id: int) -> dict[str, tuple[str, str, str]]:
    """What the page tells: value, source and day of each thing, by its label."""
    page = client.get(f"/contacts/{contact_id}/sources").text
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[1:]:
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        label, value, origin, day = (" ".join(re.sub("<[^>]*>", "", cell).split()) for cell in cells)
        found[label] = (value, origin, day)
    return found


def test_everything_tells_who_said_it_and_when(client: FlaskClient, tmp_path: Path) -> None:
    user = make_user()
    sign_in(client, user)
    line = {"name": "Ada Alvaro", "epid": "7", "country": "ES", "party": "Blue Party", "email": "ada@people.example"}
    import_file(table(tmp_path / "first.csv", [line]), as_of=date(2025, 1, 2))
    import_file(table(tmp_path / "second.csv", [line | {"gender": "female"}]), as_of=date(2025, 3, 4))
    person = db.session.scalars(sa.select(Person)).one()
    person_id = person.id
    with unit_of_work("edit contact details", actor=f"user:{user.id}"):
        update_contact(person, honorific_prefix="Dr")
    with unit_of_work("edit contact details", actor=f"user:{user.id}") as wrong:
        update_contact(person, country="FR")
    with unit_of_work("undo", actor=f"user:{user.id}"):
        assert wrong.change_set_id is not None
        undo(wrong.change_set_id)
    first, second = "first.csv, 2 Jan 2025", "second.csv, 4 Mar 2025"
    found = told(client, person_id)
    assert found["Name"] == ("Ada Alvaro", first, "2 Jan 2025")
    assert found["Gender"] == ("Female", second, "4 Mar 2025")
    assert found["Country"] == ("Spain", first, "2 Jan 2025")
    assert found["Before the name"][:2] == ("Dr", f"entered by hand by {user.name}")
    assert found["E-mail"] == ("ada@people.example", first, "2 Jan 2025")
    assert ("7", first) in [value[:2] for value in found.values()]

    other = make_person("Ada Alvarez", parliament=None, party=None).id
    with unit_of_work("edit contact details", actor=f"user:{user.id}"):
        changed = db.session.get_one(Person, other)
        update_contact(changed, birth_date=date(1980, 5, 6))
        add_point(changed, PointKind.PHONE, "+32 1", source="her card")
    with unit_of_work("merge contacts", actor="user:99"):
        merge(person_id, other, {"birth_date": date(1980, 5, 6)})
    found = told(client, person_id)
    assert found["Born"][:2] == ("6 May 1980", f"entered by hand by {user.name}")
    assert found["Phone"][:2] == ("+32 1", "her card")
    assert queries_of(lambda: client.get(f"/contacts/{person_id}/sources")) <= 14
