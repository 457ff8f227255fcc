"""Names of the real rosters, split by their capitals, beside sources that tell given and family names apart."""

from __future__ import annotations

import csv
import re

import pytest

from crm.roster_import.names import split_capitals
from crm.roster_import.readers import open_roster
from crm.roster_import.records import Record
from crm.text import fold
from tests.conftest import SHARED_DATA

MEP = SHARED_DATA / "mep"

pytestmark = [
    pytest.mark.sqlite_only,
    pytest.mark.skipif(not MEP.exists(), reason=f"{MEP} is not there: real rosters are not part of the project"),
]

# By europarl id: where the Open Data Portal knows somebody under other names than the full list of term 8, and how.
MORE_IN_LIST = "the list has more names than the portal"
MORE_IN_PORTAL = "the portal has more names than the list"
OTHER = "the portal has another given or family name than the list"
TITLE = "the list writes a title before or in the name"
DIFFERING = {
    "4521": MORE_IN_PORTAL,
    "24942": MORE_IN_PORTAL,
    "28353": MORE_IN_LIST,
    "96776": TITLE,
    "124816": OTHER,
    "124872": MORE_IN_LIST,
    "124889": MORE_IN_LIST,
    "125006": OTHER,
    "125038": MORE_IN_LIST,
    "125043": MORE_IN_LIST,
    "125045": MORE_IN_LIST,
    "125093": OTHER,
    "188718": MORE_IN_PORTAL,
    "189391": TITLE,
}


def listed(name: str) -> dict[str, Record]:
    found = [item for item in open_roster(MEP / name).records() if isinstance(item, Record)]
    return {record.identifiers[0][1]: record for record in found}


def truth() -> dict[str, tuple[str, str]]:
    with (MEP / "ttp_meps.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["epid"]: (row["first_name"], row["last_name"]) for row in csv.DictReader(file)}


def test_term_10_is_split_right_for_718_of_718() -> None:
    known = truth()
    assert len(known) == 718
    assert [names for names in known.values() if split_capitals(" ".join(names)) != names] == []


def test_the_full_list_of_term_10() -> None:
    """It has 712 people in common with the table, one of whom goes by a shorter given name there."""
    known, records = truth(), listed("ep_full_list_term10_2025-08.xml")
    assert len(records) == 718
    assert all(record.family_name for record in records.values())
    both = known.keys() & records.keys()
    assert len(both) == 712
    differing = [
        number
        for number in both
        if (fold(records[number].given_name or ""), fold(records[number].family_name or ""))
        != tuple(map(fold, known[number]))
    ]
    assert len(differing) == 1
    (number,) = differing
    assert fold(records[number].family_name or "") == fold(known[number][1])
    assert fold(records[number].given_name or "") in fold(known[number][0])


def is_same(ours: str | None, theirs: str | None) -> bool:
    """Whether two spellings are one name; a question mark of theirs stands for a letter the file has lost."""
    ours, theirs = (ours or "").casefold(), (theirs or "").casefold()
    if "?" not in theirs:
        return fold(ours) == fold(theirs)
    return re.fullmatch("..?".join(map(re.escape, theirs.split("?"))), ours) is not None


def test_term_8_differs_where_the_portal_knows_other_names() -> None:
    known, records = listed("odp_beta_meps_term8_en.csv"), listed("ep_full_list_term8_2019-03_fr.xml")
    assert (len(records), len(records.keys() & known.keys())) == (750, 750)
    assert all(record.family_name for record in records.values())
    assert sum("?" in known[number].name for number in records) == 69
    differing = {
        number
        for number in records
        if not is_same(records[number].given_name, known[number].given_name)
        or not is_same(records[number].family_name, known[number].family_name)
    }
    assert differing == DIFFERING.keys()
    # The family names have a word in common everywhere: no word of a given name went among them, nor the other way.
    for number in differing:
        ours, theirs = records[number].family_name or "", known[number].family_name or ""
        assert set(fold(ours).split()) & set(fold(theirs).split()) or "?" in theirs
