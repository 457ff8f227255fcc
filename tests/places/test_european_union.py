"""Who was a member of the European Union on which day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crm import clock
from crm.places.countries import country_codes
from crm.places.european_union import eu_members, eu_memberships


@pytest.mark.parametrize(
    ("on", "members"),
    [
        ("1957-12-31", 0),
        ("1958-01-01", 6),
        ("1972-12-31", 6),
        ("1973-01-01", 9),
        ("1981-01-01", 10),
        ("1986-01-01", 12),
        ("1995-01-01", 15),
        ("2004-04-30", 15),
        ("2004-05-01", 25),
        ("2007-01-01", 27),
        ("2013-06-30", 27),
        ("2013-07-01", 28),
        ("2020-01-31", 28),
        ("2020-02-01", 27),
    ],
)
def test_how_many_members_there_were(on: str, members: int) -> None:
    assert len(eu_members(date.fromisoformat(on))) == members


def test_the_united_kingdom_left() -> None:
    assert "GB" in eu_members(date(2020, 1, 31))
    assert "GB" not in eu_members(date(2020, 2, 1))
    assert "HR" in eu_members() - eu_members(date(2010, 1, 1))


def test_by_default_it_is_today() -> None:
    with clock.pretend(datetime(2015, 3, 1, tzinfo=UTC)):
        assert len(eu_members()) == 28
    assert len(eu_members()) == 27


def test_every_membership_is_a_countrys_and_ends_after_it_began() -> None:
    assert len(eu_memberships()) == 28
    assert country_codes() >= {each.country for each in eu_memberships()}
    assert all(each.left is None or each.joined < each.left for each in eu_memberships())
