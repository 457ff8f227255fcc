"""A region is found by its code and by any of its names, and named as its reader calls it."""

from __future__ import annotations

import json

import pycountry
import pytest

from crm.places.countries import country_codes
from crm.places.regions import NAMES, only_country, region_code, region_name, regions_of
from tests.conftest import SHARED_DATA


@pytest.mark.parametrize(
    ("label", "country", "code"),
    [
        ("ES-CT", None, "ES-CT"),
        (" es-ct ", None, "ES-CT"),
        ("ES-CT", "ES", "ES-CT"),
        ("CT", "ES", "ES-CT"),
        ("Catalonia", "ES", "ES-CT"),
        ("Catalunya", "ES", "ES-CT"),
        ("Cataluña", "ES", "ES-CT"),
        ("CATALUNA", "ES", "ES-CT"),
        ("Catalogne", "ES", "ES-CT"),
        ("Basque Country", "ES", "ES-PV"),
        ("Euskadi", "ES", "ES-PV"),
        ("País Vasco", "ES", "ES-PV"),
        ("Comunidad Valenciana", "ES", "ES-VC"),
        ("Comunidad de Madrid", "ES", "ES-MD"),
        # The region, not the province of the same name in it.
        ("Madrid", "ES", "ES-MD"),
        ("Asturias", "ES", "ES-AS"),
        ("Sevilla", "ES", "ES-SE"),
        ("Flanders", "BE", "BE-VLG"),
        ("Vlaanderen", "BE", "BE-VLG"),
        ("Flandre", "BE", "BE-VLG"),
        ("Wallonia", "BE", "BE-WAL"),
        ("Région wallonne", "BE", "BE-WAL"),
        ("Brussels-Capital Region", "BE", "BE-BRU"),
        ("Limburg", "BE", "BE-VLI"),
        ("Limburg", "NL", "NL-LI"),
        ("Bavaria", "DE", "DE-BY"),
        ("Bayern", "DE", "DE-BY"),
        ("Ile de France", "FR", "FR-IDF"),
        ("Lombardy", "IT", "IT-25"),
        ("Alto Adige", "IT", "IT-BZ"),
        ("Cymru", "GB", "GB-WLS"),
        ("Scotland", "GB", "GB-SCT"),
        ("Açores", "PT", "PT-20"),
    ],
)
def test_a_label_finds_its_region(label: str, country: str | None, code: str) -> None:
    assert region_code(label, country) == code


@pytest.mark.parametrize(
    ("label", "country"),
    [
        ("", "ES"),
        ("???", "ES"),
        ("Atlantis", "ES"),
        ("Catalonia", "FR"),
        ("Catalonia", None),
        ("ES-CT", "FR"),
        ("ES-ZZ", None),
        ("Bayern", "ZZ"),
    ],
)
def test_what_is_no_region_there_finds_nothing(label: str, country: str | None) -> None:
    assert region_code(label, country) is None


def test_a_region_is_named_in_the_readers_language() -> None:
    assert region_name("ES-CT") == "Catalonia"
    assert region_name("ES-CT", "fr") == "Catalogne"
    assert region_name("ES-CT", "es_ES") == "Cataluña"
    assert region_name("DE-BY") == "Bavaria"
    # Nobody has translated it: its own name, as people say it.
    assert region_name("ES-AS", "ar") == "Principado de Asturias"
    assert region_name("GB-BST", "ar") == "City of Bristol"
    assert region_name("GB-ABC") == "Armagh City, Banbridge and Craigavon"
    assert region_name(None) == ""
    assert region_name("ZZ-ZZ") == "ZZ-ZZ"


def test_the_regions_of_a_country() -> None:
    spain = dict(regions_of("ES", outermost=True))
    assert len(spain) == 19
    assert spain["ES-CT"] == "Catalonia"
    assert "ES-B" not in spain
    assert [code for code, _name in regions_of("BE", "fr", outermost=True)] == ["BE-BRU", "BE-VLG", "BE-WAL"]
    assert regions_of("ZZ") == regions_of(None) == ()


def test_regions_that_share_a_name_are_told_apart() -> None:
    everything = dict(regions_of("ES"))
    assert len(everything) == len(set(everything.values())) == 69
    assert everything["ES-M"] == "Madrid (ES-M)"
    assert everything["ES-B"] == "Barcelona"


def test_a_region_tells_its_country_where_no_other_has_one_of_that_name() -> None:
    assert only_country(["Galicia", "Bayern", "FR-BRE"]) == {"Galicia": "ES", "Bayern": "DE", "FR-BRE": "FR"}
    assert only_country(["La Rioja"]) == only_country(["Georgia"]) == only_country(["ES", "Nowhere"]) == {}
    assert only_country(["La Rioja", "Galicia", "Nowhere"]) == {"La Rioja": "ES", "Galicia": "ES"}
    assert only_country(["La Rioja", "Galicia", "Bayern"]) == {"Galicia": "ES", "Bayern": "DE"}


def test_every_code_finds_itself_and_most_names_do() -> None:
    regions = list(pycountry.subdivisions)
    assert len(regions) > 5000
    assert [each.code for each in regions if region_code(each.code) != each.code] == []
    found = [region_code(region_name(each.code), each.country_code) for each in regions]
    # Some countries have two regions of one name; none of those may be taken for the other.
    assert sum(code is not None for code in found) > 0.95 * len(regions)
    assert {each.country_code for each in regions} <= country_codes()


def test_our_own_file_names_regions_that_are() -> None:
    lines = NAMES.read_text(encoding="utf-8").splitlines()[1:]
    codes = {line.split(",")[0] for line in lines}
    assert len(codes) > 60
    assert {code for code in codes if region_code(code) is None} == set()


def test_every_province_of_the_spanish_congress_is_found() -> None:
    path = SHARED_DATA / "parliaments" / "Spain" / "Congress" / "ep-popolo-v1.0.json"
    if not path.exists():
        pytest.skip(f"no {path.name} here: the real files are not part of the project")
    areas = [area["name"] for area in json.loads(path.read_text(encoding="utf-8"))["areas"]]
    codes = {area: region_code(area, "ES") for area in areas}
    assert len(areas) == len(set(codes.values())) == 52
    assert None not in codes.values()
