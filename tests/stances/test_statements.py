"""Statements are never without a source and never vanish; the current stance follows each of them, for each team."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.audit.actions import undo
from crm.directory.actions import update_contact
from crm.directory.listing import contact_ids
from crm.directory.merging import merge
from crm.directory.models import Category, Contact
from crm.directory.unmerging import unmerge
from crm.extensions import db
from crm.stances.actions import StatementRefused, record_statement, settle_contradiction, withdraw_statement
from crm.stances.models import SHARED, Confidence, CurrentStance, Refusal, Stance, Statement
from crm.stances.projection import rebuild
from crm.stances.queries import (
    contradictions_page,
    current_stances,
    derived_stances,
    has_stale_stance,
    has_stance,
    treaty_stances,
)
from crm.timeline.queries import entries_of
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_organization, make_person
from tests.factories.stances import SOURCE, make_statement
from tests.factories.treaties import icrmw

TODAY = date(2026, 11, 22)
Row = tuple[int, int, Stance, date]


def rows() -> list[Row]:
    """Contact, scope, stance and since of every current stance."""
    table = CurrentStance
    found = db.session.execute(
        sa.select(table.contact_id, table.scope, table.stance, table.since).order_by(table.contact_id, table.scope)
    )
    return [(row.contact_id, row.scope, row.stance, row.since) for row in found]


class Passing:
    """A filter of contacts made of one condition."""

    def __init__(self, condition: sa.ColumnElement[bool]) -> None:
        self.condition = condition

    def apply(self, statement: sa.Select[*tuple[object, ...]]) -> sa.Select[*tuple[object, ...]]:
        return statement.where(self.condition)


def found_by(team_id: int | None, stances: Collection[Stance]) -> list[int]:
    return contact_ids(Passing(has_stance(stances, [icrmw().id], team_id)))


@pytest.mark.sqlite_only
def test_what_cannot_be_a_statement_is_refused(app: Flask) -> None:
    contact_id, treaty_id = make_person().id, icrmw().id
    cases = [
        (Stance.UNKNOWN, TODAY, SOURCE, Refusal.UNKNOWN),
        (Stance.CHAMPION, TODAY, "", Refusal.SOURCE),
        (Stance.CHAMPION, TODAY, "javascript:alert(1)", Refusal.LINK),
        (Stance.CHAMPION, clock.today() + timedelta(days=1), SOURCE, Refusal.FUTURE),
        (Stance.CHAMPION, date(20, 1, 1), SOURCE, Refusal.TOO_EARLY),
    ]
    for stance, day, source, reason in cases:
        with pytest.raises(StatementRefused) as refused, unit_of_work("record", actor="user:1"):
            record_statement(contact_id, treaty_id, stance, day, confidence=Confidence.CERTAIN, source_url=source)
        assert refused.value.reason is reason
    # The database holds it too, whoever writes.
    with pytest.raises(sa.exc.IntegrityError), unit_of_work("record", actor="user:1"):
        db.session.add(
            Statement(
                contact_id=contact_id,
                treaty_id=treaty_id,
                stance=Stance.CHAMPION,
                said_on=TODAY,
                confidence=Confidence.CERTAIN,
                source_url="",
                source_reference="",
                recorded_by="user:1",
            )
        )
    assert rows() == []


def test_the_current_stance_follows_every_statement_withdrawal_and_undo(app: Flask) -> None:
    contact_id = make_person().id
    first = make_statement(contact_id, Stance.SUPPORTIVE, date(2026, 1, 1))
    second = make_statement(contact_id, Stance.OPPOSED, date(2026, 9, 1))
    assert rows() == [(contact_id, SHARED, Stance.OPPOSED, date(2026, 9, 1))]
    with unit_of_work("withdraw", actor="user:1") as work:
        withdraw_statement(second.id, "misquoted")
    withdrawn = work.change_set_id or 0
    assert rows() == [(contact_id, SHARED, Stance.SUPPORTIVE, date(2026, 1, 1))]
    kinds = [entry.kind.value for entry in entries_of(contact_id, 1).rows]
    assert kinds == ["statement_withdrawn", "stated", "stated"]
    with pytest.raises(StatementRefused), unit_of_work("withdraw", actor="user:1"):
        withdraw_statement(second.id, "again")
    with unit_of_work("undo", actor="user:1"):
        undo(withdrawn)
    assert rows() == [(contact_id, SHARED, Stance.OPPOSED, date(2026, 9, 1))]
    assert len(entries_of(contact_id, 1).rows) == 2
    treaty_id = icrmw().id
    with unit_of_work("record", actor="user:1") as work:
        record_statement(
            contact_id, treaty_id, Stance.CHAMPION, TODAY, confidence=Confidence.CERTAIN, source_url=SOURCE
        )
    assert rows()[0][2] is Stance.CHAMPION
    with unit_of_work("undo", actor="user:1"):
        undo(work.change_set_id or 0)
    assert rows()[0][2] is Stance.OPPOSED
    assert len(entries_of(contact_id, 1).rows) == 2
    with unit_of_work("break", actor="user:1") as work:
        db.session.execute(sa.update(CurrentStance).values(stance=Stance.CHAMPION))
        db.session.execute(sa.delete(CurrentStance).where(CurrentStance.statement_id == first.id))
    with unit_of_work("rebuild", actor="user:1"):
        assert rebuild() == 1
    assert rows() == [(contact_id, SHARED, Stance.OPPOSED, date(2026, 9, 1))]


def test_what_a_team_keeps_to_itself_moves_nothing_that_others_see(app: Flask) -> None:
    own, other = make_user(team="Geneva").team_id, make_user(team="Brussels").team_id
    shared, private, silent = (make_person() for _ in range(3))
    make_statement(shared.id, Stance.SUPPORTIVE, date(2026, 1, 1))
    make_statement(shared.id, Stance.OPPOSED, date(2026, 2, 1), team_id=own)
    make_statement(private.id, Stance.CHAMPION, date(2026, 2, 1), team_id=own)
    assert rows() == [
        (shared.id, SHARED, Stance.SUPPORTIVE, date(2026, 1, 1)),
        (shared.id, own, Stance.OPPOSED, date(2026, 2, 1)),
        (private.id, own, Stance.CHAMPION, date(2026, 2, 1)),
    ]
    others_see = {shared.id: Stance.SUPPORTIVE}
    own_sees = {shared.id: Stance.OPPOSED, private.id: Stance.CHAMPION}
    for team_id, sees in ((own, own_sees), (other, others_see), (None, others_see)):
        treaty_id = icrmw().id
        everyone = [shared.id, private.id, silent.id]
        current = current_stances(everyone, team_id)
        assert {contact_id: row.stance for (contact_id, _treaty), row in current.items()} == sees
        assert {each: one.stance for each, one in derived_stances(treaty_id, team_id, TODAY).items()} == sees
        for stance in (Stance.SUPPORTIVE, Stance.OPPOSED, Stance.CHAMPION):
            expected = [contact_id for contact_id, held in sees.items() if held is stance]
            assert found_by(team_id, [stance]) == expected
        unknown = set(found_by(team_id, [Stance.UNKNOWN]))
        assert unknown & set(everyone) == set(everyone) - sees.keys()
        for contact in (shared, private, silent):
            (held,) = treaty_stances(db.session.get_one(Contact, contact.id), team_id or 0, TODAY)
            assert held.derived.stance is sees.get(contact.id, Stance.UNKNOWN)
            assert not [said for said in held.statements if said.team_id not in (None, team_id)]
    assert len(contradictions_page(own, None).rows) == 1
    assert contradictions_page(other, None).rows == []
    assert [entry.kind.value for entry in entries_of(private.id, own).rows] == ["stated"]
    assert entries_of(private.id, other).rows == []
    foreign = db.session.scalars(sa.select(Statement.id).where(Statement.contact_id == private.id)).one()
    with pytest.raises(StatementRefused), unit_of_work("withdraw", actor="user:2"):
        withdraw_statement(foreign, "not ours", team_id=other)


def test_a_contradiction_stands_on_the_list_until_somebody_settles_it(app: Flask) -> None:
    contact_id = make_person().id
    earlier = make_statement(contact_id, Stance.SUPPORTIVE, date(2026, 3, 1))
    later = make_statement(contact_id, Stance.OPPOSED, date(2026, 4, 1))
    (row,) = contradictions_page(1, None).rows
    assert (row.earlier_id, row.later_id, row.stance) == (earlier.id, later.id, Stance.OPPOSED)
    with pytest.raises(StatementRefused), unit_of_work("settle", actor="user:1"):
        settle_contradiction(later.id, earlier.id)
    with unit_of_work("settle", actor="user:1") as work:
        settle_contradiction(earlier.id, later.id, "said so after the hearing")
    assert contradictions_page(1, None).rows == []
    (held,) = treaty_stances(db.session.get_one(Contact, contact_id), 1, TODAY)
    assert held.derived.contradictions == ()
    with unit_of_work("undo", actor="user:1"):
        undo(work.change_set_id or 0)
    assert len(contradictions_page(1, None).rows) == 1


def test_stale_is_what_is_old_or_was_said_in_an_office_that_is_over(app: Flask) -> None:
    fresh, old, left = make_person(), make_person(), make_person(ended=date(2026, 6, 1))
    make_statement(fresh.id, said_on=date(2026, 5, 3))
    make_statement(old.id, said_on=date(2024, 1, 1))
    make_statement(left.id, said_on=date(2026, 5, 3))
    stale = contact_ids(Passing(has_stale_stance([icrmw().id], None, TODAY)))
    assert stale == [old.id, left.id]
    assert contact_ids(Passing(has_stale_stance([icrmw().id], None, date(2026, 6, 1)))) == [old.id]


def test_a_line_is_a_label_beside_and_as_of_any_day_is_the_same_rule(app: Flask) -> None:
    person = make_person(group="Amber")
    group_id = db.session.scalars(sa.select(Contact.group_id).where(Contact.id == person.id)).one()
    assert group_id is not None
    make_statement(group_id, Stance.CHAMPION, date(2026, 1, 1), quote="The group asks for ratification.")
    held = treaty_stances(db.session.get_one(Contact, person.id), 1, TODAY)[0]
    assert held.derived.stance is Stance.UNKNOWN
    assert held.statements == []
    assert [(prior.contact_id, prior.derived.stance) for prior in held.priors] == [(group_id, Stance.CHAMPION)]
    assert found_by(1, [Stance.CHAMPION]) == [group_id]
    assert treaty_stances(db.session.get_one(Contact, person.id), 1, date(2025, 12, 31))[0].priors == []
    make_statement(person.id, Stance.OPPOSED, date(2026, 2, 1))
    before = treaty_stances(db.session.get_one(Contact, person.id), 1, date(2026, 1, 31))[0]
    assert before.derived.stance is Stance.UNKNOWN
    assert len(before.statements) == 1


def test_statements_follow_into_a_merge_and_out_again(app: Flask) -> None:
    own = make_user(team="Geneva").team_id
    survivor, absorbed = make_person("Ada Alverberg"), make_person("Ada Alverberg")
    make_statement(survivor.id, Stance.SUPPORTIVE, date(2026, 1, 1))
    make_statement(absorbed.id, Stance.OPPOSED, date(2026, 3, 1))
    make_statement(absorbed.id, Stance.CHAMPION, date(2026, 4, 1), team_id=own)
    before = rows()
    assert len(before) == 3
    with unit_of_work("merge", actor="user:1"):
        merge_id = merge(survivor.id, absorbed.id).id
    assert rows() == [
        (survivor.id, SHARED, Stance.OPPOSED, date(2026, 3, 1)),
        (survivor.id, own, Stance.CHAMPION, date(2026, 4, 1)),
    ]
    with unit_of_work("unmerge", actor="user:1"):
        unmerge(merge_id)
    assert rows() == before


def test_a_line_of_an_organization_goes_with_it_and_no_more(app: Flask) -> None:
    party = make_organization("Prairie Party", category=Category.PARTY)
    make_statement(party.id, Stance.CHAMPION)
    assert db.session.scalars(sa.select(CurrentStance.contact_id)).all() == [party.id]


def misnamed() -> list[str]:
    """Contacts that a list sorted by stance would have in another place than their names do."""
    differs = CurrentStance.sort_name != Contact.sort_name
    return list(
        db.session.scalars(
            sa.select(Contact.name).join(CurrentStance, CurrentStance.contact_id == Contact.id).where(differs)
        )
    )


def test_current_stances_follow_every_change_of_the_name_they_are_sorted_by(app: Flask) -> None:
    person, twin = make_person("Ada Lovell"), make_person("Ada Zovell")
    party = make_organization("Prairie Party", category=Category.PARTY)
    own = make_user().team_id
    for contact in (person, twin, party):
        make_statement(contact.id, Stance.SUPPORTIVE)
    make_statement(person.id, Stance.OPPOSED, team_id=own)
    assert misnamed() == []

    def names() -> dict[int, set[str]]:
        found = db.session.execute(sa.select(CurrentStance.contact_id, CurrentStance.sort_name))
        said: dict[int, set[str]] = {}
        for contact_id, name in found:
            said.setdefault(contact_id, set()).add(name)
        return said

    before = names()
    assert before[person.id] == {"lovell ada"}
    with unit_of_work("rename", actor="user:1") as work:
        update_contact(person, name="Ada Byron", family_name="Byron")
        update_contact(party, name="Forest Party", abbreviation="FP")
    assert names()[person.id] == {"byron ada"}
    assert names()[party.id] != before[party.id]
    assert misnamed() == []
    assert work.change_set_id is not None
    with unit_of_work("undo", actor="user:1"):
        undo(work.change_set_id)
    assert names() == before
    with unit_of_work("merge", actor="user:1"):
        merge_id = merge(person.id, twin.id, {"name": "Ada Zovell", "family_name": "Zovell"}).id
    assert names() == {person.id: {"zovell ada"}, party.id: before[party.id]}
    with unit_of_work("unmerge", actor="user:1"):
        unmerge(merge_id)
    assert names() == before
    with unit_of_work("spoil", actor="test"):
        db.session.execute(sa.update(CurrentStance).values(sort_name="zzz"))
    assert len(misnamed()) == 4
    with unit_of_work("rebuild", actor="test"):
        rebuild()
    assert misnamed() == []
