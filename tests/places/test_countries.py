"""Every name of a country finds its code, and old names are not forgotten."""

from __future__ import annotations

import pytest

from crm.places.countries import countries_meant, country_code, country_codes, country_name


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
