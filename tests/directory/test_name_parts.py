"""The parts of a whole name, and the whole name where one of them changes."""

from __future__ import annotations

import pytest

from crm.directory.name_parts import NONE, Parts, lost_words, parts_of, renamed


@pytest.mark.parametrize(
    ("name", "country", "parts"),
    [
        ("Inés Brugadell Lameiriña", "ES", ("Inés", "Brugadell Lameiriña")),
        ("Ada Zúñiga", None, ("Ada", "Zúñiga")),
        ("Abadía Jover, Maravillas", "ES", ("Maravillas", "Abadía Jover")),
        ("ORBÁN Viktor", "HU", ("Viktor", "ORBÁN")),
        ("Madonna", None, NONE),
    ],
)
def test_a_whole_name_proposes_its_parts(name: str, country: str | None, parts: Parts) -> None:
    assert parts_of(name, country) == parts


@pytest.mark.parametrize(
    ("name", "was", "now", "then"),
    [
        ("Inés Brugadell", ("Inés", "Brugadell"), ("Inés", "Brugadelles"), "Inés Brugadelles"),
        ("ORBÁN Viktor", ("Viktor", "Orbán"), ("Viktor", "Urbán"), "URBÁN Viktor"),
        ("Dr Ada M. Zuniga", ("Ada", "Zuniga"), ("Adela", "Zúñiga"), "Dr Adela M. Zúñiga"),
        ("Ada Ada", ("Ada", "Ada"), ("Ada", "Eda"), "Ada Eda"),
        ("Inés Brugadell", ("Inés", "Brugadell"), (None, "Brugadell"), "Brugadell"),
        ("Madonna", NONE, (None, "Ciccone"), "Madonna Ciccone"),
        ("Madonna", NONE, ("Madonna", "Ciccone"), "Madonna Ciccone"),
        ("Zúñiga", (None, "Zúñiga"), ("Ada", "Zúñiga"), "Ada Zúñiga"),
        ("A. Z.", ("Ada", "Zuniga"), ("Ada", "Zúñiga"), "Ada Zúñiga"),
    ],
)
def test_only_the_part_that_changed_changes_in_the_whole(name: str, was: Parts, now: Parts, then: str) -> None:
    assert renamed(name, was, now) == then


def test_words_without_others_in_their_place_are_lost() -> None:
    assert lost_words("Inés Brugadell", "Inés Brugadelles", "Inés", "Inés") == []
    assert lost_words("ORBÁN Viktor", "Viktor Orbán", "Viktor", "Viktor") == []
    assert lost_words("Inés Brugadell Brugadell", "Inés Brugadell Olea", "Inés", "Inés") == []
    assert lost_words("Inés Brugadell Brugadell", "Inés Brugadell", "Inés", "Inés") == ["Brugadell"]
    assert lost_words("Ada M. Zuniga", "Ada Zúñiga", "Ada", "Ada") == ["M."]
    # As many words as before, but her given name is not among them.
    assert lost_words("Inés Brugadell", "Brugadelles Lameiriña", "Inés", None) == ["Inés"]
