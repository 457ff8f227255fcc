"""Every label of the real files finds its country, and old names are not forgotten."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from defusedxml import ElementTree

from crm.places.countries import countries_meant, country_code, country_codes, country_name
from tests.conftest import SHARED_DATA


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("FR", "FR"),
        ("fr", "FR"),
        ("FRA", "FR"),
        ("AND", "AD"),
        ("France", "FR"),
        ("el", "GR"),
        ("uk", "GB"),
        ("GB", "GB"),
        ("Ivory Coast", "CI"),
        ("Côte d'Ivoire", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("Cape Verde", "CV"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Turquie", "TR"),
        ("Swaziland", "SZ"),
        ("Macedonia", "MK"),
        ("The former Yugoslav Republic of Macedonia", "MK"),
        ("Czech Republic", "CZ"),
        ("Czechia", "CZ"),
        ("République tchèque", "CZ"),
        ("Tchéquie", "CZ"),
        ("Congo Brazzaville", "CG"),
        ("Congo-Kinshasa", "CD"),
        ("Democratic Republic of the Congo", "CD"),
        ("Royaume-Uni", "GB"),
        ("United Kingdom of Great Britain and Northern Ireland", "GB"),
        ("Ελλάδα", "GR"),
        ("Niederlande", "NL"),
        ("the Netherlands", "NL"),
        ("Bolivia (Plurinational State of)", "BO"),
        ("Viet Nam", "VN"),
        ("Kosovo", "XK"),
        ("Serbia", "RS"),
        ("  south   korea ", "KR"),
        ("Georgia", "GE"),
    ],
)
def test_a_label_finds_its_code(label: str, code: str) -> None:
    assert country_code(label) == code


def test_congo_is_one_of_two_states() -> None:
    assert countries_meant("Congo") == {"CG", "CD"}
    assert country_code("Congo") is None
    assert countries_meant("Atlantis") == frozenset()
    assert countries_meant("Chad") == {"TD"}


@pytest.mark.parametrize("label", ["", "Atlantis", "Korea", "Congo", "Europe", "???", "European Union"])
def test_an_unknown_or_ambiguous_label_finds_nothing(label: str) -> None:
    assert country_code(label) is None


def test_every_code_and_english_name_finds_itself() -> None:
    codes = country_codes()
    assert len(codes) == 250
    assert {code for code in codes if country_code(code) != code} == set()
    assert {code for code in codes if country_code(country_name(code)) != code} == set()
    assert {code for code in codes if country_code(country_name(code, "fr")) != code} == set()


def test_a_country_is_named_in_the_readers_language() -> None:
    assert country_name("DE") == "Germany"
    assert country_name("DE", "fr") == "Allemagne"
    assert country_name("DE", "ar") == "ألمانيا"
    assert country_name(None) == ""
    assert country_name("ZZZ") == "ZZZ"


# The leaders' file also lists these, which are no countries.
UNIONS = {"European Union", "African Union"}


def _full_list(path: Path) -> list[str]:
    return [element.text or "" for element in ElementTree.parse(path).iter("country")]


def _column(name: str) -> Callable[[Path], list[str]]:
    def read(path: Path) -> list[str]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row[name] for row in csv.DictReader(file)]

    return read


def _leaders(path: Path) -> list[str]:
    countries = json.loads(path.read_text())["countries"].values()
    states = [entry["country"] for entry in countries if entry["country"]["name_en"] not in UNIONS]
    return [state[field] for state in states for field in ("iso_code", "name_en")]


@pytest.mark.parametrize(
    ("file", "read", "rows", "countries"),
    [
        ("mep/ep_full_list_term10_2025-08.xml", _full_list, 718, 27),
        ("mep/ep_full_list_term8_2019-03_fr.xml", _full_list, 750, 28),
        ("mep/ttp_meps.csv", _column("country"), 718, 27),
        ("treaties/icrmw_status.csv", _column("state"), 193, 193),
        ("treaties/icrmw_status.csv", _column("iso3"), 193, 193),
        ("treaties/ilo/c189_ratifications.csv", _column("state"), 37, 37),
        ("institutions/eu_commissioners_2024_2029.csv", _column("iso3"), 27, 27),
        ("institutions/world_leaders_2026-08-22.json", _leaders, 56, 28),
        ("treaties/untc_2015-03/4-13.csv", _column("Participant"), 66, 66),
        ("treaties/untc_2015-03/4-8.csv", _column("Participant"), 190, 190),
    ],
)
def test_every_label_of_the_real_files_finds_a_country(
    file: str, read: Callable[[Path], list[str]], rows: int, countries: int
) -> None:
    path = SHARED_DATA / file
    if not path.exists():
        pytest.skip(f"no {path.name} here: the real files are not part of the project")
    labels = read(path)
    # The United Nations' tables and ISO say Congo for the state of Brazzaville; nobody could tell from the label alone.
    codes = {label: "CG" if label == "Congo" else country_code(label) for label in labels}
    assert [label for label, code in codes.items() if code is None] == []
    assert (len(labels), len(set(codes.values()))) == (rows, countries)
