"""What the screens call the directory's kinds and states, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from urllib.parse import quote

from babel import Locale
from flask import Flask
from flask_babel import get_locale, lazy_gettext

from crm.directory.likeness import AGAINST, PLAIN_ROLE, Reason
from crm.directory.models import Category, ContactKind, PointKind, RelationshipKind
from crm.places.countries import country_name
from crm.places.regions import region_name

CATEGORIES = {
    Category.MEP: lazy_gettext("MEP"),
    Category.COMMISSIONER: lazy_gettext("Commissioner"),
    Category.NATIONAL_OFFICIAL: lazy_gettext("National official"),
    Category.NATIONAL_MP: lazy_gettext("National MP"),
    Category.REGIONAL_MP: lazy_gettext("Regional MP"),
    Category.REGIONAL_GOVERNMENT: lazy_gettext("Regional government"),
    Category.GOVERNMENT: lazy_gettext("Government or ministry"),
    Category.EU_INSTITUTION: lazy_gettext("EU institution"),
    Category.PARLIAMENT: lazy_gettext("Parliament"),
    Category.POLITICAL_GROUP: lazy_gettext("Political group"),
    Category.PARTY: lazy_gettext("Party"),
    Category.COMMITTEE: lazy_gettext("Committee"),
    Category.PARTNER: lazy_gettext("Partner organization"),
    Category.UN_BODY: lazy_gettext("UN body"),
    Category.OTHER: lazy_gettext("Other"),
}
KINDS = {ContactKind.PERSON: lazy_gettext("Person"), ContactKind.ORGANIZATION: lazy_gettext("Organization")}
POINTS = {
    PointKind.EMAIL: lazy_gettext("E-mail"),
    PointKind.PHONE: lazy_gettext("Phone"),
    PointKind.FAX: lazy_gettext("Fax"),
    PointKind.ADDRESS: lazy_gettext("Postal address"),
    PointKind.URL: lazy_gettext("Website"),
    PointKind.TWITTER: lazy_gettext("X (Twitter)"),
    PointKind.FACEBOOK: lazy_gettext("Facebook"),
    PointKind.INSTAGRAM: lazy_gettext("Instagram"),
}
# Roles that sources write in these words; any other is shown as its source wrote it.
ROLES = {
    "member": lazy_gettext("Member"),
    "substitute": lazy_gettext("Substitute"),
    "chair": lazy_gettext("Chair"),
    "vice-chair": lazy_gettext("Vice-chair"),
}
# These say no more than the category does.
PLAIN_ROLES = frozenset({"member", "substitute"})
# Where a plain role says something: of a government nobody is a member for having no office there that we know of.
_HAVE_MEMBERS = frozenset(
    {
        *(Category.PARLIAMENT, Category.POLITICAL_GROUP, Category.PARTY),
        *(Category.COMMITTEE, Category.UN_BODY, Category.EU_INSTITUTION),
    }
)
# Registers by scheme: what they are called, and the address of an entry's page where it has one.
REGISTERS = {
    "europarl": (lazy_gettext("European Parliament"), "https://www.europarl.europa.eu/meps/en/{}"),
    "europarl-body": (lazy_gettext("European Parliament's code"), ""),
    "wikidata": (lazy_gettext("Wikidata"), "https://www.wikidata.org/wiki/{}"),
}
# Why two contacts may be one, or may not.
REASONS = {
    Reason.SAME_ADDRESS: lazy_gettext("same e-mail address"),
    Reason.SAME_PHONE: lazy_gettext("same phone number"),
    Reason.SAME_NAME: lazy_gettext("same name"),
    Reason.REORDERED_NAME: lazy_gettext("same name in another order"),
    Reason.OTHER_NAME: lazy_gettext("one goes by a name of the other"),
    Reason.SAME_GOVERNMENT: lazy_gettext("both the same government or ministry, by their names"),
    Reason.SHORT_NAME: lazy_gettext("same short name"),
    Reason.LONGER_NAME: lazy_gettext("one name is part of the other"),
    Reason.SIMILAR_NAME: lazy_gettext("names alike"),
    Reason.PART_OF_NAME: lazy_gettext("names partly the same"),
    Reason.SAME_OFFICE: lazy_gettext("same office"),
    Reason.SAME_INSTITUTION: lazy_gettext("same institution"),
    Reason.SAME_PARTY: lazy_gettext("same party"),
    Reason.SAME_BIRTH_DATE: lazy_gettext("born on the same day"),
    Reason.SAME_COUNTRY: lazy_gettext("same country"),
    Reason.COUNTRY_UNKNOWN: lazy_gettext("country not known of both"),
    Reason.REGISTERS_DIFFER: lazy_gettext("two entries in one register"),
    Reason.BIRTH_DATES_DIFFER: lazy_gettext("different days of birth"),
    Reason.COUNTRIES_DIFFER: lazy_gettext("different countries"),
}
# What stands before the other contact's name, from the side of the subject and from that of the object.
TIES = {
    RelationshipKind.KNOWS: (lazy_gettext("Knows"), lazy_gettext("Knows")),
    RelationshipKind.COLLEAGUE: (lazy_gettext("Colleague of"), lazy_gettext("Colleague of")),
    RelationshipKind.FAMILY: (lazy_gettext("Family of"), lazy_gettext("Family of")),
    RelationshipKind.ALLY: (lazy_gettext("Ally of"), lazy_gettext("Ally of")),
    RelationshipKind.OPPONENT: (lazy_gettext("Opponent of"), lazy_gettext("Opponent of")),
    RelationshipKind.ADVISES: (lazy_gettext("Advises"), lazy_gettext("Is advised by")),
    RelationshipKind.WORKS_FOR: (lazy_gettext("Works for"), lazy_gettext("Has working for them")),
    RelationshipKind.REPORTS_TO: (lazy_gettext("Reports to"), lazy_gettext("Is reported to by")),
    RelationshipKind.SUCCEEDED: (lazy_gettext("Succeeded"), lazy_gettext("Was succeeded by")),
}
# Only what a source tells; anything else is shown as it wrote it.
GENDERS = {
    "female": lazy_gettext("Female"),
    "male": lazy_gettext("Male"),
    "non-binary": lazy_gettext("Non-binary"),
}


def likeness_reasons(codes: Iterable[str]) -> list[tuple[str, str]]:
    """What speaks for it and against it, with the tone of each."""
    known = [Reason(code) for code in codes if code in set(Reason)]
    return [(str(REASONS[reason]), "warn" if reason in AGAINST else "neutral") for reason in known]


def category_label(category: Category) -> str:
    """The category in the reader's language."""
    return str(CATEGORIES[category])


def country_label(code: str | None) -> str:
    """The country in the reader's language."""
    return country_name(code, get_locale())


def region_label(code: str | None) -> str:
    """The region in the reader's language, else by its own name; the code itself where the standard has none."""
    return region_name(code, get_locale())


def language_label(code: str) -> str:
    """The language (BCP 47) in the reader's language; the code itself where nobody has named it."""
    known = (get_locale() or Locale("en")).languages
    return str(known.get(code.replace("-", "_")) or known.get(code.partition("-")[0]) or code)


def kind_label(kind: ContactKind) -> str:
    """Person or organization, in the reader's language."""
    return str(KINDS[kind])


def tie_label(kind: RelationshipKind, backwards: bool = False) -> str:
    """What the contact is to the other of a tie; `backwards` where the contact is its object."""
    return str(TIES[kind][backwards])


def gender_label(gender: str) -> str:
    """The gender a source tells, in the reader's language where it is one of ours."""
    return str(GENDERS.get(gender, gender))


def point_label(kind: PointKind) -> str:
    """The kind of a contact point in the reader's language."""
    return str(POINTS[kind])


def role_label(role: str) -> str:
    """The role of a membership in the reader's language, where it is one of ours."""
    return str(ROLES.get(role.lower(), role))


def says_role(role: str, category: Category) -> bool:
    """Whether the role in an organization of this category says anything; not where no office was told."""
    return role.lower() != PLAIN_ROLE or category in _HAVE_MEMBERS


def role_in(role: str, category: Category) -> str:
    """The role in an organization of this category, in the reader's language; empty where no office was told."""
    return role_label(role) if says_role(role, category) else ""


def office_label(office: str | None, institution: str | None) -> str:
    """The office somebody holds, `Minister of Labour, Government of Spain`; empty for a plain membership or none."""
    if not office or not institution or office.lower() in PLAIN_ROLES:
        return ""
    return f"{role_label(office)}, {institution}"


def hit_label(row: Any, today: date) -> str:
    """What a hit of a search is in one line: the office held today, else its category; of the category the country too.

    `row` has the columns of `crm.directory.finding.HIT_COLUMNS`.
    """
    held = office_label(row.office, row.institution) if row.mandate_end and row.mandate_end >= today else ""
    return held or ", ".join(filter(None, (category_label(row.category), country_label(row.country))))


def register_label(scheme: str) -> str:
    """Who keeps the register of an identifier; the scheme itself where we do not know."""
    return str(REGISTERS[scheme][0]) if scheme in REGISTERS else scheme


def register_page(value: str, scheme: str) -> str | None:
    """The public page of an identifier, where its register has one."""
    _label, address = REGISTERS.get(scheme, (None, ""))
    return address.format(quote(value, safe="")) if address else None


def init_app(app: Flask) -> None:
    """Let every template use these labels as filters."""
    labels = (category_label, country_label, kind_label, point_label, role_label, register_label, register_page)
    for label in (*labels, role_in, office_label, hit_label, region_label, language_label, tie_label, gender_label):
        app.jinja_env.filters[label.__name__] = label
