from __future__ import annotations

import itertools
import re

import pytest

from crm.places.countries import LANGUAGES, country_codes
from crm.salutations.rules import address, full_languages, gender_of, languages
from crm.salutations.tables import rows
from crm.salutations.terms import Address, Addressee, Formality, Gender, Office, Origin

NINE = ("en", "fr", "es", "ar", "de", "it", "pt", "nl", "pl")
_GENDERS = {"w": "female", "m": "male", "?": None}


def to(
    office: str, gender: str, language: str, *, formal: bool = False, country: str = "", honorific: str | None = None
) -> Address:
    """Ana or Jan Kowalska of an invented country, addressed."""
    told = _GENDERS[gender]
    who = Addressee(Office(office), "Anna Kowalska", "Kowalska", told, honorific, country or None)
    return address(who, language, Formality.FORMAL if formal else Formality.STANDARD)


@pytest.mark.parametrize(
    ("office", "gender", "expected"),
    [
        (
            "minister",
            "w",
            {
                "en": "Dear Minister,",
                "fr": "Madame la Ministre,",
                "es": "Estimada señora ministra:",
                "ar": "معالي الوزيرة المحترمة،",
                "de": "Sehr geehrte Frau Ministerin,",
                "it": "Gentile Signora Ministra,",
                "pt": "Senhora Ministra,",
                "nl": "Geachte minister,",
                "pl": "Szanowna Pani Minister,",
            },
        ),
        (
            "mep",
            "w",
            {
                "en": "Dear Ms Kowalska,",
                "fr": "Madame la Députée,",
                "es": "Estimada señora diputada:",
                "ar": "سعادة النائبة المحترمة،",
                "de": "Sehr geehrte Frau Abgeordnete,",
                "it": "Gentile Onorevole Kowalska,",
                "pt": "Senhora Deputada,",
                "nl": "Geachte mevrouw Kowalska,",
                "pl": "Szanowna Pani Poseł,",
            },
        ),
        (
            "mep",
            "m",
            {
                "fr": "Monsieur le Député,",
                "es": "Estimado señor diputado:",
                "de": "Sehr geehrter Herr Abgeordneter,",
                "nl": "Geachte heer Kowalska,",
                "pl": "Szanowny Panie Pośle,",
            },
        ),
        (
            "mep",
            "?",
            {
                "en": "Dear Anna Kowalska,",
                "fr": "Madame, Monsieur,",
                "es": "Señoría:",
                "ar": "سعادة Anna Kowalska،",
                "de": "Guten Tag Anna Kowalska,",
                "it": "Gentile Onorevole Kowalska,",
                "pt": "Excelência,",
                "nl": "Geachte Anna Kowalska,",
                "pl": "Szanowna Pani Poseł / Szanowny Panie Pośle,",
            },
        ),
        ("ambassador", "?", {"fr": "Excellence,", "de": "Exzellenz,", "it": "Eccellenza,", "pl": "Ekscelencjo,"}),
        ("official", "w", {"fr": "Madame,", "pt": "Exma. Senhora Anna Kowalska,", "pl": "Szanowna Pani,"}),
        (
            "institution",
            "?",
            {
                "en": "Dear Sir or Madam,",
                "fr": "Mesdames, Messieurs,",
                "es": "Señoras y señores:",
                "de": "Sehr geehrte Damen und Herren,",
                "nl": "Geachte dames en heren,",
                "pl": "Szanowni Państwo,",
            },
        ),
    ],
)
def test_offices_are_addressed_as_protocol_has_it(office: str, gender: str, expected: dict[str, str]) -> None:
    assert {language: to(office, gender, language).salutation for language in expected} == expected


def test_formality_and_closing() -> None:
    formal = {language: to("minister", "w", language, formal=True) for language in ("en", "fr", "es", "nl", "pl", "ar")}
    assert {language: found.salutation for language, found in formal.items()} == {
        "en": "Your Excellency,",
        "fr": "Madame la Ministre,",
        "es": "Excelentísima señora ministra:",
        "nl": "Excellentie,",
        "pl": "Wielce Szanowna Pani Minister,",
        "ar": "معالي الوزيرة الموقرة،",
    }
    assert formal["fr"].closing == (
        "Je vous prie d’agréer, Madame la Ministre, l’expression de ma très haute considération."
    )
    assert to("official", "m", "fr").closing == "Je vous prie d’agréer, Monsieur, mes salutations distinguées."
    assert to("institution", "?", "en").closing == "Yours faithfully,"
    assert to("minister", "m", "pl").title == "Panie Ministrze"


def test_countries_have_titles_of_their_own() -> None:
    assert to("head_of_government", "m", "de", country="AT").salutation == "Sehr geehrter Herr Bundeskanzler,"
    assert to("head_of_government", "m", "en", country="DE").salutation == "Dear Chancellor,"
    assert to("head_of_government", "m", "es", country="ES").title == "señor presidente"
    assert to("head_of_government", "m", "es", country="FR").title == "señor primer ministro"
    assert to("regional_minister", "w", "de", country="AT").salutation == "Sehr geehrte Frau Landesrätin,"
    assert to("regional_minister", "w", "es", country="ES").salutation == "Estimada señora consejera:"


def test_what_stands_before_the_name() -> None:
    assert to("official", "w", "de", honorific="Dr").salutation == "Sehr geehrte Frau Dr. Kowalska,"
    assert to("official", "?", "en", honorific="Prof. Dr.").salutation == "Dear Professor Kowalska,"
    assert to("official", "?", "en", honorific="Ms").salutation == "Dear Ms Kowalska,"
    assert to("official", "w", "en", honorific="Mx").salutation == "Dear Anna Kowalska,"
    assert to("official", "w", "en", honorific="H. E.").salutation == "Dear Ms Kowalska,"
    assert to("official", "w", "fr", honorific="Dr").salutation == "Madame,"


def test_gender_is_told_or_the_form_is_neutral() -> None:
    def told(gender: str | None) -> Gender:
        return gender_of(Addressee(Office.MINISTER, "Maria Invented", "Invented", gender))

    assert [told(gender) for gender in ("female", "male", "non-binary", None, "")] == [
        Gender.WOMAN,
        Gender.MAN,
        Gender.NEUTRAL,
        Gender.NEUTRAL,
        Gender.NEUTRAL,
    ]


def test_an_opening_of_their_own_comes_first() -> None:
    own = {"en": "Dear Anna", "fr": "Madame la Présidente,", "es": "Querida Anna", "ar": "عزيزتي آنا"}
    who = Addressee(Office.MEP, "Anna Kowalska", "Kowalska", "female", own_forms=own)
    said = {language: address(who, language) for language in (*own, "en-GB", "de")}
    assert {language: (found.salutation, found.origin) for language, found in said.items()} == {
        "en": ("Dear Anna,", Origin.OWN),
        "en-GB": ("Dear Anna,", Origin.OWN),
        "fr": ("Madame la Présidente,", Origin.OWN),
        "es": ("Querida Anna:", Origin.OWN),
        "ar": ("عزيزتي آنا،", Origin.OWN),
        "de": ("Sehr geehrte Frau Abgeordnete,", Origin.RULE),
    }


def test_a_dutch_particle_begins_with_a_capital_where_no_name_stands_before_it() -> None:
    def said(country: str, language: str) -> str:
        who = Addressee(Office.OFFICIAL, "Anna van den Berg", "van den Berg", "female", country=country)
        return address(who, language).salutation

    assert said("NL", "nl") == "Geachte mevrouw Van den Berg,"
    assert said("BE", "nl") == "Geachte mevrouw van den Berg,"
    assert said("NL", "de") == "Sehr geehrte Frau van den Berg,"


def test_there_is_always_something_to_write() -> None:
    """Whoever it is, in whatever language: no part is empty, none shows a slot, none has two marks at its end."""
    names = [("Anna Kowalska", "Kowalska"), ("Kowalska", ""), ("Ministry of Invention", "")]
    cases = itertools.product(LANGUAGES, Office, (None, "female", "male"), Formality, names, (None, "Dr"), (None, "DE"))
    checked = 0
    for language, office, gender, formality, (name, family), honorific, country in cases:
        found = address(Addressee(office, name, family, gender, honorific, country), language, formality)
        for part in (found.salutation, found.title, found.closing):
            assert part.strip() == part != ""
            assert not re.search(r"[{}|]|  |[,:!،][,:!،]|None", part), (language, office, part)
        checked += 1
    assert checked == len(LANGUAGES) * len(Office) * 3 * 2 * 3 * 2 * 2


def test_the_tables_are_whole() -> None:
    assert set(languages()) == set(LANGUAGES)
    assert set(full_languages()) == set(NINE)
    known = {"name", "family", "honorific", "woman", "man", "title"}
    for table in ("titles", "openings", "closings"):
        seen = set()
        for row in rows(table):
            assert None not in row, f"{table}: a comma without quotes in {row}"
            assert row["language"] in LANGUAGES
            assert row.get("formality", "*") in ("*", *Formality)
            assert set(row.get("countries", "").split()) <= country_codes()
            for office in row["office"].split():
                assert office == "*" or Office(office)
                place = (row["language"], office, row.get("formality"), row.get("countries"))
                assert place not in seen, place
                seen.add(place)
            last = [row.get(cell, "").split("|")[-1] for cell in ("woman", "man", "neutral", "closing")]
            assert any(last)
            for form in last:
                assert set(re.findall(r"\{(\w*)\}", form)) <= known - {"family", "honorific"}, row
