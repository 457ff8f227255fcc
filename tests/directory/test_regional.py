"""Which organizations are a region's government as a whole, and which are a part of one."""

from __future__ import annotations

import pytest

from crm.directory.models import Category
from crm.directory.regional import governs


@pytest.mark.parametrize(
    ("name", "country", "region"),
    [
        ("Gobierno Vasco", "ES", "ES-PV"),
        ("Basque Government", "ES", "ES-PV"),
        ("Eusko Jaurlaritza", "ES", "ES-PV"),
        ("Government of the Basque Country", "ES", "ES-PV"),
        ("Gobierno de La Rioja", "ES", "ES-RI"),
        ("Generalitat Valenciana", "ES", "ES-VC"),
        ("Vlaamse Regering", "BE", "BE-VLG"),
        ("Scottish Government", "GB", "GB-SCT"),
        ("Consejería de Salud de La Rioja", "ES", ""),
        ("Departamento de Empleo del Gobierno Vasco", "ES", ""),
        ("Gobierno de España", "ES", ""),
        ("Gobierno Vasco", None, ""),
    ],
)
def test_a_government_is_known_by_its_name(name: str, country: str | None, region: str) -> None:
    assert governs(name, Category.REGIONAL_GOVERNMENT, country) == region
    assert governs(name, Category.GOVERNMENT, country) == ""
