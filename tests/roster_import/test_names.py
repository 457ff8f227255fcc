"""Capitals tell the family name; what they do not tell is not guessed."""

import pytest

from crm.roster_import.names import split_capitals, split_comma, split_sorted


@pytest.mark.parametrize(
    ("written", "given", "family"),
    [
        ("Ada LOVELACE", "Ada", "LOVELACE"),
        ("Ada Augusta DE LA LOVELACE", "Ada Augusta", "DE LA LOVELACE"),
        ("Lidia Joanna GERINGER de OEDENBERG", "Lidia Joanna", "GERINGER de OEDENBERG"),
        ("Ramon TREMOSA i BALCELLS", "Ramon", "TREMOSA i BALCELLS"),
        ("Wim van de CAMP", "Wim", "van de CAMP"),
        ("Sophia in 't VELD", "Sophia", "in 't VELD"),
        ("David McALLISTER", "David", "McALLISTER"),
        ("Chris MacMANUS", "Chris", "MacMANUS"),
        ("Seán O’BRIEN", "Seán", "O’BRIEN"),
        ("Maria d'AMATO", "Maria", "d'AMATO"),
        ("Aodhán Ó RÍORDÁIN", "Aodhán", "Ó RÍORDÁIN"),
        ("Róża Gräfin von THUN UND HOHENSTEIN", "Róża", "Gräfin von THUN UND HOHENSTEIN"),
        ("William (The Earl of) DARTMOUTH", "William", "(The Earl of) DARTMOUTH"),
        ("Abir AL-SAHLANI", "Abir", "AL-SAHLANI"),
        ("John F. KENNEDY", "John F.", "KENNEDY"),
        ("J.F. KENNEDY", "J.F.", "KENNEDY"),
        ("Albert DEß", "Albert", "DEß"),
        ("Νίκος ΠΑΠΑΣ", "Νίκος", "ΠΑΠΑΣ"),
        ("PLATO", None, "PLATO"),
        ("AHN Gyu Baek", "Gyu Baek", "AHN"),
    ],
)
def test_the_family_name_begins_with_the_capitals_or_the_particles_before_them(
    written: str, given: str | None, family: str
) -> None:
    assert split_capitals(written) == (given, family)


@pytest.mark.parametrize("written", ["Ada Lovelace", "ADA LOVELACE", "Ada", "", "van der Berg"])
def test_without_a_difference_nothing_is_split(written: str) -> None:
    assert split_capitals(written) == (None, None)


@pytest.mark.parametrize(
    ("written", "indexed", "given", "family"),
    [
        ("Ada Lovelace", "Lovelace, Ada", "Ada", "Lovelace"),
        ("Ada Lovelace", "Lovelace Byron, Ada Augusta", "Ada", "Lovelace"),
        ("Ada María Byron-King", "Byron-King Lovelace, Ada María", "Ada María", "Byron-King"),
        ("Lovelace, Ada", "Lovelace, Ada", "Ada", "Lovelace"),
        ("Ada LOVELACE", "Ada LOVELACE", "Ada", "LOVELACE"),
        ("Ada Lovelace", "Ada Lovelace", None, None),
        ("Countess Lovelace", "Byron, Ada", None, None),
    ],
)
def test_the_form_for_indexes_tells_the_parts(
    written: str, indexed: str, given: str | None, family: str | None
) -> None:
    assert split_sorted(written, indexed) == (given, family)


@pytest.mark.parametrize(
    ("written", "given", "family"),
    [
        ("Abadía Jover, Maravillas", "Maravillas", "Abadía Jover"),
        ("van der Leyen, Ursula Gertrud", "Ursula Gertrud", "van der Leyen"),
        ("Al Saud, Mohammed bin Salman", "Mohammed bin Salman", "Al Saud"),
        ("Lovelace, J.", "J.", "Lovelace"),
        *((name, None, None) for name in ("Ada Lovelace", "Ada Lovelace, Jr.", "Lovelace, Ada, MEP", "Lovelace,", "")),
        *((name, None, None) for name in ("Ada Byron, Ministry of Labour", "Byron and Sons, Ada", "Doe, Dr. Ada")),
    ],
)
def test_a_comma_tells_the_parts_unless_something_else_stands_behind_it(
    written: str, given: str | None, family: str | None
) -> None:
    assert split_comma(written) == (given, family)
