"""Reads what our own Popolo exports say of a contact, value by value, so that it comes back as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm import clock
from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import (
    ORGANIZATION_CATEGORIES,
    PERSON_CATEGORIES,
    Category,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Person,
    PointKind,
    Post,
    Relationship,
    RelationshipKind,
)
from crm.roster_import.readers.own_values import (
    Thing,
    Unfit,
    is_ours,
    own_part,
    read_country,
    read_day,
    read_kind,
    read_text,
    things,
)
from crm.roster_import.readers.source import shown
from crm.roster_import.records import BadLine, OrganizationRecord, Problem, Record
from crm.roster_import.told import (
    Told,
    ToldMembership,
    ToldName,
    ToldOrganization,
    ToldPoint,
    ToldPost,
    ToldSource,
    ToldStatement,
    ToldTie,
)
from crm.stances.models import FIRST_DAY, STATED, Confidence, Statement, Withdrawal, is_link
from crm.treaties.models import Treaty


class OwnExport:
    """The contacts of one document; the organizations, posts and ties they point to are given by the document's ids."""

    def __init__(self, organizations: Mapping[str, Thing], posts: Mapping[str, Thing]) -> None:
        self._organizations = organizations
        self._posts_by_id = posts
        self._posts: dict[str, list[Thing]] = {}
        for post in posts.values():
            self._posts.setdefault(str(post.get("organization_id")), []).append(post)

    def person(self, line: int, told: Thing, memberships: Iterable[Thing], ties: Iterable[ToldTie]) -> Record | BadLine:
        """The person with their memberships, and their ties to contacts told earlier."""
        try:
            return self._person(line, told, memberships, tuple(ties))
        except Unfit as unfit:
            return _bad_line(line, told, unfit)

    def organization(self, line: int, told: Thing, ties: Iterable[ToldTie]) -> OrganizationRecord | BadLine:
        """The organization with its posts, and its ties to contacts told earlier."""
        try:
            return self._organization(line, told, tuple(ties))
        except Unfit as unfit:
            return _bad_line(line, told, unfit)

    def in_order(self) -> list[Thing]:
        """Our own organizations, each after the one it is part of."""
        ordered: dict[str, Thing] = {}
        for ref in self._organizations:
            above: dict[str, Thing] = {}
            reached = ref
            while reached in self._organizations and reached not in above and reached not in ordered:
                above[reached] = self._organizations[reached]
                reached = str(above[reached].get("parent_id"))
            ordered |= dict(reversed(above.items()))
        return [one for one in ordered.values() if is_ours(one)]

    def _person(
        self, line: int, told: Thing, memberships: Iterable[Thing], ties: tuple[ToldTie, ...]
    ) -> Record | BadLine:
        ours = own_part(told)
        name = read_text(told, "name", Person.name)
        if not name:
            return BadLine(line, shown(read_text(told, "id")), Problem.NO_NAME)
        held = (self._membership(one) for one in memberships)
        full = self._told(told, tuple(one for one in held if one is not None), ties)
        return Record(
            line=line,
            name=name,
            given_name=read_text(told, "given_name", Person.given_name) or None,
            family_name=read_text(told, "family_name", Person.family_name) or None,
            identifiers=_identifiers(told),
            category=read_kind(ours, "category", PERSON_CATEGORIES, "category_override") or "",
            country=read_country(ours),
            gender=read_text(told, "gender", Person.gender),
            birth_date=read_day(told, "birth_date"),
            death_date=read_day(told, "death_date"),
            honorific_prefix=read_text(told, "honorific_prefix", Person.honorific_prefix),
            honorific_suffix=read_text(told, "honorific_suffix", Person.honorific_suffix),
            other_names=tuple(one.name for one in full.names),
            languages=_languages(ours),
            # Whom the line is about may be told by them.
            emails=tuple(point.value for point in full.points if point.kind is PointKind.EMAIL),
            told=full,
        )

    def _organization(self, line: int, told: Thing, ties: tuple[ToldTie, ...]) -> OrganizationRecord | BadLine:
        ours = own_part(told)
        ref = read_text(told, "id")
        name = read_text(told, "name", Organization.name)
        if not name:
            return BadLine(line, shown(ref), Problem.NO_NAME)
        parent = read_text(told, "parent_id")
        return OrganizationRecord(
            line=line,
            name=name,
            category=read_kind(told, "classification", ORGANIZATION_CATEGORIES, "category_override") or Category.OTHER,
            told=self._told(told, (), ties),
            country=read_country(ours),
            abbreviation=read_text(ours, "abbreviation", Organization.abbreviation),
            holders_are=read_kind(ours, "holders_are", PERSON_CATEGORIES, "holders_are"),
            parent=parent,
            parent_name=read_text(self._organizations.get(parent, {}), "name"),
            founding_date=read_day(told, "founding_date"),
            dissolution_date=read_day(told, "dissolution_date"),
            identifiers=_identifiers(told),
            languages=_languages(ours),
            posts=tuple(
                ToldPost(
                    read_text(one, "label", Post.label, "post"), read_country(own_part(one)), _region(own_part(one))
                )
                for one in self._posts.get(ref, ())
                if one.get("label")
            ),
        )

    def _told(self, told: Thing, memberships: tuple[ToldMembership, ...], ties: tuple[ToldTie, ...]) -> Told:
        ours = own_part(told)
        said = ours.get("forms_of_address")
        forms: Thing = said if isinstance(said, dict) else {}
        return Told(
            ref=read_text(told, "id"),
            region=_region(ours),
            forms_of_address=tuple(
                (language, read_text(forms, language, field="form_of_address")) for language in forms
            ),
            names=tuple(
                ToldName(
                    read_text(one, "name", OtherName.name, "other_name"),
                    read_text(one, "lang", OtherName.language, "other_name"),
                    read_text(one, "note", OtherName.note, "other_name"),
                    read_day(one, "start_date", "other_name"),
                    read_day(one, "end_date", "other_name"),
                )
                for one in things(told, "other_names")
                if one.get("name")
            ),
            points=tuple(_point(one) for one in things(told, "contact_details") if one.get("value")),
            sources=tuple(
                ToldSource(
                    read_text(one, "label", ContactSource.label, "source"),
                    read_text(one, "url", ContactSource.url, "source"),
                    read_day(one, "as_of", "source"),
                )
                for one in things(ours, "sources")
            ),
            memberships=memberships,
            ties=ties,
            statements=tuple(one for one in map(_statement, things(ours, "statements")) if one is not None),
        )

    def _named(self, membership: Thing, name: str) -> ToldOrganization | None:
        """The organization a membership points to, which the document also describes."""
        ref = read_text(membership, name)
        one = self._organizations.get(ref, {})
        label = read_text(one, "name", Organization.name, "institution")
        if not label:
            return None
        category = read_kind(one, "classification", ORGANIZATION_CATEGORIES, "category_override")
        return ToldOrganization(ref, label, category or Category.OTHER, read_country(own_part(one)))

    def _membership(self, one: Thing) -> ToldMembership | None:
        organization = self._named(one, "organization_id")
        if organization is None:
            return None
        ours = own_part(one)
        return ToldMembership(
            ref=read_text(one, "id"),
            organization=organization,
            on_behalf_of=self._named(one, "on_behalf_of_id"),
            post=read_text(self._posts_by_id.get(read_text(one, "post_id"), {}), "label", Post.label, "post"),
            role=read_text(one, "role", Membership.role),
            country=read_country(ours),
            region=_region(ours),
            constituency=read_text(ours, "constituency", Membership.constituency),
            term=read_text(ours, "term", Membership.term, "mandate"),
            start=read_day(one, "start_date", "mandate_start"),
            end=read_day(one, "end_date", "mandate_end"),
            ended_by=read_day(ours, "ended_by", "mandate_over_by"),
            source=read_text(ours, "source", Membership.source),
        )


def tie(one: Thing, other: str, other_name: str, *, is_object: bool) -> ToldTie | None:
    """A tie seen from its later end, None for what is no tie this version knows."""
    try:
        kind = read_kind(one, "classification", RelationshipKind, "relationship")
        if kind is None:
            return None
        return ToldTie(
            kind,
            other,
            other_name,
            is_object,
            read_day(one, "start_date"),
            read_day(one, "end_date"),
            read_text(one, "note", Relationship.note),
            read_text(one, "source", Relationship.source),
        )
    except Unfit:
        return None


def _statement(one: Thing) -> ToldStatement | None:
    """A statement, None for one whose source is not in the document (a file, a record of theirs): it needs one."""
    source = one.get("source")
    url = read_text(source, "url", field="statement") if isinstance(source, dict) else ""
    said_on = read_day(one, "date", "statement")
    stance = read_kind(one, "stance", STATED, "statement")
    confidence = read_kind(one, "confidence", Confidence, "statement")
    if stance is None or confidence is None or said_on is None or not is_link(url):
        return None
    if said_on < FIRST_DAY or said_on > clock.today():
        return None
    withdrawn = one.get("withdrawn")
    return ToldStatement(
        read_text(one, "treaty", Treaty.code, "statement"),
        stance,
        said_on,
        confidence,
        url,
        read_text(one, "quote", Statement.quote, "statement"),
        read_text(withdrawn, "reason", Withdrawal.reason, "statement") if isinstance(withdrawn, dict) else "",
    )


def _bad_line(line: int, told: Thing, unfit: Unfit) -> BadLine:
    return BadLine(line, shown(str(told.get("name", ""))), unfit.problem, unfit.field, shown(unfit.value))


def _identifiers(told: Thing) -> tuple[tuple[str, str], ...]:
    found = {
        (
            read_text(one, "scheme", Identifier.scheme, "identifier"),
            read_text(one, "identifier", Identifier.value, "identifier"),
        ): None
        for one in things(told, "identifiers")
    }
    return tuple((scheme, value) for scheme, value in found if scheme and value)


def _languages(ours: Thing) -> tuple[str, ...]:
    languages = ours.get("languages")
    told = languages if isinstance(languages, list) else []
    return tuple(
        dict.fromkeys(
            read_text({"language": one}, "language", ContactLanguage.language) for one in told if isinstance(one, str)
        )
    )


def _region(ours: Thing) -> str:
    return read_text(ours, "region", Organization.region)


def _point(one: Thing) -> ToldPoint:
    ours = own_part(one)
    kind = read_kind(one, "type", PointKind, "contact_detail")
    if kind is None:
        raise Unfit("contact_detail", "", Problem.UNKNOWN_KIND)
    value = read_text(one, "value", ContactPoint.value, kind.value)
    if kind is PointKind.EMAIL:
        try:
            value = normalize_address(value)
        except InvalidAddress:
            raise Unfit("email", value, Problem.NOT_AN_ADDRESS) from None
    return ToldPoint(
        kind,
        value,
        read_text(one, "label", ContactPoint.label, kind.value),
        ours.get("status") == "retired",
        read_text(ours, "source", ContactPoint.source, kind.value),
        read_text(ours, "membership_id"),
    )
