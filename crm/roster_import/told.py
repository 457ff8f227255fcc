"""What our own exports tell of a contact beyond what rosters do, value by value as the directory held it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crm.directory.models import Category, PointKind, RelationshipKind
from crm.stances.models import Confidence, Stance


@dataclass(frozen=True)
class ToldName:
    """Another name with its language (BCP 47), note and days."""

    name: str
    language: str = ""
    note: str = ""
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class ToldPoint:
    """A way to reach the contact, in use or not; `office` is the document's id of the membership it belongs to."""

    kind: PointKind
    value: str
    label: str = ""
    retired: bool = False
    source: str = ""
    office: str = ""


@dataclass(frozen=True)
class ToldSource:
    """Where something of the contact was read, and the newest day that source described it on."""

    label: str
    url: str = ""
    as_of: date | None = None


@dataclass(frozen=True)
class ToldOrganization:
    """An organization that something points to; `ref` is the document's id of it."""

    ref: str
    name: str
    category: Category
    country: str = ""


@dataclass(frozen=True)
class ToldPost:
    """An office of an organization, with the area it is for."""

    label: str
    country: str = ""
    region: str = ""


@dataclass(frozen=True)
class ToldMembership:
    """A membership with all its columns; `ref` is the document's id of it."""

    ref: str
    organization: ToldOrganization
    on_behalf_of: ToldOrganization | None = None
    post: str = ""
    role: str = "member"
    country: str = ""
    region: str = ""
    constituency: str = ""
    term: str = ""
    start: date | None = None
    end: date | None = None
    ended_by: date | None = None
    source: str = ""


@dataclass(frozen=True)
class ToldTie:
    """A tie with a contact told earlier in the document, by its id there; `is_object`: the other one is the subject."""

    kind: RelationshipKind
    other: str
    other_name: str
    is_object: bool = False
    start: date | None = None
    end: date | None = None
    note: str = ""
    source: str = ""


@dataclass(frozen=True)
class ToldStatement:
    """What the contact said of a treaty (its code), with the link it is known from and why it was withdrawn, if so."""

    treaty: str
    stance: Stance
    said_on: date
    confidence: Confidence
    source_url: str
    quote: str = ""
    withdrawn: str = ""


@dataclass(frozen=True)
class Told:
    """Everything of this kind about one contact. `ref` is the document's id, `forms_of_address` are by language."""

    ref: str
    region: str = ""
    forms_of_address: tuple[tuple[str, str], ...] = ()
    names: tuple[ToldName, ...] = ()
    points: tuple[ToldPoint, ...] = ()
    sources: tuple[ToldSource, ...] = ()
    memberships: tuple[ToldMembership, ...] = ()
    ties: tuple[ToldTie, ...] = ()
    statements: tuple[ToldStatement, ...] = ()
