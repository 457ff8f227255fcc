"""The team's own names: they win, cost one query a transaction, and come and go with undo, in every process."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.extensions import db
from crm.places.actions import AliasRefused, Refusal, add_alias, remove_alias
from crm.places.countries import countries_meant, country_code
from crm.places.models import PlaceAlias
from crm.places.regions import region_code
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.queries import queries_of


def _add(label: str, country: str, region: str | None = None) -> PlaceAlias:
    with unit_of_work("add place name", actor="user:1"):
        return add_alias(label, country, region)


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.OFFICER))


def test_a_name_of_the_team_is_understood(app: Flask) -> None:
    assert country_code("Congo") is None
    _add("Congo", "CG")
    _add("Nippon-koku", "JP")
    _add("el principat", "ES", "ES-CT")
    assert country_code("congo") == "CG"
    assert countries_meant("CONGO") == {"CG"}
    assert country_code("nippon koku") == "JP"
    assert region_code("El Principat", "ES") == "ES-CT"
    # In that country's files only.
    assert region_code("El Principat", "FR") is None
    assert country_code("El Principat") is None


def test_it_is_understood_at_once_and_no_more_once_removed(app: Flask) -> None:
    assert country_code("Nippon-koku") is None
    with unit_of_work("add place name", actor="user:1"):
        alias = add_alias("Nippon-koku", "JP")
        assert country_code("Nippon-koku") == "JP"
        remove_alias(alias)
        assert country_code("Nippon-koku") is None


def test_what_was_rolled_back_is_forgotten(app: Flask) -> None:
    def fail() -> None:
        with unit_of_work("add place name", actor="user:1"):
            add_alias("Nippon-koku", "JP")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert country_code("Nippon-koku") is None


def test_many_labels_cost_one_query(app: Flask) -> None:
    def look_up() -> None:
        db.session.rollback()
        for _ in range(50):
            country_code("Spain")
            region_code("Catalonia", "ES")

    assert queries_of(look_up) == 1


def test_what_another_process_adds_is_seen_from_the_next_transaction_on(app: Flask) -> None:
    assert country_code("Nippon-koku") is None
    db.session.rollback()
    with db.engine.connect().execution_options(write=True) as elsewhere, elsewhere.begin():
        values = {"label": "Nippon-koku", "key": "nippon koku", "scope": "", "country": "JP", "region": None}
        elsewhere.execute(sa.insert(PlaceAlias).values(values))
    assert country_code("Nippon-koku") == "JP"


def test_without_an_app_what_ships_is_known() -> None:
    code = "from crm.places.countries import country_code; print(country_code('Ivory Coast'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "CI"


@pytest.mark.parametrize(
    ("label", "country", "region", "reason"),
    [
        ("???", "FR", None, Refusal.UNREADABLE),
        ("😀" * 80, "FR", None, Refusal.UNREADABLE),
        ("France", "FR", None, Refusal.KNOWN),
        ("Catalunya", "ES", "ES-CT", Refusal.KNOWN),
        ("FR", "DE", None, Refusal.CODE),
        ("deu", "FR", None, Refusal.CODE),
        ("Nippon  Koku", "CN", None, Refusal.TAKEN),
    ],
)
def test_names_that_cannot_be_added(app: Flask, label: str, country: str, region: str | None, reason: Refusal) -> None:
    _add("Nippon-koku", "JP")
    with pytest.raises(AliasRefused) as refused:
        _add(label, country, region)
    assert refused.value.reason is reason


def test_a_name_is_added_and_undone(officer: FlaskClient) -> None:
    assert "may be any of these" in officer.get("/place-names?try=Congo").text
    page = officer.post("/place-names", data={"label": "Congo", "country": "CG"}, follow_redirects=True).text
    assert "Congo means Congo - Brazzaville from now on." in page
    assert "It means Congo - Brazzaville." in officer.get("/place-names?try=Congo").text
    [undo] = re.findall(r'action="(/audit/\d+/undo)"', page)
    officer.post(undo)
    assert "No name was added yet" in officer.get("/place-names").text
    assert country_code("Congo") is None


def test_a_name_that_loses_its_meaning_is_told(officer: FlaskClient) -> None:
    page = officer.post("/place-names", data={"label": "Macedonia", "country": "GR"}, follow_redirects=True).text
    assert "Macedonia means Greece from now on, no longer North Macedonia." in page


def test_a_region_is_added_by_its_name(officer: FlaskClient) -> None:
    data = {"label": "el principat", "country": "ES", "region": "Cataluña"}
    page = officer.post("/place-names", data=data, follow_redirects=True).text
    assert "Catalonia, Spain" in page
    assert region_code("El Principat", "ES") == "ES-CT"


def test_a_name_is_removed_and_undone(officer: FlaskClient) -> None:
    alias = _add("Nippon-koku", "JP").id
    page = officer.post(f"/place-names/{alias}/remove", follow_redirects=True).text
    assert "Nippon-koku removed." in page
    assert country_code("Nippon-koku") is None
    [undo] = re.findall(r'action="(/audit/\d+/undo)"', page)
    officer.post(undo)
    assert country_code("Nippon-koku") == "JP"
    assert officer.post("/place-names/999/remove").status_code == 404


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"label": "", "country": "FR"}, "Enter the name as your files have it."),
        ({"label": "Name", "country": ""}, "Choose the country."),
        ({"label": "Name", "country": "FR", "region": "Catalonia"}, "The country has no region of this name"),
        ({"label": "x" * 81, "country": "FR"}, "At most 80 characters."),
        ({"label": "Francia", "country": "FR"}, "understood so already"),
    ],
)
def test_what_cannot_be_added_stays_on_the_form(officer: FlaskClient, data: dict[str, str], message: str) -> None:
    page = officer.post("/place-names", data=data)
    assert page.status_code == 422
    assert message in page.text
    assert f'value="{data["label"]}"' in page.text


def test_the_list_is_paged(officer: FlaskClient) -> None:
    with unit_of_work("add place names", actor="user:1"):
        for number in range(60):
            add_alias(f"Place {number:02}", "FR")
    first = officer.get("/place-names").text
    assert first.count('<th scope="row">') == 50
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    assert officer.get(following.replace("&amp;", "&")).text.count('<th scope="row">') == 10


def test_who_may(client: FlaskClient) -> None:
    viewer = sign_in(client, make_user(Role.VIEWER))
    assert viewer.get("/place-names").status_code == 403
    assert viewer.post("/place-names", data={"label": "Congo", "country": "CG"}).status_code == 403
