"""What columns hold, by their headings in many languages, or else by what stands in them."""

from __future__ import annotations

import csv

import pytest
from flask import Flask

from crm.roster_import.readers.columns import FIELDS, HEADINGS, recognised
from crm.roster_import.readers.guessing import guessed, settled

LANGUAGES = {"en", "fr", "es", "de", "it", "pt", "nl", "pl", "ar"}


def test_every_field_has_headings_in_every_language() -> None:
    with HEADINGS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 200
    # Ids of registers are called the same everywhere.
    for name in set(FIELDS) - {"europarl", "wikidata"}:
        assert {row["language"] for row in rows if row["field"] == name} == LANGUAGES, name
    for row in rows:
        for heading in row["headings"].split("|"):
            expected = "name" if row["field"] == "either" else row["field"]
            assert recognised([heading]) == [expected], heading


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Voornaam,Naam,E-mailadres,Fractie,Land", "given_name,family_name,email,group,country"),
        ("Vorname,Name,Funktion,Ministerium", "given_name,family_name,role,institution"),
        ("Nome,Cognome,Data di nascita,Paese", "given_name,family_name,birth_date,country"),
        ("Nom,Prénom,Courriel,Pays", "family_name,given_name,email,country"),
        ("Nombre,Apellidos,Correo electrónico", "given_name,family_name,email"),
        ("Nome,Partido,Telemóvel", "name,party,phone"),
        ("Imię i nazwisko,Klub,Adres e-mail", "name,group,email"),
        ("الاسم الأول,اللقب,البريد الإلكتروني,الدولة", "given_name,family_name,email,country"),
        ("Name,First name,Last name,Notes", "name,given_name,family_name,"),
        ("Naam,Naam,Wohin", "name,,"),
        ("Name,Government,Position", "name,institution,role"),
        ("Nom complet,Gouvernement", "name,institution"),
        ("Nombre,Consejería,Cargo", "name,institution,role"),
        ("الاسم,الحكومة", "name,institution"),
        # Of several that fit the first counts, and the others are marked as left out.
        ("Name,Ministry,Department,Body", "name,institution,,"),
    ],
)
def test_headings_of_a_table_are_understood_together(header: str, fields: str) -> None:
    assert ",".join(recognised(header.split(","))) == fields


@pytest.mark.sqlite_only
def test_what_no_heading_tells_is_guessed_from_the_cells(app: Flask) -> None:
    columns = {
        "email": ("ada@x.example", "mailto:bo@x.example | bo@y.example", ""),
        "phone": ("+32 2 284 00 00", "0049 (30) 2270", "030/2270-1234"),
        "url": ("https://ada.example/", "www.bo.example", ""),
        "twitter": ("https://x.com/ada", "twitter.com/bo", ""),
        "birth_date": ("1970-05-04", "04/05/1981", ""),
        "country": ("Malta", "Italië", "DE"),
        "wikidata": ("Q42", "Q64", ""),
    }
    lines = list(zip(*columns.values(), strict=True))
    nothing = [""] * len(columns)
    assert [guessed(nothing, lines, 2026).get(index) for index in range(len(columns))] == list(columns)
    # A field that a heading tells goes to no second column, unless a person may have several.
    known = ["", "", "", "", "", "country"]
    more = [
        ("bo@x.example", "2024-07-16", "Malta", "no", "7", ""),
        ("cy@x.example", "2024-07-16", "Italy", "no", "12", ""),
    ]
    assert guessed(known, more, 2026) == {0: "email", 1: "since"}


def test_an_office_without_a_number_is_held_and_no_room() -> None:
    header, fields = ["Name", "Office"], ["name", "office"]
    assert settled(header, fields, [("Ada", "Minister of Labour"), ("Bo", "")]) == ["name", "role"]
    assert settled(header, fields, [("Ada", "04M081"), ("Bo", "Spinelli")]) == fields
    assert settled(["Name", "Bureau"], fields, [("Ada", "Strasbourg")]) == fields
    assert settled([*header, "Role"], [*fields, "role"], [("Ada", "East wing", "Minister")]) == [*fields, "role"]


def test_regions_under_a_heading_for_countries_are_regions() -> None:
    header, fields = ["Name", "Land"], ["name", "country"]
    assert settled(header, fields, [("Ada", "Bayern"), ("Bo", "Hessen")]) == ["name", "region"]
    assert settled(header, fields, [("Ada", "Luxemburg"), ("Bo", "Belgien")]) == fields
    assert settled([*header, "Bundesland"], [*fields, "region"], [("Ada", "Bayern")]) == [*fields, "region"]
    assert recognised(["Nombre", "Cargo", "Gobierno", "Comunidad"]) == ["name", "role", "institution", "region"]
