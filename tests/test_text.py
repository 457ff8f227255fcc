"""Folding: whatever the script and the accents, one spelling to search by."""

from __future__ import annotations

import pytest

from crm.text import fold, seen


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Łukasz KOHUT", "lukasz kohut"),
        ("Jean-Marie Œuvre", "jean marie oeuvre"),
        ("O’Neill", "oneill"),
        ("O'Neill", "oneill"),
        ("Παπαδόπουλος", "papadopoulos"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "papadopoulos"),
        ("Ευάγγελος Αυγερινός", "evangelos avgerinos"),
        ("Ευθυμίου", "efthymiou"),
        ("Μπέος Ντόρα", "beos dora"),
        ("Щукин Пётр", "shchukin petr"),
        ("Кузьменко", "kuzmenko"),
        ("محمد", "mhmd"),
        ("مُحَمَّد", "mhmd"),
        ("  two   blanks ", "two blanks"),
        ("…", ""),
    ],
)
def test_names_fold_to_what_people_type(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_what_nobody_sees_is_no_part_of_a_text() -> None:
    assert seen("\ufeffAna\u200b\u00a0Ze\u00adbra\u200e") == "Ana Zebra"
    assert seen("Jose\u0301") == "José"
    assert seen("Ana\u200d") == "Ana"
    # A joiner between Persian letters is spelling.
    assert seen("علی\u200cرضا") == "علی\u200cرضا"
