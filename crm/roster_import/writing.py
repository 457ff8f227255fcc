"""Carrying plans out: a batch of them through the directory's bulk writes, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from datetime import date
from typing import Any

from crm.audit.bulk import RowUpdate
from crm.directory.bulk import (
    Prospect,
    add_identifiers,
    add_languages,
    add_memberships,
    add_organizations,
    add_other_names,
    add_people,
    add_points,
    add_posts,
    note_source,
    update_memberships,
    update_organizations,
    update_people,
    update_points,
)
from crm.directory.models import ContactKind, Membership, PointKind, PointStatus, last_day
from crm.directory.projection import affiliations
from crm.directory.standing import Mandate
from crm.roster_import.changes import MembershipUpdate, NewMembership
from crm.roster_import.diffing import Plan
from crm.roster_import.labels import SCHEME, Body
from crm.roster_import.lookups import contacts_by_identifier, ids_by_name, post_ids
from crm.roster_import.writing_told import write_facts, write_statements, write_structure

_SOURCE: int = Membership.source.type.length


def _ensure_organizations(bodies: Iterable[Body], refs: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    """The organization of each body by its key, made where the directory has none; codes are noted as identifiers."""
    wanted = {body.key: body for body in bodies}
    told = {key: refs[body.ref] for key, body in wanted.items() if body.ref in refs}
    wanted = {key: body for key, body in wanted.items() if key not in told}
    ids = told | ids_by_name(list(wanted.values()))
    missing = [body for key, body in wanted.items() if key not in ids]
    made = add_organizations(
        [
            {
                "category_override": body.category,
                "holders_are": body.holders_are,
                "name": body.name,
                "abbreviation": body.abbreviation,
                "country": body.country,
            }
            for body in missing
        ]
    )
    ids |= {body.key: contact_id for body, contact_id in zip(missing, made, strict=True)}
    coded = {(SCHEME, body.code): ids[body.key] for body in wanted.values() if body.code}
    known = contacts_by_identifier(list(coded))
    add_identifiers(
        [
            {"contact_id": contact_id, "scheme": scheme, "value": code}
            for (scheme, code), contact_id in coded.items()
            if (scheme, code) not in known
        ]
    )
    return ids


def _bodies(plans: Sequence[Plan]) -> list[Body]:
    bodies: list[Body | None] = []
    for plan in plans:
        for membership in plan.writes.memberships:
            bodies += [membership.organization, membership.on_behalf_of]
        for update in plan.writes.membership_updates:
            bodies += [update.on_behalf_of, update.post[0] if update.post else None]
    return [body for body in bodies if body is not None]


def _ensure_posts(plans: Sequence[Plan], organizations: dict[tuple[str, ...], int]) -> dict[tuple[int, str], int]:
    """The post of each organization and label, made where the directory has none."""
    wanted: dict[tuple[int, str], None] = {}
    for plan in plans:
        named = [(new.organization, new.post) for new in plan.writes.memberships if new.post]
        named += [update.post for update in plan.writes.membership_updates if update.post]
        wanted |= {(organizations[body.key], label): None for body, label in named}
    ids = post_ids(wanted.keys())
    missing = [key for key in wanted if key not in ids]
    made = add_posts([{"organization_id": organization_id, "label": label} for organization_id, label in missing])
    return ids | dict(zip(missing, made, strict=True))


def _prospects(plans: Sequence[Plan], organizations: dict[tuple[str, ...], int]) -> list[Prospect]:
    """What each of these new people will have once its plan is carried out."""
    new = [membership for plan in plans for membership in plan.writes.memberships]
    named = {body.key: organizations[body.key] for one in new for body in (one.organization, one.on_behalf_of) if body}
    known = affiliations(set(named.values()))
    by_key = {key: known[organization_id] for key, organization_id in named.items()}
    return [
        Prospect(
            [
                Mandate(
                    last_day(one.end_date, one.ended_by),
                    one.start_date,
                    by_key[one.organization.key],
                    by_key[one.on_behalf_of.key] if one.on_behalf_of else None,
                    one.region,
                )
                for one in plan.writes.memberships
            ],
            next(
                (
                    point.value
                    for point in plan.writes.points
                    if point.kind is PointKind.EMAIL and point.status is PointStatus.CURRENT
                ),
                None,
            ),
            [told.name for told in plan.writes.other_names],
        )
        for plan in plans
    ]


def _add_refs(plans: Sequence[Plan], contact_ids: Sequence[int | None], refs: MutableMapping[str, int]) -> None:
    refs.update(
        {
            plan.ref: contact_id
            for plan, contact_id in zip(plans, contact_ids, strict=True)
            if plan.ref and contact_id is not None
        }
    )


def _updates(plans: Iterable[Plan]) -> list[RowUpdate]:
    return [
        RowUpdate(plan.contact_id, plan.writes.replaced, plan.writes.columns)
        for plan in plans
        if plan.contact_id is not None and plan.writes.columns
    ]


def _write_organizations(plans: Sequence[Plan], contact_ids: list[int | None]) -> None:
    """Write the columns of organizations, and the ids of new ones into `contact_ids`."""
    mine = [(index, plan) for index, plan in enumerate(plans) if plan.about is ContactKind.ORGANIZATION]
    new = [(index, plan) for index, plan in mine if plan.contact_id is None and plan.writes.columns]
    made = add_organizations([plan.writes.columns for _index, plan in new])
    for (index, _plan), contact_id in zip(new, made, strict=True):
        contact_ids[index] = contact_id
    update_organizations(_updates(plan for _index, plan in mine))


def _write_people(
    plans: Sequence[Plan], contact_ids: list[int | None], organizations: dict[tuple[str, ...], int]
) -> frozenset[int]:
    """Write the columns of people, and the ids of new ones into `contact_ids`; those ids."""
    mine = [(index, plan) for index, plan in enumerate(plans) if plan.about is ContactKind.PERSON]
    new = [(index, plan) for index, plan in mine if plan.contact_id is None and plan.writes.columns]
    newcomers = [plan for _index, plan in new]
    made = add_people([plan.writes.columns for plan in newcomers], _prospects(newcomers, organizations))
    for (index, _plan), contact_id in zip(new, made, strict=True):
        contact_ids[index] = contact_id
    update_people(_updates(plan for _index, plan in mine))
    return frozenset(made)


def _written(plans: Sequence[Plan], contact_ids: Sequence[int | None]) -> list[tuple[Plan, int]]:
    return [(plan, contact_id) for plan, contact_id in zip(plans, contact_ids, strict=True) if contact_id is not None]


def write(plans: Sequence[Plan], source: str, as_of: date, refs: MutableMapping[str, int]) -> list[int | None]:
    """Carry a batch of plans out in the running unit of work; whom each was about, in their order.

    `source` is how new memberships and contact points say where they come from, `as_of` the day it describes. `refs`
    has the contacts behind the document's ids, and grows with every batch. Wrap all batches of an import in
    `projected_together()`.
    """
    contact_ids = [plan.contact_id for plan in plans]
    _write_organizations(plans, contact_ids)
    _add_refs(plans, contact_ids, refs)
    write_structure(_written(plans, contact_ids), refs)
    organizations = _ensure_organizations(_bodies(plans), refs)
    posts = _ensure_posts(plans, organizations)
    newcomers = _write_people(plans, contact_ids, organizations)
    _add_refs(plans, contact_ids, refs)
    written = _written(plans, contact_ids)
    _write_descriptions(written, newcomers)
    write_facts(written, refs)
    write_statements(written)
    memberships = [
        (new, _membership(new, contact_id, organizations, posts, source))
        for plan, contact_id in written
        for new in plan.writes.memberships
    ]
    made = add_memberships([row for _new, row in memberships], newcomers)
    offices = {new: membership_id for (new, _row), membership_id in zip(memberships, made, strict=True)}
    update_memberships(
        [_updated(update, organizations, posts) for plan, _id in written for update in plan.writes.membership_updates],
        [contact_id for plan, contact_id in written if plan.writes.membership_updates],
    )
    update_points(
        [update for plan, _id in written for update in plan.writes.point_updates],
        [contact_id for plan, contact_id in written if plan.writes.point_updates],
    )
    add_points(
        [
            {
                "contact_id": contact_id,
                "kind": point.kind,
                "value": point.value,
                "label": point.label,
                "status": point.status,
                "source": source if point.source is None else point.source,
                "membership_id": offices[point.office] if isinstance(point.office, NewMembership) else point.office,
            }
            for plan, contact_id in written
            for point in plan.writes.points
        ],
        newcomers,
    )
    note_source([contact_id for plan, contact_id in written if plan.describes], source, as_of)
    return contact_ids


def _write_descriptions(written: Sequence[tuple[Plan, int]], newcomers: frozenset[int]) -> None:
    """Identifiers, other names and languages."""
    add_identifiers(
        [
            {"contact_id": contact_id, "scheme": scheme, "value": value}
            for plan, contact_id in written
            for scheme, value in plan.writes.identifiers
        ]
    )
    add_other_names(
        [
            {
                "contact_id": contact_id,
                "name": name.name,
                "language": name.language or None,
                "note": name.note,
                "start_date": name.start,
                "end_date": name.end,
            }
            for plan, contact_id in written
            for name in plan.writes.other_names
        ],
        newcomers,
    )
    add_languages(
        [
            {"contact_id": contact_id, "language": language, "rank": rank}
            for plan, contact_id in written
            for language, rank in plan.writes.languages
        ]
    )


def _updated(
    update: MembershipUpdate, organizations: dict[tuple[str, ...], int], posts: dict[tuple[int, str], int]
) -> RowUpdate:
    """The update with the ids of what may have been made for it."""
    after = dict(update.row.after)
    if update.on_behalf_of is not None:
        after["on_behalf_of_id"] = organizations[update.on_behalf_of.key]
    if update.post is not None:
        body, label = update.post
        after["post_id"] = posts[organizations[body.key], label]
    return RowUpdate(update.row.row_id, update.row.before, after)


def _membership(
    new: NewMembership,
    person_id: int,
    organizations: dict[tuple[str, ...], int],
    posts: dict[tuple[int, str], int],
    source: str,
) -> dict[str, Any]:
    organization_id = organizations[new.organization.key]
    note = f" ({new.note})" if new.note else ""
    return {
        "person_id": person_id,
        "organization_id": organization_id,
        "on_behalf_of_id": organizations[new.on_behalf_of.key] if new.on_behalf_of else None,
        "post_id": posts[organization_id, new.post] if new.post else None,
        "role": new.role,
        "country": new.country,
        "region": new.region,
        "constituency": new.constituency,
        "term": new.term,
        "start_date": new.start_date,
        "end_date": new.end_date,
        "ended_by": new.ended_by,
        "source": f"{source[: _SOURCE - len(note)]}{note}" if new.source is None else new.source,
    }
