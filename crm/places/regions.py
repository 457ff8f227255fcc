"""Regions of countries, as ISO 3166-2 names them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pycountry

from crm.text import fold


@lru_cache(maxsize=256)
def regions_of(country: str | None) -> tuple[tuple[str, str], ...]:
    """Code and name of every region of a country (ISO 3166-1 alpha-2), in the order of the folded names."""
    found: Any = pycountry.subdivisions.get(country_code=country) if country else None  # type: ignore[no-untyped-call]
    return tuple(sorted(((region.code, region.name) for region in found or ()), key=lambda pair: fold(pair[1])))
