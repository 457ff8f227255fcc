"""The states of the world and the regions they lie in."""

from __future__ import annotations

from collections import Counter

import pytest

from crm.places.countries import country_codes
from crm.places.european_union import eu_members
from crm.places.states import WorldRegion, alpha_3, un_members, world_region_name


def test_the_united_nations_have_193_members() -> None:
    assert len(un_members()) == 193
    assert country_codes() >= un_members().keys()
    assert un_members().keys() >= eu_members()
    assert Counter(un_members().values()) == {
        WorldRegion.AFRICA: 54,
        WorldRegion.ASIA: 47,
        WorldRegion.EUROPE: 43,
        WorldRegion.AMERICAS: 35,
        WorldRegion.OCEANIA: 14,
    }


def test_regions_of_the_world_are_named_in_the_readers_language() -> None:
    assert world_region_name(WorldRegion.AFRICA) == "Africa"
    assert world_region_name(WorldRegion.EUROPE, "fr") == "Europe"
    assert world_region_name(WorldRegion.OCEANIA, "es") == "Oceanía"


def test_alpha_3() -> None:
    codes = [alpha_3(code) for code in country_codes()]
    assert len(set(codes)) == 250
    assert {"FRA", "XKX"} <= set(codes)
    with pytest.raises(ValueError, match="no country's code"):
        alpha_3("ZZ")
