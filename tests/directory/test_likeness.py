"""What makes two contacts alike, how sure that is, and what speaks against it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm.directory.likeness import Reason, Subject, blocks, likeness, skeleton
from crm.directory.models import ContactKind
from crm.duplicates.models import Certainty, certainty_of

BORN = date(1960, 5, 1)


def person(name: str, **more: Any) -> Subject:
    given = {"country": "ES", **more}
    return Subject(id=1, kind=ContactKind.PERSON, name=name, category="mep", **given)


def body(name: str, **more: Any) -> Subject:
    return Subject(id=1, kind=ContactKind.ORGANIZATION, name=name, category=more.pop("category", "party"), **more)


def addresses(*values: str) -> frozenset[str]:
    return frozenset(values)


@pytest.mark.parametrize(
    ("one", "other", "certainty", "reasons"),
    [
        (person("lovelace ada"), person("lovelace ada"), Certainty.LIKELY, {Reason.SAME_NAME, Reason.SAME_COUNTRY}),
        (
            person("lovelace ada", party_id=7),
            person("lovelace ada byron", party_id=7),
            Certainty.LIKELY,
            {Reason.LONGER_NAME, Reason.SAME_PARTY, Reason.SAME_COUNTRY},
        ),
        (
            person("lovelace ada"),
            person("ada lovelace"),
            Certainty.LIKELY,
            {Reason.REORDERED_NAME, Reason.SAME_COUNTRY},
        ),
        (
            person("lovelace ada", birth_date=BORN),
            person("lovelace ada", birth_date=BORN),
            Certainty.CERTAIN,
            {Reason.SAME_NAME, Reason.SAME_COUNTRY, Reason.SAME_BIRTH_DATE},
        ),
        (
            person("lovelace ada", addresses=addresses("a@x.example")),
            person("lovelace ada", addresses=addresses("a@x.example", "b@x.example")),
            Certainty.CERTAIN,
            {Reason.SAME_ADDRESS, Reason.SAME_NAME, Reason.SAME_COUNTRY},
        ),
        (
            person("lovelace ada", addresses=addresses("office@x.example")),
            person("hopper grace", addresses=addresses("office@x.example")),
            Certainty.POSSIBLE,
            {Reason.SAME_ADDRESS, Reason.SAME_COUNTRY},
        ),
        (
            person("kowalski jan"),
            person("kowalsky jan"),
            Certainty.POSSIBLE,
            {Reason.SIMILAR_NAME, Reason.SAME_COUNTRY},
        ),
        (
            person("king augusta", other_names=frozenset({"ada lovelace"})),
            person("lovelace ada"),
            Certainty.LIKELY,
            {Reason.OTHER_NAME, Reason.SAME_COUNTRY},
        ),
        (
            person("garcia lopez maria"),
            person("garcia lopez maria jose"),
            Certainty.POSSIBLE,
            {Reason.LONGER_NAME, Reason.SAME_COUNTRY},
        ),
        (
            # Those of two equal family names are not part of everybody's who has one of them.
            person("ferran ferran marta"),
            person("ferran marta"),
            Certainty.POSSIBLE,
            {Reason.LONGER_NAME, Reason.SAME_COUNTRY},
        ),
        (
            person("lovelace ada", country=None),
            person("lovelace ada"),
            Certainty.LIKELY,
            {Reason.SAME_NAME, Reason.COUNTRY_UNKNOWN},
        ),
        (
            body("blue party", country="ES"),
            body("blue party", country="ES"),
            Certainty.CERTAIN,
            {Reason.SAME_NAME, Reason.SAME_COUNTRY},
        ),
        (
            body("blue party of spain", country="ES", short_name="bps"),
            body("bps", country="ES"),
            Certainty.LIKELY,
            {Reason.SHORT_NAME, Reason.SAME_COUNTRY},
        ),
    ],
    ids=lambda value: None if not isinstance(value, Subject) else value.name,
)
def test_what_two_have_in_common_tells_how_sure_it_is(
    one: Subject, other: Subject, certainty: Certainty, reasons: set[Reason]
) -> None:
    for found in (likeness(one, other), likeness(other, one)):
        assert found is not None
        assert (certainty_of(found.score), set(found.reasons)) == (certainty, reasons)
    assert set(blocks(one)) & set(blocks(other)), "they would never meet"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("lovelace ada"), person("hopper grace")),
        (person("lovelace ada"), person("lovelace ada", country="FR")),
        (
            person("lovelace ada", registers=(("europarl", "1"),)),
            person("lovelace ada", registers=(("europarl", "2"),)),
        ),
        (person("lovelace ada", birth_date=BORN), person("lovelace ada", birth_date=date(1970, 1, 1))),
        (body("blue party", country="ES"), body("blue party", country="FR")),
        (body("committee 1", country="ES"), body("committee 2", country="ES")),
        (person("blue party"), body("blue party", country="ES")),
        (person("ferran ferran marta"), person("ferran urrutia marta")),
    ],
)
def test_these_are_not_proposed(one: Subject, other: Subject) -> None:
    assert likeness(one, other) is None


@pytest.mark.parametrize("against", [{"registers": (("europarl", "2"),)}, {"birth_date": date(1970, 1, 1)}])
def test_a_contradiction_is_never_certain(against: dict[str, Any]) -> None:
    same: dict[str, Any] = {"addresses": addresses("a@x.example")}
    known: dict[str, Any] = {"registers": (("europarl", "1"),), "birth_date": BORN}
    one = person("lovelace ada", **same, **{name: known[name] for name in against})
    found = likeness(one, person("lovelace ada", **same, **against))
    assert found is not None
    assert certainty_of(found.score) is Certainty.POSSIBLE
    assert {Reason.REGISTERS_DIFFER, Reason.BIRTH_DATES_DIFFER} & set(found.reasons)


@pytest.mark.parametrize(("one", "other"), [("mueller", "muller"), ("kowalski", "kowalsky"), ("anna", "ana")])
def test_spellings_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)
