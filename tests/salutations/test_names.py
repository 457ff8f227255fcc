from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree

import pytest

from crm.places.countries import country_code
from crm.salutations.names import display_name
from crm.text import fold
from tests.conftest import SHARED_DATA


@pytest.mark.parametrize(
    ("name", "country", "shown"),
    [
        ("Ana ABADÍA JOVER", "ES", "Ana Abadía Jover"),
        ("ABADÍA JOVER", "ES", "Abadía Jover"),
        ("Dora McALLEN", "DE", "Dora McAllen"),
        ("Dora MCALLEN", "DE", "Dora McAllen"),
        ("Ann MacMANUS", "IE", "Ann MacManus"),
        ("ANN MACRON", "FR", "Ann Macron"),
        ("Pat O'BRIEN", "IE", "Pat O'Brien"),
        ("Pat O’BRIEN-SMITH", "IE", "Pat O’Brien-Smith"),
        ("Ros d'AMATI", "IT", "Ros d'Amati"),
        ("Ros DELL'ORTO", "IT", "Ros Dell'Orto"),
        ("Nico NICCOLO'", "IT", "Nico Niccolo'"),
        ("Zoryana MAR'YANA", "UA", "Zoryana Mar'yana"),
        ("Ailbhe Ó RÍBHINN", "IE", "Ailbhe Ó Ríbhinn"),
        ("Pádraig Ó hUIGINN", "IE", "Pádraig Ó hUiginn"),
        ("ULRIKE VON DER WIESE", "DE", "Ulrike von der Wiese"),
        ("Lida GERINGA de ODENBERG", "PL", "Lida Geringa de Odenberg"),
        ("Kim VAN DEN BERG", "NL", "Kim van den Berg"),
        ("Kim VAN DEN BERG", "BE", "Kim Van Den Berg"),
        ("Sien in 't VELDEN", "NL", "Sien in 't Velden"),
        ("Piero DE CASTRI", "IT", "Piero De Castri"),
        ("Rui MOINHO E PINTO", "PT", "Rui Moinho e Pinto"),
        ("Kees IJSSELMUIDEN", "NL", "Kees IJsselmuiden"),
        ("Iva IJADIĆ", "HR", "Iva Ijadić"),
        ("Pau SSÓS", "ES", "Pau Ssós"),
        ("Uwe GROßMANN", "DE", "Uwe Großmann"),
        ("Uwe GROSSMANN", "DE", "Uwe Grossmann"),
        ("Ayşe IŞIK", "TR", "Ayşe Işık"),
        ("Ayşe İNCİ", "TR", "Ayşe İnci"),
        ("Ina FILIPI", "IT", "Ina Filipi"),
        ("Νίκος ΠΑΠΠΑΣ", "GR", "Νίκος Παππας"),
        ("Άννα ΆΛΦΑΣ", "CY", "Άννα Άλφας"),
        ("AHN Gyu", "KR", "Ahn Gyu"),
        ("JD VANTS", "US", "JD Vants"),
        ("J.F. NG", None, "J.F. Ng"),
        ("Ada LOVE III", None, "Ada Love III"),
        ("Ana de la Invented", "ES", "Ana de la Invented"),
        ("Leo DiCarlo", None, "Leo DiCarlo"),
        ("محمد علي", "EG", "محمد علي"),
        ("", None, ""),
    ],
)
def test_capitals_of_rosters_become_everyday_letters(name: str, country: str | None, shown: str) -> None:
    assert display_name(name, country) == shown
    assert display_name(shown, country) == shown
    assert fold(shown) == fold(name) or "ı" in shown


def test_the_names_of_a_whole_parliament_are_as_its_register_writes_them() -> None:
    folder = SHARED_DATA / "mep"
    if not folder.is_dir():
        pytest.skip(f"no real rosters in {folder}")
    written = {}
    for term in (8, 9):
        register = folder / f"odp_beta_meps_term{term}_en.csv"
        with register.open(encoding="cp1252", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                written[row["mep_identifier"]] = f"{row['mep_given_name']} {row['mep_family_name']}"
    compared = otherwise = 0
    for roster in ("ep_full_list_term8_2019-03_fr.xml", "ep_full_list_term10_2025-08.xml"):
        for member in ElementTree.parse(folder / roster).getroot().iter("mep"):
            name, known = member.findtext("fullName") or "", written.get(member.findtext("id") or "", "")
            if fold(name) != fold(known):
                continue  # a letter was lost, or the register has a longer name
            compared += 1
            otherwise += display_name(name, country_code(member.findtext("country") or "")) != known
    assert compared > 800
    # Whether a particle or what follows a hyphen is small, and which ss was ß: capitals do not tell.
    assert otherwise <= 12
