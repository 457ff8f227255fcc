"""Tables of the directory, named as in Popolo (people, organizations, posts, memberships, contact details)."""

from crm.directory.models.categories import (
    HOLDERS_BY_RANK,
    ORGANIZATION_CATEGORIES,
    PERSON_CATEGORIES,
    Category,
    made_of_holders,
)
from crm.directory.models.contacts import (
    DERIVED,
    SEARCH_TEXT_LENGTH,
    SORTED,
    Contact,
    ContactKind,
    Organization,
    Person,
)
from crm.directory.models.descriptions import ContactLanguage, ContactSource, Identifier, OtherName
from crm.directory.models.memberships import OPEN_END, SOURCES_LENGTH, Membership, Post, last_day
from crm.directory.models.merges import ContactMerge, MergeStep, StepKind
from crm.directory.models.points import (
    TAIL_DIGITS,
    ContactPoint,
    PointKind,
    PointStatus,
    address_domain,
    beyond_ascii,
    phone_tail,
)
from crm.directory.models.relationships import DIRECTED, Relationship, RelationshipKind
from crm.directory.models.restrictions import Restriction
from crm.directory.models.rules import ProjectionRules
from crm.directory.models.tags import TAG_LENGTH, ContactTag, Tag

__all__ = [
    "DERIVED",
    "DIRECTED",
    "HOLDERS_BY_RANK",
    "OPEN_END",
    "ORGANIZATION_CATEGORIES",
    "PERSON_CATEGORIES",
    "SEARCH_TEXT_LENGTH",
    "SORTED",
    "SOURCES_LENGTH",
    "TAG_LENGTH",
    "TAIL_DIGITS",
    "Category",
    "Contact",
    "ContactKind",
    "ContactLanguage",
    "ContactMerge",
    "ContactPoint",
    "ContactSource",
    "ContactTag",
    "Identifier",
    "Membership",
    "MergeStep",
    "Organization",
    "OtherName",
    "Person",
    "PointKind",
    "PointStatus",
    "Post",
    "ProjectionRules",
    "Relationship",
    "RelationshipKind",
    "Restriction",
    "StepKind",
    "Tag",
    "address_domain",
    "beyond_ascii",
    "last_day",
    "made_of_holders",
    "phone_tail",
]
