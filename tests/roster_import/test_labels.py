"""One organization behind many labels, and the tables of labels themselves."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date

import pytest

from crm.directory.models import Category
from crm.roster_import import labels
from crm.text import fold

EP = labels.institution("European Parliament")


@pytest.mark.parametrize(
    "label",
    [
        "PfE",
        "Patriots",
        "patriots for europe",
        "Patriots for Europe Group",
        "Groupe Patriotes pour l'Europe",
        "Groupe Patriotes pour l’Europe",
    ],
)
def test_a_group_is_one_under_all_its_labels(label: str) -> None:
    assert labels.group(label, EP, None).short == "PfE"


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("PPE", "EPP"),
        ("S&D", "S&D"),
        ("GUE/NGL", "The Left"),
        ("Non-inscrits", "NI"),
        ("NA", "NI"),
        ("Verts/ALE", "Greens/EFA"),
    ],
)
def test_short_and_french_labels(label: str, short: str) -> None:
    assert labels.group(label, EP, None).short == short


def test_an_unknown_label_is_a_group_of_that_name() -> None:
    found = labels.group("Brand New Group", EP, None)
    assert (found.code, found.name, found.category) == ("", "Brand New Group", Category.POLITICAL_GROUP)


def test_another_parliaments_greens_are_not_those_of_the_european_parliament() -> None:
    parliament = labels.institution("Bundestag")
    assert labels.group("Greens", parliament, "DE").key != labels.group("Greens", EP, "DE").key


def test_no_label_stands_for_two_groups() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    with (labels.FACTS / "group_aliases.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        owners[fold(row["label"])].add(row["code"])
    assert len(rows) > 120
    assert {label: codes for label, codes in owners.items() if len(codes) > 1} == {}


@pytest.mark.parametrize("label", ["Independent", "Independiente", "Indépendant", "-", "Sans étiquette"])
def test_independents_belong_to_no_party(label: str) -> None:
    assert labels.party(label, "ES") is None


def test_parties_of_one_name_in_two_countries_are_two() -> None:
    spanish, portuguese = labels.party("Partido Socialista", "ES"), labels.party("Partido Socialista", "PT")
    assert spanish is not None
    assert portuguese is not None
    assert spanish.key != portuguese.key


@pytest.mark.parametrize(
    ("day", "number", "next_starts"),
    [
        (date(2014, 7, 1), "8", date(2019, 7, 2)),
        (date(2019, 7, 1), "8", date(2019, 7, 2)),
        (date(2019, 7, 2), "9", date(2024, 7, 16)),
        (date(2030, 1, 1), "10", None),
    ],
)
def test_terms_of_the_european_parliament(day: date, number: str, next_starts: date | None) -> None:
    term = labels.term_on(EP, day)
    assert term is not None
    assert (term.number, term.next_starts) == (number, next_starts)


def test_days_before_the_table_and_other_institutions_have_no_term() -> None:
    assert labels.term_on(EP, date(1990, 1, 1)) is None
    assert labels.term_on(labels.institution("Bundestag"), date(2025, 1, 1)) is None
