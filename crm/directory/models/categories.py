"""What a contact is to a campaign, and what holding an office in an organization makes of a person."""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """What a contact is to a campaign."""

    MEP = "mep"
    COMMISSIONER = "commissioner"
    NATIONAL_OFFICIAL = "national_official"
    NATIONAL_MP = "national_mp"
    REGIONAL_MP = "regional_mp"
    REGIONAL_GOVERNMENT = "regional_government"
    GOVERNMENT = "government"
    EU_INSTITUTION = "eu_institution"
    PARLIAMENT = "parliament"
    POLITICAL_GROUP = "political_group"
    PARTY = "party"
    COMMITTEE = "committee"
    PARTNER = "partner"
    UN_BODY = "un_body"
    OTHER = "other"


# What may be said of people. The order is that of rank: who holds several offices at once is what the first of them is.
PERSON_CATEGORIES = (
    Category.COMMISSIONER,
    Category.NATIONAL_OFFICIAL,
    Category.MEP,
    Category.REGIONAL_GOVERNMENT,
    Category.NATIONAL_MP,
    Category.REGIONAL_MP,
    Category.UN_BODY,
    Category.PARTNER,
    Category.OTHER,
)
_OF_PEOPLE_ALONE = (
    Category.MEP,
    Category.COMMISSIONER,
    Category.NATIONAL_OFFICIAL,
    Category.NATIONAL_MP,
    Category.REGIONAL_MP,
)
ORGANIZATION_CATEGORIES = tuple(category for category in Category if category not in _OF_PEOPLE_ALONE)

# What an organization makes of those who hold an office in it, where the organization itself does not say otherwise
# (`Organization.holders_are`: the European Parliament's are MEPs). Groups, parties and committees make nothing of them.
CATEGORY_OF_HOLDERS = {
    Category.PARLIAMENT: Category.NATIONAL_MP,
    Category.GOVERNMENT: Category.NATIONAL_OFFICIAL,
    Category.REGIONAL_GOVERNMENT: Category.REGIONAL_GOVERNMENT,
    Category.UN_BODY: Category.UN_BODY,
    Category.PARTNER: Category.PARTNER,
}
HOLDERS_BY_RANK = {category: rank for rank, category in enumerate(PERSON_CATEGORIES)}


def made_of_holders(category: Category, holders_are: Category | None, region: str | None) -> Category | None:
    """What holding an office in an organization makes of a person: what it says itself, else what its category does.

    A parliament of a region makes regional MPs.
    """
    if holders_are is None and category is Category.PARLIAMENT and region:
        return Category.REGIONAL_MP
    return holders_are or CATEGORY_OF_HOLDERS.get(category)
