"""The names columns of tables go by, which of them a header holds, and the key that tells headers apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
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

# A column of marks: who sits in the committee or delegation that its heading names by code.
SEAT = "seat"
# Of these a table may have several columns; of others the first that is not empty counts.
SEVERAL = frozenset({"email", "phone", "address", "url", "twitter", "committee", "substitute", "delegation"})

_FIELD_OF = {name: field_name for field_name, names in FIELDS.items() for name in names}


@dataclass(frozen=True)
class Columns:
    """Which columns (by index) hold what: `fields` by field, `seats` by committee code, `unread` by its heading."""

    fields: dict[str, tuple[int, ...]] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def has_names(self) -> bool:
        """Whether people can be told apart at all."""
        return "name" in self.fields or "family_name" in self.fields


def recognised(header: Sequence[str]) -> list[str]:
    """The field each column holds by its name, whatever case, accents and separators; "" where it tells nothing."""
    found: list[str] = []
    for heading in header:
        field_name = _FIELD_OF.get(fold(heading.replace("_", " ")), "")
        if not field_name and heading.strip() in labels.committee_codes():
            found.append(SEAT)
        else:
            found.append(field_name if field_name not in found else "")
    return found


def assigned(header: Sequence[str], fields: Sequence[str]) -> Columns:
    """The columns of a header as `fields` says (one for each column, "" for none; unknown ones are none)."""
    by_field: dict[str, list[int]] = defaultdict(list)
    seats: dict[str, int] = {}
    unread: list[str] = []
    for index, heading in enumerate(header):
        field_name = fields[index] if index < len(fields) else ""
        if field_name in FIELDS:
            by_field[field_name].append(index)
        elif field_name == SEAT and heading.strip():
            seats[heading.strip()] = index
        elif heading.strip():
            unread.append(shown(heading))
    return Columns({name: tuple(indexes) for name, indexes in by_field.items()}, seats, tuple(unread))


def header_hash(header: Sequence[str]) -> str:
    """What tables with the same header share: the SHA-256 of its headings in their order, folded."""
    return hashlib.sha256("\x1f".join(fold(heading) or heading for heading in header).encode()).hexdigest()
