"""The list filters, shows and sorts by current stances, as the reader's team sees them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from flask import Flask
from flask.testing import FlaskClient

from crm import i18n
from crm.extensions import db
from crm.overview.bulk import Chosen
from crm.overview.filters import ListFilter
from crm.overview.list_state import ListState
from crm.policy import Role
from crm.stances.models import Stance
from crm.treaties.models import Treaty
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.stances import make_statement
from tests.factories.treaties import icrmw

NAME = re.compile(r'<th scope="row"><a href="/contacts/\d+"><bdi>[^<]* (\w+)</bdi>')


def names(client: FlaskClient, address: str) -> list[str]:
    """Family names in the order of the list."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return NAME.findall(answer.text)


def test_the_list_filters_and_sorts_by_stance_and_a_teams_own_stays_its_own(app: Flask) -> None:
    officer, foreign = make_user(Role.OFFICER, team="Geneva"), make_user(Role.ADMIN, team="Brussels")
    own = officer.team_id
    today = i18n.today()
    people = {name: make_person(f"Ada {name}").id for name in ("Alver", "Brand", "Cass", "Dom", "Ester")}
    make_statement(people["Alver"], Stance.OPPOSED, today - timedelta(days=40))
    make_statement(people["Brand"], Stance.CHAMPION, date(2020, 1, 1))
    make_statement(people["Cass"], Stance.SUPPORTIVE, today)
    make_statement(people["Cass"], Stance.OPPOSED, today, team_id=own)
    make_statement(people["Dom"], Stance.CHAMPION, today, team_id=own)
    treaty = icrmw().id
    with unit_of_work("add treaty", actor="test"):
        other = Treaty(code="C143", name="ILO Convention 143")
        db.session.add(other)
        db.session.flush()
        second = other.id
    ours, theirs = sign_in(app.test_client(), officer), sign_in(app.test_client(), foreign)
    expected = {
        "stance=champion": (["Brand", "Dom"], ["Brand"]),
        "stance=opposed": (["Alver", "Cass"], ["Alver"]),
        "stance=supportive": ([], ["Cass"]),
        "stance=supportive,opposed": (["Alver", "Cass"], ["Alver", "Cass"]),
        "stance=unknown": (["Ester"], ["Dom", "Ester"]),
        "stance=stale": (["Brand"], ["Brand"]),
        "stance=stale&stance=unknown": (["Brand", "Ester"], ["Brand", "Dom", "Ester"]),
        f"stance=champion&treaty={treaty}": (["Brand", "Dom"], ["Brand"]),
        f"stance=champion&treaty={second}": ([], []),
        "sort=stance": (["Brand", "Dom", "Alver", "Cass", "Ester"], ["Brand", "Cass", "Alver", "Dom", "Ester"]),
        "sort=-stance": (["Ester", "Cass", "Alver", "Dom", "Brand"], ["Ester", "Dom", "Alver", "Cass", "Brand"]),
    }
    for address, (for_us, for_them) in expected.items():
        assert names(ours, f"/contacts?{address}") == for_us, address
        assert names(theirs, f"/contacts?{address}") == for_them, address
    page = ours.get("/contacts?sort=stance").text
    assert page.count("out of date") == 1
    assert 'aria-sort="ascending"' in page
    assert ours.get("/contacts?stance=nonsense").status_code == 400
    assert "Champion" in ours.get("/contacts/filters/stance").text
    assert "C143" in ours.get("/contacts/filters/treaty").text
    # What the worker does later goes by what the one who asked could see.
    wanted = ListFilter.from_args({"stance": "champion"}, own)
    kept = Chosen(wanted=wanted).to_json()
    assert "team" not in str(kept)
    assert Chosen.from_json(kept, own).resolved() == [people["Brand"], people["Dom"]]
    assert Chosen.from_json(kept, None).resolved() == [people["Brand"]]
    state = ListState.from_args({"stance": "champion", "treaty": f"{treaty}", "sort": "-stance"}, own)
    assert ListState.from_args(state.kept_args(), own) == state


def test_pages_sorted_by_stance_follow_each_other(app: Flask) -> None:
    client = sign_in(app.test_client(), make_user(Role.VIEWER))
    stances = [Stance.CHAMPION, Stance.OPPOSED, None]
    with unit_of_work("make", actor="test"):
        ids = [make_person(f"Ada N{number:03}").id for number in range(60)]
    for number in range(3):
        stance = stances[number]
        if stance is not None:
            make_statement(ids[number * 7], stance)
    whole: list[str] = []
    address = "/contacts?sort=stance"
    while address:
        answer = client.get(address).text
        whole += NAME.findall(answer)
        following = re.search(r'rel="next" href="([^"]+)"', answer)
        address = following[1].replace("&amp;", "&") if following else ""
    first = ["N000", "N007"]
    assert whole == [*first, *(f"N{number:03}" for number in range(60) if f"N{number:03}" not in first)]
