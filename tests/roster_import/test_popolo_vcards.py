"""vCards of every version: address books of others, and our own cards read back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from crm.exports.cards import cards
from crm.roster_import.readers import open_roster
from crm.roster_import.records import BadLine, Item, Mandate, Problem, Record, RosterFormat, UnreadableRoster
from tests.factories.directory import make_person
from tests.factories.roster_import import import_file

OLD = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=85ngstr=C3=B6m;Zo=C3=AB\r\n"
    "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Zo=C3=AB =C3=85ngstr=\r\n=C3=B6m\r\n"
    "EMAIL;INTERNET:second@office.example\r\nEMAIL;PREF;INTERNET:First@Office.example\r\n"
    "TEL;FAX:0046 2\r\nTEL;WORK;VOICE:0046 1\r\n"
    "PHOTO;ENCODING=BASE64;JPEG:\r\n QUJD\r\n QUJD\r\n\r\nEND:VCARD\r\n"
)
COMMON = (
    "BEGIN:VCARD\nVERSION:3.0\nN:de Invented;Ada;;Dr;\nFN:Dr Ada de\n  Invented\nORG:Ministry of Work\\, Home;Unit\n"
    "TITLE:Head of Cabinet\nBDAY:1970-01-02\nADR;TYPE=WORK:;;Street 1;Town;;1000;Spain\nUID:abc-1\n"
    "URL:https://x.com/ada\nURL:https://ada.example/\nEMAIL:not an address\nNOTE:private\nEND:VCARD\n"
)
NEW = (
    "BEGIN:VCARD\nVERSION:4.0\nFN:Bo OTHER\nGENDER:M\nLANG;PREF=1:fr\nLANG;PREF=2:en\nBDAY:--0203\n"
    "TEL;VALUE=uri;TYPE=voice:tel:+1-2\nEND:VCARD\n"
)


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def read(path: Path) -> list[Item]:
    source = open_roster(path, path.name)
    assert source.format is RosterFormat.VCARD
    return list(source.records())


@pytest.mark.sqlite_only
def test_every_version_in_one_file(app: Flask, tmp_path: Path) -> None:
    old, common, new = read(write(tmp_path / "book.vcf", OLD + COMMON + "\n" + NEW))
    assert isinstance(old, Record)
    assert (old.line, old.name, old.given_name, old.family_name) == (1, "Zoë Ångström", "Zoë", "Ångström")
    assert old.emails == ("first@office.example", "second@office.example")
    assert (old.phones, old.faxes) == (("+46 1",), ("+46 2",))
    assert isinstance(common, Record)
    assert (common.name, common.honorific_prefix, common.family_name) == ("Dr Ada de Invented", "Dr", "de Invented")
    assert common.mandates == (Mandate("Ministry of Work, Home", role="Head of Cabinet"),)
    assert common.birth_date == date(1970, 1, 2)
    assert common.identifiers == (("vcard", "abc-1"),)
    assert common.addresses == ("Street 1, 1000, Town, Spain",)
    assert (common.twitter, common.urls) == (("ada",), ("https://ada.example/",))
    assert [(doubt.field, doubt.problem) for doubt in common.doubts] == [("email", Problem.NOT_AN_ADDRESS)]
    assert isinstance(new, Record)
    assert (new.given_name, new.family_name, new.gender, new.languages) == ("Bo", "OTHER", "male", ("fr", "en"))
    assert new.birth_date is None
    assert new.phones == ("+1-2",)


@pytest.mark.sqlite_only
def test_a_card_of_nobody_is_named_by_its_line(app: Flask, tmp_path: Path) -> None:
    text = NEW + "BEGIN:VCARD\nVERSION:4.0\nKIND:org\nFN:Ministry\nEND:VCARD\nBEGIN:VCARD\nVERSION:4.0\nEND:VCARD\n"
    _person, organization, empty = read(write(tmp_path / "book.vcf", text))
    assert isinstance(organization, BadLine)
    assert (organization.line, organization.text, organization.problem) == (10, "Ministry", Problem.NO_PERSON)
    assert isinstance(empty, BadLine)
    assert (empty.line, empty.problem) == (15, Problem.NO_NAME)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("text", "line"),
    [
        (NEW + "BEGIN:VCARD\nFN:Cut off\n", 10),
        (NEW + "BEGIN:VCARD\nFN:Open\n" + NEW, 10),
        (NEW + "FN:Outside\n", 10),
        ("BEGIN:VCARD\nFN:" + "A" * 300_000 + "\nEND:VCARD\n", 1),
    ],
)
def test_damage_and_bombs_are_refused_with_their_line(app: Flask, tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(UnreadableRoster) as refused:
        read(write(tmp_path / "book.vcf", text))
    assert refused.value.line == line


def test_our_own_cards_are_no_news(app: Flask, tmp_path: Path) -> None:
    person = make_person("Ada Invented", country="ES")
    path = write(tmp_path / "book.vcf", "".join(cards([person.id])))
    # The card's own number is noted, once.
    assert import_file(path, as_of=date(2026, 1, 1)) == {"changed": 1}
    assert import_file(path, as_of=date(2026, 1, 1)) == {"unchanged": 1}
