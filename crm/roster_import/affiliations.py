"""Comparing the dated spells a source tells apart, in groups, parties and committees, with what the directory knows."""

from __future__ import annotations

from collections.abc import Sequence

from crm.audit.bulk import RowUpdate
from crm.roster_import import labels
from crm.roster_import.changes import Comparison, MembershipUpdate, NewMembership
from crm.roster_import.known import KnownMembership
from crm.roster_import.mandates import described, known_to_be_over_by
from crm.roster_import.models import Reason
from crm.roster_import.records import Affiliation
from crm.text import fold


def compare_affiliations(it: Comparison) -> None:
    """Compare every spell; one that is known gets the dates it lacks, and an end where it ran on so far."""
    for affiliation in it.record.affiliations:
        body = labels.affiliated(affiliation, it.country)
        organization_id = it.setting.organization_id(body)
        candidates = [
            one
            for one in it.memberships
            if one.organization_id == organization_id
            and one.id not in it.taken
            and fold(one.role) == fold(affiliation.role)
        ]
        known = _same_spell(candidates, affiliation)
        if known is not None:
            it.taken.add(known.id)
            _compare_spell(it, affiliation, known)
            continue
        parliament = labels.institution(affiliation.institution) if affiliation.institution else None
        term = labels.term_on(parliament, affiliation.end or it.setting.as_of) if parliament else None
        over_by = known_to_be_over_by(it.setting, parliament, term) if parliament and not affiliation.end else None
        it.changes.add("affiliation", None, _in_words(body.short, affiliation))
        it.changes.writes.memberships.append(
            NewMembership(
                organization=body,
                role=affiliation.role,
                term=term.number if term else None,
                start_date=affiliation.start,
                end_date=affiliation.end,
                ended_by=over_by,
            )
        )


def _in_words(organization: str, affiliation: Affiliation) -> str:
    days = [day.isoformat() if day else "" for day in (affiliation.start, affiliation.end)]
    return f"{described(organization, role=affiliation.role)}, {'/'.join(days)}" if any(days) else organization


def _same_spell(known: Sequence[KnownMembership], affiliation: Affiliation) -> KnownMembership | None:
    """The known spell of that body and role: begun on the same day, or one whose beginning nobody knew."""
    same = next((one for one in known if affiliation.start and one.start_date == affiliation.start), None)
    if same is not None:
        return same
    vague = (one for one in known if affiliation.start is None or one.start_date is None)
    return next((one for one in vague if (one.end_date, one.is_open) == (affiliation.end, not affiliation.end)), None)


def _compare_spell(it: Comparison, affiliation: Affiliation, known: KnownMembership) -> None:
    ends = affiliation.end not in (None, known.end_date) and (known.is_open or it.is_newer)
    if affiliation.start and known.start_date is None:
        _write(it, affiliation, known, "start_date", affiliation.start)
    if ends:
        _write(it, affiliation, known, "end_date", affiliation.end)


def _write(it: Comparison, affiliation: Affiliation, known: KnownMembership, column: str, after: object) -> None:
    before = getattr(known, column)
    field = "affiliation_start" if column == "start_date" else "affiliation_end"
    held = Reason.HAND_MADE if column in known.by_hand else None
    if it.changes.add(field, before, _in_words(known.organization, affiliation), held):
        row = RowUpdate(known.id, {column: before}, {column: after})
        it.changes.writes.membership_updates.append(MembershipUpdate(row))
