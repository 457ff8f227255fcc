"""The names columns go by in CSV files, and which of them a header holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm.roster_import import labels
from crm.roster_import.readers.source import shown
from crm.text import fold

# Field of a record to the folded names of its column; the first column of a header that fits is taken.
FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("name", "full name", "fullname", "nom complet", "nombre completo", "person", "display name"),
    "given_name": (
        "first name",
        "given name",
        "firstname",
        "givenname",
        "forename",
        "prenom",
        "nombre",
        "vorname",
    ),
    "family_name": (
        "last name",
        "family name",
        "lastname",
        "familyname",
        "surname",
        "nom",
        "nom de famille",
        "apellido",
        "apellidos",
        "nachname",
    ),
    "email": (
        "email",
        "e mail",
        "mail",
        "email address",
        "e mail address",
        "email addresses",
        "courriel",
        "correo",
        "correo electronico",
        "adresse e mail",
    ),
    "country": ("country", "country code", "pays", "pais", "land", "state", "member state"),
    "gender": ("gender", "sex", "sexe", "genero", "geschlecht"),
    "birth_date": (
        "birthdate",
        "birth date",
        "birthday",
        "date of birth",
        "born",
        "date de naissance",
        "fecha de nacimiento",
        "geburtsdatum",
    ),
    "group": (
        "eugroup",
        "group",
        "political group",
        "politicalgroup",
        "groupe",
        "groupe politique",
        "grupo",
        "faction",
    ),
    "party": ("party", "national party", "nationalpoliticalgroup", "political party", "parti", "partido", "partei"),
    "phone": ("phone", "telephone", "tel", "phone number", "telefono", "telefon"),
    "office": ("office", "room", "bureau"),
    "address": ("address", "postal address", "adresse", "direccion", "anschrift"),
    "url": ("url", "website", "web site", "homepage", "site web", "web"),
    "twitter": ("twitter", "x", "twitter x"),
    "committee": ("committee", "committees", "commission", "commissions"),
    "substitute": ("substitute", "substitutes", "substitute committees"),
    "delegation": ("delegation", "delegations"),
    "europarl": ("epid", "ep id", "mep id", "mepid", "europarl id"),
    "wikidata": ("wikidata", "wikidata id", "qid"),
    "since": ("since", "start", "start date", "mandate start", "depuis", "desde"),
    "until": ("until", "end", "end date", "mandate end"),
    "institution": ("institution", "organization", "organisation", "parliament", "body", "ministry", "employer"),
    "role": ("role", "position", "function", "job title", "title", "fonction", "cargo"),
    "category": ("category", "kind of contact"),
}

_FIELD_OF = {name: field_name for field_name, names in FIELDS.items() for name in names}


@dataclass(frozen=True)
class Columns:
    """Which column (by index) holds what: `fields` by field, `seats` by committee code, `unread` by its heading."""

    fields: dict[str, int] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def has_names(self) -> bool:
        """Whether people can be told apart at all."""
        return "name" in self.fields or "family_name" in self.fields


def recognise(header: Sequence[str]) -> Columns:
    """The columns of a header, recognised by name whatever their case, accents and separators."""
    fields: dict[str, int] = {}
    seats: dict[str, int] = {}
    unread: list[str] = []
    for index, heading in enumerate(header):
        field_name = _FIELD_OF.get(fold(heading.replace("_", " ")))
        if field_name is not None and field_name not in fields:
            fields[field_name] = index
        elif heading.strip() in labels.committee_codes():
            seats[heading.strip()] = index
        elif heading.strip():
            unread.append(shown(heading))
    return Columns(fields, seats, tuple(unread))
