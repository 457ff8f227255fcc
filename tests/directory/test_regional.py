"""Which organizations are a region's government as a whole, and which are a part of one."""

from __future__ import annotations

import pytest

from crm.directory.models import Category
from crm.directory.portfolios import government_of
from crm.directory.regional import country_governed, governs
from crm.places.regions import country_within


@pytest.mark.parametrize(
    ("name", "country", "region"),
    [
        ("Gobierno Vasco", "ES", "ES-PV"),
        ("Gobierno de la Comunidad Foral de Navarra", "ES", "ES-NC"),
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


@pytest.mark.parametrize(
    ("category", "country", "names"),
    [
        (Category.REGIONAL_GOVERNMENT, "ES", ("Gobierno Vasco", "Basque Government")),
        (Category.GOVERNMENT, "ES", ("Gobierno de España", "Government of Spain")),
        (
            Category.GOVERNMENT,
            "ES",
            (
                "Ministerio de Asuntos Exteriores, Unión Europea y Cooperación",
                "Ministry of Foreign Affairs, European Union and Cooperation",
            ),
        ),
        (
            Category.GOVERNMENT,
            "FR",
            ("Ministère de l’Europe et des Affaires étrangères", "Ministry for Europe and Foreign Affairs"),
        ),
        (Category.GOVERNMENT, "DE", ("Auswärtiges Amt", "Federal Foreign Office")),
        (
            Category.GOVERNMENT,
            "DE",
            ("Bundesministerium für Arbeit und Soziales", "Federal Ministry of Labour and Social Affairs"),
        ),
        (Category.REGIONAL_GOVERNMENT, "ES", ("Consejería de Salud de La Rioja", "La Rioja Department of Health")),
    ],
)
def test_one_government_has_one_key_in_every_language(category: Category, country: str, names: tuple[str, str]) -> None:
    one, other = (government_of(name, category, country) for name in names)
    assert one == other != ""


def test_what_is_below_a_ministry_is_not_it() -> None:
    keys = {
        government_of(name, Category.GOVERNMENT, "ES")
        for name in ("Ministry of Migration", "State Secretariat for Migration", "Ministry of Health", "Royal House")
    }
    assert keys == {"ES: migration", "ES: health", ""}


def test_the_name_of_a_government_tells_its_country_where_it_can_be_of_one_alone() -> None:
    told = {
        "Gobierno Vasco": "ES",
        "Junta de Castilla y León": "ES",
        "Gouvernement wallon": "BE",
        "Gobierno de España": "ES",
        "Gobierno de La Rioja": None,
        "Government of Georgia": None,
        "Junta Directiva": None,
        "Galicia": None,
    }
    assert {name: country_governed(name) for name in told} == told
    assert country_within("Parlamento de Andalucía") == "ES"
    assert country_within("Parlamento de La Rioja") is None
