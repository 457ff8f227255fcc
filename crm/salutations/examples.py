"""What the rules write for each office, as the page of a wording and the form of a contact show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crm.salutations.rules import address, full_languages
from crm.salutations.terms import Address, Addressee, Formality, Gender, Office

# Invented; the last one shows that a name tells no gender.
_PEOPLE = (
    (Gender.WOMAN, "female", "Anna Kowalska", "Kowalska"),
    (Gender.MAN, "male", "Jan Kowalski", "Kowalski"),
    (Gender.NEUTRAL, None, "Anna Kowalska", "Kowalska"),
)
_ORGANIZATION = "Ministry of Labour"


@dataclass(frozen=True)
class OfficeExample:
    """An office with its opening for a woman, for a man and for whose gender is not known, each once."""

    office: Office
    openings: tuple[tuple[str, tuple[Gender, ...]], ...]


def office_examples(language: str, formality: Formality) -> list[OfficeExample]:
    """Every office as a letter in that language opens, for people and an organization that nobody is."""
    examples = []
    for office in Office:
        if office is Office.INSTITUTION:
            found = address(Addressee(office, _ORGANIZATION), language, formality)
            examples.append(OfficeExample(office, ((found.salutation, ()),)))
            continue
        openings: dict[str, list[Gender]] = {}
        for gender, told, name, family in _PEOPLE:
            found = address(Addressee(office, name, family, told), language, formality)
            openings.setdefault(found.salutation, []).append(gender)
        one = len(openings) == 1
        examples.append(OfficeExample(office, tuple((said, () if one else tuple(of)) for said, of in openings.items())))
    return examples


def addresses(addressee: Addressee, languages: Iterable[str]) -> list[tuple[Address, Address]]:
    """The standard and the formal address of one contact: in these languages, then in all with rules of their own."""
    wanted = dict.fromkeys((*languages, *full_languages()))
    return [
        (address(addressee, language, Formality.STANDARD), address(addressee, language, Formality.FORMAL))
        for language in wanted
    ]
