"""What ships: the right figures on any day, loaded again without harm, and never over a person's correction."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.audit.actions import undo
from crm.extensions import db
from crm.places.countries import country_code
from crm.places.states import alpha_3, un_members
from crm.treaties import actions
from crm.treaties.actions import correct_action, remove_action
from crm.treaties.models import CONSENTS, ActionKind, Confidence, Standing, Treaty, TreatyAction
from crm.treaties.queries import TreatyStatus, treaty_status
from crm.treaties.shipped_facts import action_facts, treaty_facts
from crm.unit_of_work import unit_of_work
from tests.conftest import SHARED_DATA
from tests.factories.treaties import action_of, icrmw, make_action, ship_facts

NOW = date(2026, 1, 1)
SIGNED_ONLY = "ARM CMR COM GAB HTI KHM LBR MNE PLW SLE SRB".split()  # noqa: SIM905


def _status(on: date) -> TreatyStatus:
    return treaty_status(icrmw().id, on)


def _count() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(TreatyAction)) or 0


def test_the_figures(app: Flask) -> None:
    now, then = _status(NOW), _status(date(2015, 3, 1))
    assert (now.count(Standing.PARTY), now.count(Standing.SIGNED), now.count(Standing.NEITHER)) == (60, 11, 122)
    assert sorted(alpha_3(row.state) for row in now.of(Standing.SIGNED)) == SIGNED_ONLY
    assert (then.count(Standing.PARTY), then.count(Standing.SIGNED)) == (47, 19)
    assert _status(date(1990, 12, 18)).count(Standing.NEITHER) == len(un_members()) == 193


def test_loading_again_changes_nothing(app: Flask) -> None:
    assert ship_facts() == 101
    with unit_of_work("load facts", actor="command:facts") as work:
        assert actions.load_facts() == 0
    assert work.change_set_id is None
    assert _count() == 100


def _ship(monkeypatch: pytest.MonkeyPatch, **changed: dict[str, Any] | None) -> int:
    """Load what a later release would ship: some lines changed, or None for gone."""
    facts = action_facts()
    for name, values in changed.items():
        line = name.replace("_", "-")
        if values is None:
            del facts[line]
        else:
            facts[line] = facts.get(line, {}) | values
    monkeypatch.setattr(actions, "action_facts", lambda: facts)
    return ship_facts()


def test_a_later_release_corrects_adds_and_withdraws(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_facts()
    new = {
        "treaty": "ICRMW",
        "state": "AM",
        "kind": ActionKind.RATIFICATION,
        "done_on": date(2025, 5, 5),
        "source": "a later list",
        "confidence": Confidence.READ,
    }
    better = {"done_on": date(2024, 11, 20), "confidence": Confidence.READ}
    assert _ship(monkeypatch, icrmw_zw_consent=better, icrmw_am_consent=new, icrmw_ht_signature=None) == 3
    assert action_of("ZW", ActionKind.ACCESSION).done_on == date(2024, 11, 20)
    assert action_of("AM", ActionKind.RATIFICATION).source == "a later list"
    assert _status(NOW).count(Standing.SIGNED) == 9


def test_what_a_person_corrected_stays(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_facts()
    zimbabwe = action_of("ZW", ActionKind.ACCESSION)
    with unit_of_work("correct treaty action", actor="user:1"):
        correct_action(
            zimbabwe,
            kind=ActionKind.ACCESSION,
            on=date(2024, 11, 26),
            source="the depositary's letter",
            confidence=Confidence.READ,
        )
    assert _ship(monkeypatch, icrmw_zw_consent={"done_on": date(2024, 11, 20), "source": "a later list"}) == 0
    assert (zimbabwe.done_on, zimbabwe.source) == (date(2024, 11, 26), "the depositary's letter")
    assert _ship(monkeypatch, icrmw_zw_consent=None) == 0
    assert _count() == 100


def test_a_correction_that_was_undone_holds_nothing_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_facts()
    zimbabwe = action_of("ZW", ActionKind.ACCESSION)
    with unit_of_work("correct treaty action", actor="user:1") as work:
        correct_action(
            zimbabwe,
            kind=ActionKind.ACCESSION,
            on=date(2024, 11, 26),
            source="a mistake",
            confidence=Confidence.READ,
        )
    with unit_of_work("undo", actor="user:1"):
        undo(work.change_set_id or 0)
    assert _ship(monkeypatch, icrmw_zw_consent={"done_on": date(2024, 11, 20)}) == 1
    assert action_of("ZW", ActionKind.ACCESSION).done_on == date(2024, 11, 20)


def test_what_a_person_removed_does_not_come_back(app: Flask) -> None:
    ship_facts()
    with unit_of_work("remove treaty action", actor="user:1"):
        remove_action(action_of("RS", ActionKind.SIGNATURE))
    assert ship_facts() == 0
    assert _count() == 99


def test_what_a_person_added_first_is_not_added_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_action("AM", ActionKind.RATIFICATION, date(2025, 5, 6))
    new = {
        "treaty": "ICRMW",
        "state": "AM",
        "kind": ActionKind.ACCESSION,
        "done_on": date(2025, 5, 5),
        "source": "a later list",
        "confidence": Confidence.READ,
    }
    assert _ship(monkeypatch, icrmw_am_consent=new) == 0
    assert _status(NOW).count(Standing.PARTY) == 61


def test_a_treaty_follows_what_ships(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_facts()
    facts = treaty_facts()
    facts["ICRMW"]["known_until"] = date(2026, 2, 1)
    monkeypatch.setattr(actions, "treaty_facts", lambda: facts)
    assert ship_facts() == 1
    assert icrmw().known_until == date(2026, 2, 1)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Treaty)) == 1


def _untc_day(text: str) -> date | None:
    found = re.match(r"(\d+ \w+ \d+)", text)
    return datetime.strptime(found.group(1), "%d %b %Y").date() if found else None


def test_the_record_equals_the_united_nations_table_of_2015(app: Flask) -> None:
    path = SHARED_DATA / "treaties" / "untc_2015-03" / "4-13.csv"
    if not path.exists():
        pytest.skip(f"no {path.name} here: the real files are not part of the project")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    # The United Nations say Congo for one of the two.
    table = {
        "CG" if name == "Congo" else country_code(name): (_untc_day(signed), _untc_day(bound), bound[-1:])
        for name, signed, bound in rows
    }
    kinds = {ActionKind.ACCESSION: "a", ActionKind.SUCCESSION: "d"}
    ours = {
        row.state: (
            row.signature.done_on if row.signature else None,
            row.latest.done_on if row.latest else None,
            row.latest and kinds.get(row.latest.kind),
        )
        for row in _status(date(2015, 3, 1)).states
        if row.acts
    }
    assert len(table) == 66
    assert ours.keys() == table.keys()
    for state, (signed, bound, how) in table.items():
        assert ours[str(state)][:2] == (signed, bound), state
        assert ours[str(state)][2] == (how if how in ("a", "d") else None), state


def test_the_record_equals_the_table_it_was_made_from() -> None:
    path = SHARED_DATA / "treaties" / "icrmw_status.csv"
    if not path.exists():
        pytest.skip(f"no {path.name} here: the real files are not part of the project")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    signed = {country_code(row["iso3"]): row["signed"] for row in rows if row["signed"]}
    bound = {country_code(row["iso3"]): row["ratified_or_acceded"] for row in rows if row["ratified_or_acceded"]}
    assert (len(rows), len(signed), len(bound)) == (193, 40, 60)
    facts = action_facts().values()
    assert {
        each["state"]: each["done_on"].isoformat() for each in facts if each["kind"] is ActionKind.SIGNATURE
    } == signed
    ours = {each["state"]: each["done_on"].isoformat() for each in facts if each["kind"] in CONSENTS}
    assert ours | {"ZW": ours["ZW"][:7]} == bound
    doubtful = {each["state"] for each in facts if each["confidence"] is not Confidence.READ}
    assert doubtful == {"ST", "TG", "VE", "ZW"}


def test_every_line_names_a_state_and_a_source() -> None:
    facts = action_facts()
    assert len(facts) == 100
    assert {each["state"] for each in facts.values()} <= un_members().keys()
    assert all(each["source"] for each in facts.values())
