"""New lines that resemble somebody known are shown beside them, and a person says whether it is the same one."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.directory.merging import merge
from crm.directory.models import Contact, Person
from crm.extensions import db
from crm.policy import Role
from crm.roster_import.models import ImportRow, RowKind
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.roster_import import apply_staged, stage_file, table


def file_of(path: Path, *people: tuple[str, str, str]) -> Path:
    return table(path, [{"name": name, "country": country, "email": email} for name, country, email in people])


def row_of(name: str) -> ImportRow:
    db.session.rollback()
    return db.session.scalars(sa.select(ImportRow).where(ImportRow.name == name)).one()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_new_line_is_shown_beside_whom_it_resembles(client: FlaskClient, tmp_path: Path) -> None:
    known = make_person("Zoë Müller", email="zoe@old.example", country="DE").id
    make_person("Ada Other", email=None, country="DE")
    far = make_person("Eva Nowak", email=None, country="PL").id
    path = file_of(
        tmp_path / "list.csv",
        ("Zoe Muller-Schmidt", "Germany", "zs@new.example"),
        ("Zoë Mueller", "Germany", "zm@new.example"),
        ("Eva Nowak", "Spain", "eva@new.example"),
        ("Quite Newcomer", "Malta", "q@new.example"),
    )
    staged = stage_file(path)
    assert (staged.counts[RowKind.NEW], staged.survey["alike"]) == (4, 2)
    assert [row_of(name).candidates for name in ("Zoë Mueller", "Eva Nowak", "Quite Newcomer")] == [[known], [], []]

    sign_in(client, make_user(Role.OFFICER))
    page = client.get(f"/imports/{staged.id}")
    assert "2 new rows resemble somebody you know already" in words(page.text)
    listed = words(client.get(f"/imports/{staged.id}?alike=yes").text)
    assert "Quite Newcomer" not in listed
    assert "Resembles Zoë Müller Germany zoe@old.example names alike same country" in listed

    row = row_of("Zoë Mueller")
    client.post(f"/imports/{staged.id}/rows/{row.id}", data={"decision": "accept", "contact": str(known)})
    client.post(
        f"/imports/{staged.id}/rows/{row_of('Zoe Muller-Schmidt').id}", data={"decision": "accept", "contact": ""}
    )
    answer = words(client.get(f"/imports/{staged.id}").text)
    assert "resemble somebody" not in answer
    assert "Same as Zoë Müller" in answer
    apply_staged(staged.id)
    assert row_of("Zoë Mueller").contact_id == known
    assert db.session.get_one(Person, known).name == "Zoë Mueller"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 6
    assert row_of("Eva Nowak").contact_id not in (None, far)


def test_two_lines_cannot_both_be_the_one_they_resemble(client: FlaskClient, tmp_path: Path) -> None:
    known = make_person("Zoë Müller", email=None, country="DE").id
    names = ("Zoë Mueller", "Zoe Muller Vogt")
    path = file_of(tmp_path / "list.csv", *((name, "Germany", "") for name in names))
    staged = stage_file(path)
    sign_in(client, make_user(Role.OFFICER))
    for name in names:
        data = {"decision": "accept", "contact": str(known)}
        client.post(f"/imports/{staged.id}/rows/{row_of(name).id}", data=data)
    counts = apply_staged(staged.id).by_kind()
    assert (counts[RowKind.CHANGED], counts[RowKind.SUSPICIOUS], counts[RowKind.NEW]) == (1, 1, 0)
    assert db.session.get_one(Person, known).name == "Zoë Mueller"


def test_whom_a_line_resembles_follows_a_merge(client: FlaskClient, tmp_path: Path) -> None:
    survivor, absorbed = make_person("Zoe Mullerova", email=None).id, make_person("Zoë Müller", email=None).id
    with unit_of_work("set country", actor="test"):
        for contact_id in (survivor, absorbed):
            db.session.get_one(Contact, contact_id).country = "DE"
    staged = stage_file(file_of(tmp_path / "list.csv", ("Zoë Mueller", "Germany", "")))
    assert absorbed in row_of("Zoë Mueller").candidates
    with unit_of_work("merge", actor="user:1"):
        merge(survivor, absorbed)
    sign_in(client, make_user(Role.OFFICER))
    assert "Zoe Mullerova" in client.get(f"/imports/{staged.id}").text
    data = {"decision": "accept", "contact": str(survivor)}
    client.post(f"/imports/{staged.id}/rows/{row_of('Zoë Mueller').id}", data=data)
    assert row_of("Zoë Mueller").chosen_id == survivor
