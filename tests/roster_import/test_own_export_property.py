"""Whatever a directory holds comes back from its own export into an emptied one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.directory.models import (
    ORGANIZATION_CATEGORIES,
    PERSON_CATEGORIES,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Membership,
    Organization,
    OtherName,
    Person,
    PointKind,
    PointStatus,
    Post,
    Relationship,
    RelationshipKind,
)
from crm.directory.projection import project, projected_together
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.rich_directory import DAY
from tests.factories.roster_import import import_file
from tests.roster_import.test_own_export import emptied, exported, whole

# No text of a database has NUL bytes, and no file of text lone surrogates.
_SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_DAYS = st.none() | st.dates(date(1900, 1, 1), date(2030, 1, 1))
_COUNTRIES = st.sampled_from([None, "ES", "FR", "XK"])


def words(most: int) -> st.SearchStrategy[str]:
    return st.text(_SIGNS, min_size=1, max_size=most)


def perhaps(most: int) -> st.SearchStrategy[str | None]:
    return st.none() | words(most)


_DESCRIBED = {
    "name": st.sampled_from(["Same", "SAME", "Other?"]) | words(300),
    "country": _COUNTRIES,
    "region": st.sampled_from([None, "ES-CT", "FR-971"]),
    "forms_of_address": st.dictionaries(st.sampled_from(["fr", "en"]), words(20)),
}
_ORGANIZATION = st.fixed_dictionaries(
    _DESCRIBED
    | {
        "category_override": st.sampled_from(ORGANIZATION_CATEGORIES),
        "abbreviation": perhaps(40),
        "holders_are": st.none() | st.sampled_from(PERSON_CATEGORIES),
        "founding_date": _DAYS,
        "dissolution_date": _DAYS,
    }
)
_PERSON = st.fixed_dictionaries(
    _DESCRIBED
    | {
        "category_override": st.none() | st.sampled_from(PERSON_CATEGORIES),
        "given_name": perhaps(150),
        "family_name": perhaps(150),
        "gender": perhaps(20),
        "birth_date": _DAYS,
        "death_date": _DAYS,
        "honorific_prefix": perhaps(60),
        "honorific_suffix": perhaps(60),
    }
)
_POINT = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([kind for kind in PointKind if kind is not PointKind.EMAIL]),
        "label": st.just("") | words(120),
        "status": st.sampled_from(PointStatus),
        "source": st.just("") | words(200),
    }
)
_MEMBERSHIP = st.fixed_dictionaries(
    {
        "role": words(300),
        "country": _COUNTRIES,
        "region": st.sampled_from([None, "ES-CT"]),
        "constituency": perhaps(200),
        "term": perhaps(40),
        "start_date": _DAYS,
        "end_date": _DAYS,
        "ended_by": _DAYS,
        "source": st.just("") | words(200),
    }
)
_TIE = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(RelationshipKind),
        "start_date": _DAYS,
        "end_date": _DAYS,
        "note": st.just("") | words(300),
        "source": st.just("") | words(200),
    }
)
_NAME = st.fixed_dictionaries(
    {"language": perhaps(20), "note": st.just("") | words(200), "start_date": _DAYS, "end_date": _DAYS}
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    organizations=st.lists(_ORGANIZATION, min_size=2, max_size=3),
    people=st.lists(_PERSON, min_size=1, max_size=3),
    memberships=st.lists(_MEMBERSHIP, max_size=3),
    points=st.lists(_POINT, max_size=2),
    ties=st.lists(_TIE, max_size=1),
    names=st.lists(_NAME, max_size=1),
    texts=st.lists(words(120), min_size=4, max_size=4),
)
def test_any_directory_comes_back(
    app: Flask,
    tmp_path_factory: Any,
    organizations: list[dict[str, Any]],
    people: list[dict[str, Any]],
    memberships: list[dict[str, Any]],
    points: list[dict[str, Any]],
    ties: list[dict[str, Any]],
    names: list[dict[str, Any]],
    texts: list[str],
) -> None:
    emptied()
    with unit_of_work("make", actor="test"), projected_together():
        places = [
            Organization(**one, category=one["category_override"], sort_name="", search_text="")
            for one in organizations
        ]
        holders = [Person(**one, category=PERSON_CATEGORIES[-1], sort_name="", search_text="") for one in people]
        db.session.add_all([*places, *holders])
        db.session.flush()
        places[0].parent_id = places[1].id
        post = Post(organization_id=places[0].id, label=texts[0], region="ES-CT")
        db.session.add(post)
        db.session.flush()
        for at, one in enumerate(memberships):
            held = Membership(
                person_id=holders[0].id,
                organization_id=places[0].id,
                on_behalf_of_id=places[1].id if at else None,
                post_id=None if at else post.id,
                **one,
            )
            db.session.add(held)
            db.session.flush()
        for contact in (places[0], holders[0]):
            db.session.add_all(
                ContactPoint(contact_id=contact.id, value=f"{at}{texts[1]}", **one) for at, one in enumerate(points)
            )
            db.session.add_all(OtherName(contact_id=contact.id, name=texts[2], **one) for one in names)
            db.session.add(ContactSource(contact_id=contact.id, label=texts[3], url="", as_of=None))
            db.session.add(ContactLanguage(contact_id=contact.id, language="mt", rank=0))
        db.session.add_all(Relationship(subject_id=holders[0].id, object_id=places[0].id, **one) for one in ties)
        db.session.flush()
        project(contact.id for contact in [*places, *holders])
    path: Path = exported(tmp_path_factory.mktemp("export") / "directory.json")
    before = whole()
    emptied()
    assert import_file(path, as_of=DAY) == {"new": len(organizations) + len(people)}
    assert whole() == before
