"""Every name of a country in the real files is understood, and the files say how many were tried."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from defusedxml import ElementTree

from crm.places.countries import countries_meant, country_code
from tests.conftest import SHARED_DATA

Labels = Callable[[Path], list[str]]

# These stand among countries in some files and are none.
UNIONS = {"European Union", "EU", "African Union", "AU_AF"}
# The United Nations and ISO say Congo for the state of Brazzaville; the label alone could be either.
AMBIGUOUS = {"Congo": "CG"}


def _full_list(path: Path) -> list[str]:
    return [element.text or "" for element in ElementTree.parse(path).iter("country")]


def _column(name: str, encoding: str = "utf-8-sig") -> Labels:
    def read(path: Path) -> list[str]:
        with path.open(encoding=encoding, newline="") as file:
            return [row[name] for row in csv.DictReader(file)]

    return read


def _leaders(path: Path) -> list[str]:
    countries = json.loads(path.read_text())["countries"].values()
    return [entry["country"][field] for entry in countries for field in ("iso_code", "name_en")]


def _parltrack(path: Path) -> list[str]:
    people = json.loads(path.read_text())["meps"]
    return [seat["country"] for person in people for seat in person["Constituencies"] if "country" in seat]


def _represented(path: Path) -> list[str]:
    return [person["api:country-of-representation"] for person in json.loads(path.read_text())["data"]]


UNTC, ILO, MEP = "treaties/untc_2015-03", "treaties/ilo", "mep"
# File, how its labels are read, how many there are, how many countries they name.
SOURCES: list[tuple[str, Labels, int, int]] = [
    (f"{MEP}/ep_full_list_term10_2025-08.xml", _full_list, 718, 27),
    (f"{MEP}/ep_full_list_term8_2019-03_fr.xml", _full_list, 750, 28),
    (f"{MEP}/ep_incoming_outgoing_RECONSTRUCTED.xml", _full_list, 11, 5),
    (f"{MEP}/ttp_meps.csv", _column("country"), 718, 27),
    (f"{MEP}/ttp_inout.csv", _column("country"), 11, 5),
    (f"{MEP}/odp_beta_meps_term8_en.csv", _column("mep_citizenship", "cp1252"), 860, 28),
    (f"{MEP}/odp_beta_meps_term9_en.csv", _column("mep_citizenship", "cp1252"), 813, 28),
    (f"{MEP}/odp_api_v2_meps_show-current_sample.json", _represented, 1, 1),
    (f"{MEP}/parltrack_meps_term7_2011.json", _parltrack, 1_419, 27),
    ("treaties/icrmw_status.csv", _column("state"), 193, 193),
    ("treaties/icrmw_status.csv", _column("iso3"), 193, 193),
    (f"{UNTC}/4-2.csv", _column("Participant"), 182, 182),
    (f"{UNTC}/4-8.csv", _column("Participant"), 190, 190),
    (f"{UNTC}/4-13.csv", _column("Participant"), 66, 66),
    (f"{UNTC}/4-15.csv", _column("Participant"), 181, 181),
    (f"{ILO}/c097_ratifications.csv", _column("state"), 54, 54),
    (f"{ILO}/c097_ratifications.csv", _column("iso3"), 54, 54),
    (f"{ILO}/c143_ratifications.csv", _column("state"), 27, 27),
    (f"{ILO}/c143_ratifications.csv", _column("iso3"), 27, 27),
    (f"{ILO}/c189_ratifications.csv", _column("state"), 37, 37),
    (f"{ILO}/c189_ratifications.csv", _column("iso3"), 37, 37),
    ("institutions/eu_commissioners_2024_2029.csv", _column("iso3"), 27, 27),
    ("institutions/eu_presidency_2017_2030.csv", _column("iso3"), 28, 27),
    ("institutions/eu_presidency_2017_2030.csv", _column("country"), 28, 27),
    ("institutions/world_leaders_2026-08-22.json", _leaders, 56, 28),
]


def _labels(file: str, read: Labels) -> list[str]:
    path = SHARED_DATA / file
    if not path.exists():
        pytest.skip(f"no {path.name} here: the real files are not part of the project")
    return [label for label in read(path) if label not in UNIONS]


@pytest.mark.parametrize(("file", "read", "rows", "countries"), SOURCES)
def test_every_label_finds_a_country(file: str, read: Labels, rows: int, countries: int) -> None:
    labels = _labels(file, read)
    codes = {label: AMBIGUOUS.get(label) or country_code(label) for label in labels}
    assert [label for label, code in codes.items() if code is None] == []
    assert (len(labels), len(set(codes.values()))) == (rows, countries)


def test_how_many_labels_were_tried() -> None:
    labels = [label for file, read, _rows, _countries in SOURCES for label in _labels(file, read)]
    assert len(labels) == sum(rows for _file, _read, rows, _countries in SOURCES)
    # Different names of different countries, one of which nobody can tell.
    assert len(set(labels)) > 400
    assert {label for label in labels if len(countries_meant(label)) > 1} == {"Congo"}
