"""The family name in a whole name: what the form and the country tell, for the order of a list."""

import pytest

from crm.directory.sort_names import listed_as, sort_name_of, turned

LISTED = [
    ("ES", "Maravillas Abadía Jover", "Abadía Jover, Maravillas"),
    ("ES", "María Jesús Montero Cuadrado", "Montero Cuadrado, María Jesús"),
    ("ES", "José Luis Ábalos", "Ábalos, José Luis"),
    ("ES", "María del Carmen García López", "García López, María del Carmen"),
    ("ES", "Ana María de la Cruz Gómez", "de la Cruz Gómez, Ana María"),
    ("ES", "Juan Pérez de la Vega", "Pérez de la Vega, Juan"),
    ("ES", "Pedro Sánchez Pérez-Castejón", "Sánchez Pérez-Castejón, Pedro"),
    ("ES", "José Ortega y Gasset", "Ortega y Gasset, José"),
    ("ES", "Ana M. García", "García, Ana M."),
    ("MX", "Ana Redondo", "Redondo, Ana"),
    (None, "Ana María Redondo", "Redondo, Ana María"),
    ("NL", "Kees van der Staaij", "van der Staaij, Kees"),
    ("NL", "Sophie in 't Veld", "in 't Veld, Sophie"),
    ("SA", "Mohammed bin Salman Al Saud", "Al Saud, Mohammed bin Salman"),
    ("SA", "Abd al-Rahman al-Sudais", "al-Sudais, Abd al-Rahman"),
    ("PL", "Anna Maria Kidawa-Błońska", "Kidawa-Błońska, Anna Maria"),
    ("IE", "Aodhán Ó Ríordáin", "Ó Ríordáin, Aodhán"),
    ("GB", "Dr. Jane Smith Jr.", "Smith Jr., Dr. Jane"),
    # What begins with the family name, or has none, stays as it stands.
    ("CN", "Xi Jinping", "Xi Jinping"),
    ("IS", "Katrín Jakobsdóttir", "Katrín Jakobsdóttir"),
    ("HU", "ORBÁN Viktor", "ORBÁN Viktor"),
    ("ES", "Abadía Jover, Maravillas", "Abadía Jover, Maravillas"),
    ("GB", "Charles III", "Charles III"),
    (None, "Madonna", "Madonna"),
    (None, "One Two Three Four Five Six Seven Eight Nine", "One Two Three Four Five Six Seven Eight Nine"),
]


def test_a_whole_name_is_listed_by_its_family_name() -> None:
    found = [(country, name, listed_as(name, None, None, country)) for country, name, _listed in LISTED]
    assert found == LISTED


def test_what_is_told_is_not_guessed_and_a_guess_is_one_of_the_orders_an_import_looks_for() -> None:
    assert sort_name_of("Ana Gil Robles", "Ana Gil", "Robles", "ES") == "robles ana gil"
    assert sort_name_of("", None, "Robles") == "robles"
    for country, name, _listed in LISTED:
        assert sort_name_of(name, country=country) in turned(name)


@pytest.mark.parametrize("name", ["", " ", ".", "- ()", "Ana_ de", "\x00 \x00"])
def test_what_is_no_name_is_no_error(name: str) -> None:
    assert listed_as(name, None, None, "ES") == name
