"""Carrying plans out: a batch of them through the directory's bulk writes, in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from crm.audit.bulk import RowUpdate
from crm.directory.bulk import (
    add_identifiers,
    add_memberships,
    add_organizations,
    add_people,
    add_points,
    update_memberships,
    update_people,
    update_points,
)
from crm.roster_import.changes import NewMembership
from crm.roster_import.diffing import Plan
from crm.roster_import.labels import SCHEME, Body
from crm.roster_import.lookups import contacts_by_identifier, organization_ids


def _ensure_organizations(bodies: Iterable[Body]) -> dict[tuple[str, ...], int]:
    """The organization of each body by its key, made where the directory has none; codes are noted as identifiers."""
    wanted = {body.key: body for body in bodies}
    ids = organization_ids(list(wanted.values()))
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
        bodies += [update.on_behalf_of for update in plan.writes.membership_updates]
    return [body for body in bodies if body is not None]


def _write_people(plans: Sequence[Plan]) -> list[int | None]:
    """Write the columns of people; whom each plan is about, None where nothing is written of nobody."""
    contact_ids = [plan.contact_id for plan in plans]
    new = [index for index, plan in enumerate(plans) if plan.contact_id is None and plan.writes.columns]
    for index, contact_id in zip(new, add_people([plans[index].writes.columns for index in new]), strict=True):
        contact_ids[index] = contact_id
    update_people(
        [
            RowUpdate(plan.contact_id, plan.writes.replaced, plan.writes.columns)
            for plan in plans
            if plan.contact_id is not None and plan.writes.columns
        ]
    )
    return contact_ids


def write(plans: Sequence[Plan], source: str) -> list[int | None]:
    """Carry a batch of plans out in the running unit of work; whom each was about, in their order.

    `source` is how new memberships and contact points say where they come from. Wrap all batches of an import in
    `projected_together()`.
    """
    organizations = _ensure_organizations(_bodies(plans))
    contact_ids = _write_people(plans)
    identifiers: list[dict[str, Any]] = []
    memberships: list[tuple[NewMembership, dict[str, Any]]] = []
    membership_updates: list[RowUpdate] = []
    point_updates: list[RowUpdate] = []
    touched: dict[str, list[int]] = defaultdict(list)
    for plan, contact_id in zip(plans, contact_ids, strict=True):
        if contact_id is None:
            continue
        identifiers += [
            {"contact_id": contact_id, "scheme": scheme, "value": value} for scheme, value in plan.writes.identifiers
        ]
        memberships += [(new, _membership(new, contact_id, organizations, source)) for new in plan.writes.memberships]
        for update in plan.writes.membership_updates:
            row = update.row
            if update.on_behalf_of is not None:
                behalf = organizations[update.on_behalf_of.key]
                row = RowUpdate(row.row_id, row.before, {**row.after, "on_behalf_of_id": behalf})
            membership_updates.append(row)
        point_updates += plan.writes.point_updates
        if plan.writes.membership_updates:
            touched["memberships"].append(contact_id)
        if plan.writes.point_updates:
            touched["points"].append(contact_id)
    add_identifiers(identifiers)
    made = add_memberships([row for _new, row in memberships])
    offices = {new: membership_id for (new, _row), membership_id in zip(memberships, made, strict=True)}
    update_memberships(membership_updates, touched["memberships"])
    update_points(point_updates, touched["points"])
    add_points(
        [
            {
                "contact_id": contact_id,
                "kind": point.kind,
                "value": point.value,
                "status": point.status,
                "source": source,
                "membership_id": offices[point.office] if isinstance(point.office, NewMembership) else point.office,
            }
            for plan, contact_id in zip(plans, contact_ids, strict=True)
            if contact_id is not None
            for point in plan.writes.points
        ]
    )
    return contact_ids


def _membership(
    new: NewMembership, person_id: int, organizations: dict[tuple[str, ...], int], source: str
) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "organization_id": organizations[new.organization.key],
        "on_behalf_of_id": organizations[new.on_behalf_of.key] if new.on_behalf_of else None,
        "role": new.role[:120],
        "country": new.country,
        "term": new.term,
        "start_date": new.start_date,
        "end_date": new.end_date,
        "ended_by": new.ended_by,
        "source": source,
    }
