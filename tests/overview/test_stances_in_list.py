"""The list filters, shows and sorts by current stances, as the reader's team sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm import i18n
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.overview.bulk import Chosen
from crm.overview.filters import ListFilter
from crm.overview.list_state import ListState
from crm.policy import Role
from crm.stances import ranking
from crm.stances.actions import record_statement
from crm.stances.models import RANK, Confidence, Stance
from crm.treaties.models import Treaty
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.stances import SOURCE, make_statement
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
    # A mailing asks the same, where one campaign and one treaty are meant.
    for args, asked in (
        ({"stance": "champion"}, {"of": "directory", "stance": "champion", "treaty": f"{treaty}"}),
        ({"campaign": "7", "stage": "closed", "treaty": "3"}, {"campaign": "7", "stage": "closed"}),
        ({"campaign": "7", "treaty": "3", "stance": "stale"}, {"campaign": "7", "treaty": "3", "stale": "yes"}),
        ({"campaign": "7,8"}, None),
        ({"stage": "closed"}, None),
        ({"stance": "champion,stale"}, None),
    ):
        kind = {"kind": "person"}
        assert ListFilter.from_args(args).as_audience() == (asked and asked | kind), args
    # What the worker does later goes by what the one who asked could see.
    wanted = ListFilter.from_args({"stance": "champion"}, own)
    kept = Chosen(wanted=wanted).to_json()
    assert "team" not in str(kept)
    assert Chosen.from_json(kept, own).resolved() == [people["Brand"], people["Dom"]]
    assert Chosen.from_json(kept, None).resolved() == [people["Brand"]]
    state = ListState.from_args({"stance": "champion", "treaty": f"{treaty}", "sort": "-stance"}, own)
    assert ListState.from_args(state.kept_args(), own) == state


def pages(state: ListState, cursor: str | None, towards: str) -> Iterator[tuple[list[str], str | None]]:
    """The names on each page from a cursor on, one way or the other, and the page's cursor."""
    while True:
        page, _total = state.rows((), cursor)
        yield [row.name for row in page.rows], cursor
        if (cursor := getattr(page, towards)) is None:
            return


def test_pages_sorted_by_stance_follow_each_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    team_id, foreign = (make_user(Role.OFFICER, team=team).team_id for team in ("Geneva", "Brussels"))
    treaty = icrmw().id
    # One rank on two pages, and what a team keeps to itself on both of them.
    shared = {number: (Stance.CHAMPION, Stance.UNDECIDED)[number // 2 % 2] for number in range(0, 104, 2)}
    own = dict.fromkeys([0, *range(1, 60, 6)], Stance.UNDECIDED)
    with unit_of_work("make", actor="test"), projected_together():
        people = [make_person(f"Ada N{number:03}", country="MT" if number % 2 else "ES").id for number in range(110)]
        said_on, sure = date(2026, 5, 3), Confidence.CERTAIN
        for said, sees in ((shared, None), (own, team_id)):
            for number, stance in said.items():
                of_treaty = (people[number], treaty, stance, said_on)
                record_statement(*of_treaty, confidence=sure, source_url=SOURCE, team_id=sees)
    for reader, args, passes in (
        (team_id, {}, lambda _number, _stance: True),
        (foreign, {}, lambda _number, _stance: True),
        (team_id, {"country": "ES"}, lambda number, _stance: number % 2 == 0),
        (team_id, {"stance": "undecided,unknown"}, lambda _number, stance: stance is not Stance.CHAMPION),
    ):
        held = shared | (own if reader == team_id else {})
        found = [number for number in range(110) if passes(number, held.get(number))]
        found.sort(key=lambda number: (RANK[held.get(number, Stance.UNKNOWN)], number))
        names = [f"Ada N{number:03}" for number in found]
        for sort, expected in (("stance", names), ("-stance", names[::-1])):
            state = ListState.from_args({**args, "sort": sort}, reader)
            # Put in order one by one, and met on a walk.
            for few in (len(people), 0):
                monkeypatch.setattr(ranking, "FEW", few)
                forwards = list(pages(state, None, "next"))
                assert [name for page, _cursor in forwards for name in page] == expected, (reader, args, sort, few)
                back = [page for page, _cursor in pages(state, forwards[-1][1], "previous")]
                assert back == [page for page, _cursor in forwards[::-1]], (reader, args, sort, few)
