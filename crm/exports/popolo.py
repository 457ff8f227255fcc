"""Contacts as one Popolo document, streamed; what Popolo has no term for stands under the key `ratify`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from crm.directory.labels import region_label
from crm.directory.models import ContactKind, PointStatus
from crm.exports.queries import (
    AnyRow,
    WholeContact,
    batches,
    kinds_of,
    organizations_named_by,
    relationships_among,
    whole_contacts,
)
from crm.places.countries import country_name

# The vendor's key: docs/rosters.md lists what stands under it.
OURS = "ratify"
_RETIRED = "out of use"


def document(ids: Sequence[int]) -> Iterator[str]:
    """The document in pieces: areas, organizations with their posts, people, memberships and relationships.

    Organizations that the chosen contacts have offices in, or are part of, come along. Ties that a team keeps to itself
    and who of us looks after whom stay here.
    """
    by_kind = kinds_of(ids)
    people = by_kind[ContactKind.PERSON]
    organizations = list(by_kind[ContactKind.ORGANIZATION])
    organizations += sorted(organizations_named_by(ids) - set(organizations))
    areas: set[str] = set()
    yield "{"
    yield from _member("organizations", (_organization(one, areas) for one in _whole(organizations)))
    posts = (_post(one, areas) for contact in _whole(organizations) for one in contact.posts)
    yield from _member("posts", posts)
    yield from _member("persons", (_person(one, areas) for one in _whole(people)))
    held = (_membership(one, areas) for contact in _whole(people) for one in contact.memberships)
    yield from _member("memberships", held)
    ties = (_relationship(one) for one in relationships_among([*organizations, *people]))
    yield from _member("relationships", ties)
    # Last, because only now is known which of them are named; a region's country comes along.
    areas |= {code.partition("-")[0] for code in areas}
    yield from _member("areas", (_area(code) for code in sorted(areas)), last=True)
    yield "}\n"


def _member(name: str, things: Iterator[dict[str, Any]], *, last: bool = False) -> Iterator[str]:
    yield f'"{name}": ['
    for position, thing in enumerate(things):
        yield f"{',' if position else ''}\n{json.dumps(thing, ensure_ascii=False)}"
    yield "\n]" if last else "\n],\n"


def _whole(ids: Sequence[int]) -> Iterator[WholeContact]:
    for batch in batches(ids):
        yield from whole_contacts(batch)


def _said(**values: Any) -> dict[str, Any]:
    """The values there are, days as ISO 8601 writes them."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items()
        if value not in (None, "", [], {})
    }


def _contact_id(contact_id: int | None) -> str | None:
    return None if contact_id is None else f"contact/{contact_id}"


def _area_id(row: AnyRow, areas: set[str]) -> str | None:
    code: str | None = row.region or row.country
    if code:
        areas.add(code)
    return code


def _area(code: str) -> dict[str, Any]:
    country, region, _ = code.partition("-")
    return _said(
        id=code,
        identifier=code,
        name=(region_label(code) if region else country_name(code)) or code,
        classification="region" if region else "country",
        parent_id=country if region else None,
    )


def _described(contact: WholeContact) -> dict[str, Any]:
    """What people and organizations have alike."""
    row = contact.row
    return _said(
        id=_contact_id(row.id),
        name=row.name,
        other_names=[
            _said(name=one.name, lang=one.language, note=one.note, start_date=one.start_date, end_date=one.end_date)
            for one in contact.other_names
        ],
        identifiers=[{"scheme": one.scheme, "identifier": one.value} for one in contact.identifiers],
        contact_details=[_detail(one) for one in contact.points],
        sources=[_said(url=one.url, note=one.label) for one in contact.sources if one.url],
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _detail(point: AnyRow) -> dict[str, Any]:
    retired = point.status is PointStatus.RETIRED
    ours = _said(
        status=point.status.value if retired else None,
        source=point.source,
        membership_id=f"membership/{point.membership_id}" if point.membership_id else None,
    )
    note = _RETIRED if retired else None
    return _said(type=point.kind.value, value=point.value, label=point.label, note=note, **{OURS: ours})


def _extension(contact: WholeContact) -> dict[str, Any]:
    row = contact.row
    return _said(
        category=row.category_override.value if row.category_override else None,
        country=row.country,
        region=row.region,
        forms_of_address=row.forms_of_address,
        languages=[one.language for one in sorted(contact.languages, key=lambda one: (one.rank, one.id))],
        sources=[_said(label=one.label, url=one.url, as_of=one.as_of) for one in contact.sources],
        statements=[_statement(one) for one in contact.statements],
    )


def _statement(said: AnyRow) -> dict[str, Any]:
    file = _said(name=said.file_name, sha256=said.file_sha256) if said.attachment_id else None
    withdrawn = _said(at=said.withdrawn_at, reason=said.withdrawn_reason) if said.withdrawn_at else None
    return _said(
        treaty=said.treaty_code,
        stance=said.stance.value,
        date=said.said_on,
        confidence=said.confidence.value,
        quote=said.quote,
        source=_said(url=said.source_url, file=file, reference=said.source_reference),
        recorded_at=said.recorded_at,
        withdrawn=withdrawn,
    )


def _person(contact: WholeContact, areas: set[str]) -> dict[str, Any]:
    row = contact.row
    _area_id(row, areas)
    own = _said(
        family_name=row.family_name,
        given_name=row.given_name,
        honorific_prefix=row.honorific_prefix,
        honorific_suffix=row.honorific_suffix,
        email=row.email,
        gender=row.gender,
        birth_date=row.birth_date,
        death_date=row.death_date,
    )
    return _described(contact) | own | {OURS: _extension(contact)}


def _organization(contact: WholeContact, areas: set[str]) -> dict[str, Any]:
    row = contact.row
    own = _said(
        classification=row.category.value,
        parent_id=_contact_id(row.parent_id),
        area_id=_area_id(row, areas),
        founding_date=row.founding_date,
        dissolution_date=row.dissolution_date,
    )
    ours = _extension(contact) | _said(
        abbreviation=row.abbreviation, holders_are=row.holders_are.value if row.holders_are else None
    )
    return _described(contact) | own | {OURS: ours}


def _post(post: AnyRow, areas: set[str]) -> dict[str, Any]:
    return _said(
        id=f"post/{post.id}",
        label=post.label,
        organization_id=_contact_id(post.organization_id),
        area_id=_area_id(post, areas),
        **{OURS: _said(country=post.country, region=post.region)},
    )


def _membership(one: AnyRow, areas: set[str]) -> dict[str, Any]:
    return _said(
        id=f"membership/{one.id}",
        person_id=_contact_id(one.person_id),
        organization_id=_contact_id(one.organization_id),
        on_behalf_of_id=_contact_id(one.on_behalf_of_id),
        post_id=f"post/{one.post_id}" if one.post_id else None,
        role=one.role,
        area_id=_area_id(one, areas),
        start_date=one.start_date,
        end_date=one.end_date,
        **{
            OURS: _said(
                country=one.country,
                region=one.region,
                constituency=one.constituency,
                term=one.term,
                ended_by=one.ended_by,
                source=one.source,
            )
        },
    )


def _relationship(tie: AnyRow) -> dict[str, Any]:
    return _said(
        subject_id=_contact_id(tie.subject_id),
        object_id=_contact_id(tie.object_id),
        classification=tie.kind.value,
        start_date=tie.start_date,
        end_date=tie.end_date,
        note=tie.note,
        source=tie.source,
    )
