from __future__ import annotations

import csv
import json

import pytest

from crm.directory.models import Category, ContactKind
from crm.salutations.offices import Held, office_held, office_of
from crm.salutations.tables import rows
from crm.salutations.terms import Office
from tests.conftest import SHARED_DATA

GOVERNMENT, REGION, UNION = Category.GOVERNMENT, Category.REGIONAL_GOVERNMENT, Category.EU_INSTITUTION


@pytest.mark.parametrize(
    ("role", "held_in", "office"),
    [
        ("Ministra de Igualdad", GOVERNMENT, Office.MINISTER),
        ("Ministre déléguée chargée des Affaires européennes", GOVERNMENT, Office.MINISTER),
        ("Bundesministerin für Arbeit und Soziales", GOVERNMENT, Office.MINISTER),
        ("Innenminister", GOVERNMENT, Office.MINISTER),
        ("Deputy Prime Minister and Minister for Foreign Affairs", GOVERNMENT, Office.MINISTER),
        ("وزيرة الخارجية", GOVERNMENT, Office.MINISTER),
        ("Wiceminister Rodziny", GOVERNMENT, Office.DEPUTY_MINISTER),
        ("Secretaria de Estado de Migraciones", GOVERNMENT, Office.STATE_SECRETARY),
        ("Staatssecretaris van Asiel", GOVERNMENT, Office.STATE_SECRETARY),
        ("Presidente del Consiglio dei ministri", GOVERNMENT, Office.HEAD_OF_GOVERNMENT),
        ("Première ministre", GOVERNMENT, Office.HEAD_OF_GOVERNMENT),
        ("Vicepresidenta segunda", GOVERNMENT, Office.VICE_PRESIDENT),
        ("head_of_state", GOVERNMENT, Office.HEAD_OF_STATE),
        ("Ambassadrice de France", GOVERNMENT, Office.AMBASSADOR),
        ("Permanent Representative to the United Nations", Category.UN_BODY, Office.AMBASSADOR),
        ("Landesrätin für Soziales", REGION, Office.REGIONAL_MINISTER),
        ("Consejero de Trabajo", REGION, Office.REGIONAL_MINISTER),
        ("Assessora al Welfare", REGION, Office.REGIONAL_MINISTER),
        ("Sozialministerin", REGION, Office.REGIONAL_MINISTER),
        ("Ministerpräsidentin", REGION, Office.REGIONAL_PRESIDENT),
        ("Landeshauptmann", REGION, Office.REGIONAL_PRESIDENT),
        ("Marszałek województwa", REGION, Office.REGIONAL_PRESIDENT),
        ("Ministre-Président", REGION, Office.REGIONAL_PRESIDENT),
        ("Commissioner for Equality", UNION, Office.COMMISSIONER),
        ("Executive Vice-President for People", UNION, Office.VICE_PRESIDENT),
        ("President", Category.PARLIAMENT, Office.INSTITUTION_PRESIDENT),
        ("Marszałek Sejmu", Category.PARLIAMENT, Office.SPEAKER),
        ("Sénatrice", Category.PARLIAMENT, Office.SENATOR),
        ("Oberbürgermeisterin", Category.OTHER, Office.MAYOR),
        # Beside an office, or of another kind.
        ("Minister Counsellor", GOVERNMENT, Office.OFFICIAL),
        ("Minister’s private secretary", GOVERNMENT, None),
        ("Ministerial adviser", GOVERNMENT, Office.OFFICIAL),
        ("Ministerialrätin", GOVERNMENT, None),
        ("Deputy director for migration", GOVERNMENT, None),
        ("President", Category.PARTY, None),
        ("President", Category.PARTNER, None),
        ("Commissioner for Human Rights", GOVERNMENT, None),
        ("member", Category.PARLIAMENT, None),
        ("", GOVERNMENT, None),
    ],
)
def test_a_role_tells_the_office(role: str, held_in: Category, office: Office | None) -> None:
    assert office_held(Held(role, category=held_in)) is office


def test_the_highest_office_is_addressed_and_the_category_tells_the_rest() -> None:
    seat = Held("member", organization="European Parliament", category=Category.PARLIAMENT)
    minister = Held("Minister of Labour", category=GOVERNMENT)
    leader = Held("head_of_government", "President", "Government of Inventia", GOVERNMENT)
    senate = Held("member", organization="Senado de Inventia", category=Category.PARLIAMENT)
    person = ContactKind.PERSON
    assert office_of(person, Category.MEP, [seat]) is Office.MEP
    assert office_of(person, Category.NATIONAL_OFFICIAL, [seat, minister]) is Office.MINISTER
    assert office_of(person, Category.NATIONAL_OFFICIAL, [leader]) is Office.HEAD_OF_STATE
    assert office_of(person, Category.NATIONAL_MP, [senate]) is Office.SENATOR
    assert office_of(person, Category.COMMISSIONER) is Office.COMMISSIONER
    assert office_of(person, Category.PARTNER) is Office.OFFICIAL
    assert office_of(ContactKind.ORGANIZATION, Category.UN_BODY) is Office.INSTITUTION


def test_the_words_name_offices_and_categories_there_are() -> None:
    for row in rows("role_words"):
        assert None not in row
        assert row["office"] in ("", *Office)
        assert row["held_in"] == "*" or set(row["held_in"].split()) <= set(Category)
        assert all(words == words.strip() != "" for words in row["words"].split("|")), row


def test_leaders_and_commissioners_of_the_real_lists_have_an_office() -> None:
    folder = SHARED_DATA / "institutions"
    if not folder.is_dir():
        pytest.skip(f"no real lists in {folder}")
    (leaders,) = folder.glob("world_leaders_*.json")
    found = {}
    for country in json.loads(leaders.read_text(encoding="utf-8"))["countries"].values():
        code = country["country"].get("iso_code") or ""
        if len(code) != 2 or code == "EU":
            continue
        for role, position in country["positions"].items():
            held = Held(role, position.get("title_en") or "", category=GOVERNMENT)
            found[code, role] = (held.post, office_held(held))
    assert len(found) > 40
    leading = {Office.MONARCH, Office.HEAD_OF_STATE, Office.HEAD_OF_GOVERNMENT}
    assert {office for _post, office in found.values()} == leading
    royal = {post for post, office in found.values() if office is Office.MONARCH}
    assert royal >= {"King", "Monarch", "Emperor", "Sultan"}
    assert not [post for post in royal if post.startswith("President")]
    with (folder / "eu_commissioners_2024_2029.csv").open(encoding="utf-8", newline="") as file:
        offices = [
            office_held(Held("commissioner", row["portfolio"], "European Commission", UNION))
            for row in csv.DictReader(file)
        ]
    assert len(offices) > 25
    assert offices.count(Office.INSTITUTION_PRESIDENT) == 1
    assert offices.count(Office.VICE_PRESIDENT) >= 5
    assert set(offices) == {Office.INSTITUTION_PRESIDENT, Office.VICE_PRESIDENT, Office.COMMISSIONER}
