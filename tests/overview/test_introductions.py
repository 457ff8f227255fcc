"""Who could introduce us: ways over ties and small organizations, ranked, explained, drawn, at a constant cost."""

from __future__ import annotations

import itertools
import re
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.directory.actions import add_membership, add_relationship, update_contact
from crm.directory.models import Category, Person, RelationshipKind
from crm.directory.neighbours import SMALL
from crm.extensions import db
from crm.overview.introductions import PATHS_SHOWN, Acquaintance, Path, introductions
from crm.pipeline.actions import move_target
from crm.pipeline.models import Stage
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person
from tests.factories.pipeline import make_campaign, make_target
from tests.overview.test_contact_parts import words
from tests.queries import queries_of


def person(name: str) -> Person:
    return make_person(name, parliament=None, group=None, email=None, category=Category.OTHER)


def tie(one: Person, other: Person, kind: RelationshipKind = RelationshipKind.KNOWS, **fields: object) -> None:
    with unit_of_work("tie", actor="test"):
        add_relationship(one, other, kind, **fields)


def own(contact: Person, user_id: int) -> None:
    with unit_of_work("own", actor="test"):
        update_contact(db.session.get_one(Person, contact.id), owner_id=user_id)


def names(paths: list[Path]) -> list[list[str]]:
    return [[place.name for place in path.places] for path in paths]


@pytest.fixture
def target(app: Flask) -> Person:
    return person("Tea Target")


def test_a_way_of_three_steps_is_found_and_one_of_four_is_not(target: Person) -> None:
    user = make_user()
    line = [person(f"Step Number{number}") for number in range(4)]
    tie(target, line[0])
    for near, far in itertools.pairwise(line):
        tie(far, near, RelationshipKind.ADVISES)
    own(line[3], user.id)
    assert introductions(target, user.team_id) == []
    own(line[2], user.id)
    paths = introductions(target, user.team_id)
    assert names(paths) == [["Step Number2", "Step Number1", "Step Number0", "Tea Target"]]
    assert paths[0].places[0].acquaintance is Acquaintance.OWNER


def test_a_small_organization_is_a_way_and_a_parliament_is_none(target: Person) -> None:
    user = make_user()
    committee = make_organization("Committee", category=Category.COMMITTEE)
    parliament = make_organization("Parliament", category=Category.PARLIAMENT)
    colleague, member = person("Cora Colleague"), person("Pat Parliament")
    with unit_of_work("seats", actor="test"):
        for each in (target, colleague):
            add_membership(each, committee)
        for each in (target, member, *(person(f"Mem Ber{number}") for number in range(SMALL - 1))):
            add_membership(each, parliament)
    for each in (colleague, member):
        own(each, user.id)
    assert names(introductions(target, user.team_id)) == [["Cora Colleague", "Tea Target"]]


@pytest.mark.sqlite_only
def test_what_somebody_noted_comes_before_a_party_and_a_small_parliament_is_none(target: Person) -> None:
    user = make_user()
    party = make_organization("Party of Few", category=Category.PARTY)
    parliament = make_organization("Village Parliament", category=Category.PARLIAMENT)
    comrade, member, middle, friend = (person(f"Ann {name}") for name in ("Comrade", "Member", "Middle", "Friend"))
    with unit_of_work("seats", actor="test"):
        for each in (target, comrade, friend):
            add_membership(each, party)
        for each in (target, member):
            add_membership(each, parliament)
    tie(friend, middle)
    tie(middle, target)
    for each in (comrade, member, friend):
        own(each, user.id)
    found = names(introductions(target, user.team_id))
    assert found[0] == ["Ann Friend", "Ann Middle", "Tea Target"]
    assert sorted(found[1:]) == [["Ann Comrade", "Tea Target"], ["Ann Friend", "Tea Target"]]
    # Whom a parliament itself knows are its people, however many.
    assert names(introductions(parliament, user.team_id))[0] == ["Ann Member", "Village Parliament"]


def test_the_stronger_way_comes_first(target: Person) -> None:
    user = make_user()
    committee = make_organization("Committee", category=Category.COMMITTEE)
    friend, former, colleague, foe = (person(f"Ann {name}") for name in ("Friend", "Former", "Colleague", "Foe"))
    with unit_of_work("seats", actor="test"):
        for each in (target, colleague):
            add_membership(each, committee)
    tie(former, target, RelationshipKind.WORKS_FOR, end_date=date(2020, 1, 1))
    tie(friend, target)
    tie(foe, target, RelationshipKind.OPPONENT)
    for each in (friend, former, colleague, foe):
        own(each, user.id)
    assert [path[0] for path in names(introductions(target, user.team_id))] == [
        "Ann Friend",
        "Ann Former",
        "Ann Colleague",
    ]


def test_partners_and_those_in_dialogue_are_known_well_but_only_by_their_team(target: Person) -> None:
    lead, stranger = make_user(team="Ours"), make_user(team="Theirs")
    partner = make_organization("Migrant Forum", category=Category.PARTNER)
    with unit_of_work("member", actor="test"):
        add_membership(target, partner)
    talking = person("Tal King")
    tie(talking, target)
    row = make_target(make_campaign("First things", owner=lead), talking)
    with unit_of_work("move", actor="test"):
        move_target(row.id, Stage.IN_DIALOGUE)
    why = [path.places[0].acquaintance for path in introductions(target, lead.team_id)]
    assert why == [Acquaintance.DIALOGUE, Acquaintance.PARTNER]
    assert [path.places[0].name for path in introductions(target, stranger.team_id)] == ["Migrant Forum"]


def test_a_ministrys_people_lead_to_it(app: Flask) -> None:
    user = make_user()
    ministry = make_organization("Ministry", category=Category.GOVERNMENT)
    clerk, friend = person("Cle Rk"), person("Fri End")
    with unit_of_work("office", actor="test"):
        add_membership(clerk, ministry)
    tie(friend, clerk)
    own(friend, user.id)
    assert names(introductions(ministry, user.team_id)) == [["Fri End", "Cle Rk", "Ministry"]]


def test_the_page_tells_and_draws_the_ways(client: FlaskClient, target: Person) -> None:
    user = make_user(name="Ada Officer")
    officer = sign_in(client, user)
    page = officer.get(f"/contacts/{target.id}/introductions").text
    assert "No way is known yet" in page
    middle, friend = person("Mid <Dle>"), person("Fri End")
    tie(middle, target, RelationshipKind.ADVISES)
    tie(middle, friend, RelationshipKind.REPORTS_TO, end_date=date(2020, 1, 1))
    own(friend, user.id)
    page = officer.get(f"/contacts/{target.id}/introductions").text
    for said in (
        "Ask Fri End (Ada Officer of our team looks after them)",
        "Fri End can speak to Mid <Dle>: Mid <Dle> reports to Fri End (this is over)",
        "Mid <Dle> can speak to Tea Target: Mid <Dle> advises Tea Target",
        "2 steps",
    ):
        assert said in words(page)
    drawing = re.search(r'<svg class="ways-chart".*?</svg>', page, re.DOTALL)
    assert drawing is not None
    for part in ('role="img"', "<title", "<desc", "Mid &lt;Dle&gt;", "Tea Target"):
        assert part in drawing[0]
    assert "style=" not in drawing[0]
    assert f'href="/contacts/{target.id}/introductions"' in officer.get(f"/contacts/{target.id}").text


def test_ways_cost_the_same_however_many_there_are(client: FlaskClient, target: Person) -> None:
    user = make_user()
    officer = sign_in(client, user)
    line = [person(f"Step Number{number}") for number in range(3)]
    for near, far in zip([target, *line], line, strict=False):
        tie(near, far)
    own(line[2], user.id)
    few = queries_of(lambda: officer.get(f"/contacts/{target.id}/introductions"))
    for number in range(12):
        more = [person(f"More Number{number}x{step}") for step in range(3)]
        for near, far in zip([target, *more], more, strict=False):
            tie(near, far)
        own(more[2], user.id)
    assert queries_of(lambda: officer.get(f"/contacts/{target.id}/introductions")) == few
    assert few <= 14
    assert len(introductions(target, user.team_id)) == PATHS_SHOWN
