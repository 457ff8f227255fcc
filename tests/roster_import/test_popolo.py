"""Popolo JSON: documents of others, and our own exports read back."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.actions import add_membership, create_organization
from crm.directory.models import (
    Category,
    Contact,
    ContactKind,
    ContactLanguage,
    ContactPoint,
    Identifier,
    Membership,
    OtherName,
    Person,
    PointStatus,
    Post,
)
from crm.exports.popolo import document
from crm.exports.queries import contact_ids
from crm.extensions import db
from crm.roster_import.readers import open_roster
from crm.roster_import.records import BadLine, Item, Problem, Record, UnreadableRoster
from crm.unit_of_work import unit_of_work
from tests.conftest import SHARED_DATA
from tests.factories.directory import make_organization, make_person
from tests.factories.roster_import import import_file

PARLIAMENTS = SHARED_DATA / "parliaments"


def write(path: Path, **lists: Any) -> Path:
    path.write_text(json.dumps(lists), encoding="utf-8")
    return path


def read(path: Path) -> list[Item]:
    return list(open_roster(path, path.name).records())


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("country", "chamber", "people", "mandates", "split", "with_address"),
    [
        ("Spain", "Congress", 397, 397, 397, 254),
        ("Serbia", "National_Assembly", 251, 251, 22, 0),
        ("South_Korea", "National_Assembly", 296, 298, 274, 280),
    ],
)
def test_real_parliaments(
    app: Flask, country: str, chamber: str, people: int, mandates: int, split: int, with_address: int
) -> None:
    path = PARLIAMENTS / country / chamber / "ep-popolo-v1.0.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    found = read(path)
    records = [one for one in found if isinstance(one, Record)]
    assert len(records) == len(found) == people
    assert sum(len(one.mandates) for one in records) == mandates
    assert sum(one.family_name is not None for one in records) == split
    assert sum(bool(one.emails) for one in records) == with_address
    assert all(mandate.term and mandate.group for one in records for mandate in one.mandates)
    assert all(("everypolitician", one.identifiers[-1][1]) == one.identifiers[-1] for one in records)
    assert not any(scheme == "everypolitician_legacy" for one in records for scheme, _value in one.identifiers)


@pytest.mark.sqlite_only
def test_two_parliaments_of_one_name_stay_two_and_nothing_is_done_twice(app: Flask) -> None:
    paths = [
        PARLIAMENTS / country / "National_Assembly" / "ep-popolo-v1.0.json" for country in ("Serbia", "South_Korea")
    ]
    if not all(path.is_file() for path in paths):
        pytest.skip(f"no {PARLIAMENTS}")
    assert [import_file(path, as_of=date(2015, 6, 1)) for path in paths] == [{"new": 251}, {"new": 296}]
    assemblies = db.session.scalars(sa.select(Contact.country).where(Contact.name == "National Assembly")).all()
    assert set(assemblies) == {"RS", "KR"}
    assert len(assemblies) == 2
    assert [import_file(path, as_of=date(2015, 6, 1)) for path in paths] == [{"unchanged": 251}, {"unchanged": 296}]


@pytest.mark.sqlite_only
def test_a_parliament_without_its_country_is_refused(app: Flask, tmp_path: Path) -> None:
    lists = {
        "persons": [{"id": "1", "name": "Ada One"}],
        "events": [{"id": "term/1", "classification": "legislative period", "name": "First"}],
    }
    with pytest.raises(UnreadableRoster, match="which country's parliament"):
        read(write(tmp_path / "popolo.json", **lists))
    assert len(read(write(tmp_path / "South_Korea_popolo.json", **lists))) == 1


@pytest.mark.sqlite_only
def test_embedded_and_separate_memberships_both_count_in_any_order(app: Flask, tmp_path: Path) -> None:
    path = write(
        tmp_path / "some.json",
        memberships=[{"person_id": "p", "organization_id": "m", "post_id": "post", "start_date": "2020-01"}],
        persons=[
            {
                "id": "p",
                "name": "Ada One",
                "birth_date": "1970",
                "gender": "Female",
                "contact_details": [{"type": "cell", "value": "0034 1"}, {"type": "email", "value": "no address"}],
                "memberships": [
                    {"organization": {"name": "Reform", "classification": "party"}, "start_date": "2019-02-01"}
                ],
            },
            {"id": "nameless"},
        ],
        organizations=[
            {
                "id": "m",
                "name": "Ministry of Work",
                "classification": "ministry",
                "posts": [{"id": "post", "label": "Minister"}],
            }
        ],
    )
    first, second = read(path)
    assert isinstance(first, Record)
    (mandate,) = first.mandates
    assert (mandate.institution, mandate.category, mandate.post) == (
        "Ministry of Work",
        Category.GOVERNMENT,
        "Minister",
    )
    assert mandate.start is None, "a month is no day"
    assert first.birth_date is None
    assert first.gender == "female"
    assert first.phones == ("+34 1",)
    (affiliation,) = first.affiliations
    assert (affiliation.organization, affiliation.category) == ("Reform", Category.PARTY)
    assert affiliation.start == date(2019, 2, 1)
    assert [(doubt.field, doubt.problem) for doubt in first.doubts] == [("email", Problem.NOT_AN_ADDRESS)]
    assert isinstance(second, BadLine)
    assert second.problem is Problem.NO_NAME


@pytest.mark.sqlite_only
@pytest.mark.parametrize("text", ['{"persons": [', '{"persons": [{"name": "A"}', '{"persons": [' + '{"a": ' * 100])
def test_damage_is_refused_with_its_line(app: Flask, tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableRoster, match="Line 1"):
        read(path)


def known() -> dict[str, set[tuple[Any, ...]]]:
    """What is known of people, without numbers and sources."""
    db.session.rollback()
    holder, place, behalf = (Contact.__table__.alias(name) for name in ("holder", "place", "behalf"))
    one = Membership
    return {
        "people": {
            tuple(row)
            for row in db.session.execute(
                sa.select(
                    Person.name,
                    Person.given_name,
                    Person.family_name,
                    Person.country,
                    Person.gender,
                    Person.birth_date,
                    Person.honorific_prefix,
                    Person.category,
                )
            )
        },
        "memberships": {
            tuple(row)
            for row in db.session.execute(
                sa.select(
                    holder.c.name,
                    place.c.name,
                    behalf.c.name,
                    Post.label,
                    one.role,
                    one.constituency,
                    one.region,
                    one.term,
                    one.start_date,
                    one.end_date,
                )
                .join(holder, holder.c.id == one.person_id)
                .join(place, place.c.id == one.organization_id)
                .outerjoin(behalf, behalf.c.id == one.on_behalf_of_id)
                .outerjoin(Post, Post.id == one.post_id)
            )
        },
        "organizations": {
            tuple(row)
            for row in db.session.execute(
                sa.select(Contact.name, Contact.category).where(Contact.kind == ContactKind.ORGANIZATION)
            )
        },
        **{
            model.__tablename__: {
                tuple(row)
                for row in db.session.execute(
                    sa.select(Contact.name, *columns)
                    .join(Contact, Contact.id == model.contact_id)
                    .where(Contact.kind == ContactKind.PERSON)
                )
            }
            for model, columns in (
                (ContactPoint, (ContactPoint.kind, ContactPoint.value)),
                (Identifier, (Identifier.scheme, Identifier.value)),
                (OtherName, (OtherName.name,)),
                (ContactLanguage, (ContactLanguage.language, ContactLanguage.rank)),
            )
        },
    }


def test_people_come_back_from_our_own_export_as_they_were(app: Flask, tmp_path: Path) -> None:
    person = make_person("Ada de Invented", country="ES", party="Partido Inventado", identifiers={"wikidata": "Q7"})
    make_person("Bo Other", country="SE", ended=date(2025, 1, 1))
    with unit_of_work("describe", actor="test"):
        ministry = create_organization("Ministry of Work", category=Category.GOVERNMENT, country="ES")
        post = Post(organization_id=ministry.id, label="Minister")
        db.session.add(post)
        db.session.flush()
        add_membership(
            person, ministry, post_id=post.id, start_date=date(2019, 1, 1), end_date=date(2023, 1, 1), country="ES"
        )
        db.session.add_all(
            [
                OtherName(contact_id=person.id, name="Ада"),
                ContactLanguage(contact_id=person.id, language="fr", rank=0),
                ContactLanguage(contact_id=person.id, language="en", rank=1),
            ]
        )
        person.gender, person.birth_date, person.honorific_prefix = "female", date(1970, 1, 2), "Dr"
    path = tmp_path / "directory.json"
    path.write_text("".join(document(contact_ids({"kind": "person"}))), encoding="utf-8")
    before = known()
    day = date(2026, 1, 1)
    assert import_file(path, as_of=day) == {"unchanged": 6}, "nothing is news to where it came from"
    assert known() == before
    with db.engine.begin() as connection:
        empty(connection)
    db.session.rollback()
    assert import_file(path, as_of=day) == {"new": 6}
    assert known() == before
    assert import_file(path, as_of=day) == {"unchanged": 6}
    assert db.session.scalar(sa.select(ContactPoint.status).limit(1)) is PointStatus.CURRENT


def empty(connection: sa.Connection) -> None:
    """Remove every row of the directory."""
    connection.execute(sa.update(Contact).values(institution_id=None, group_id=None, party_id=None, owner_id=None))
    for table in reversed(Contact.metadata.sorted_tables):
        connection.execute(sa.delete(table))


def test_organizations_need_no_people(app: Flask) -> None:
    organization = make_organization("Alone", category=Category.PARTNER)
    found = json.loads("".join(document([organization.id])))
    assert [one["name"] for one in found["organizations"]] == ["Alone"]
    assert found["persons"] == found["memberships"] == []
