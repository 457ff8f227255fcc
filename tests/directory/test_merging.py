"""Two contacts become one without losing a row, and two again with every row where it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.database import Base
from crm.directory import registry
from crm.directory.actions import add_membership, add_point, update_contact
from crm.directory.merging import MergeRefused, merge
from crm.directory.models import (
    Category,
    Contact,
    ContactLanguage,
    ContactMerge,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Person,
    PointKind,
    PointStatus,
    Post,
    Relationship,
    RelationshipKind,
)
from crm.directory.projection import project
from crm.directory.unmerging import Outcome, UnmergeRefused, unmerge
from crm.duplicates.models import DuplicateProposal, ToldApart
from crm.extensions import db
from crm.letters.models import Letter
from crm.outbox.models import MessageState
from crm.pipeline.actions import update_target
from crm.pipeline.models import PLACES, Priority, Stage, StageMove, Target
from crm.policy import Role
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_organization, make_person
from tests.factories.letters import approved, deliver, make_mailing, planned
from tests.factories.pipeline import make_campaign, make_target
from tests.factories.roster_import import import_file, table

# The records of the merge and of every write, and the search index, which follows the texts (tests/search_index).
RECORDS = {"contact_merge", "merge_step", "change", "change_set", "alembic_version", "search_word", "search_posting"}


def snapshot() -> dict[str, dict[Any, dict[str, Any]]]:
    """Every row of every table but the records of what was done; stamps of the last change left out."""
    db.session.rollback()
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    for name, whole in Base.metadata.tables.items():
        if name not in RECORDS:
            rows = db.session.execute(sa.select(whole)).mappings()
            key_of = [column.name for column in whole.primary_key]
            found[name] = {
                tuple(row[key] for key in key_of): {key: row[key] for key in row if key != "updated_at"} for row in rows
            }
    db.session.rollback()
    return found


def merged(survivor_id: int, absorbed_id: int, values: Mapping[str, Any] | None = None) -> int:
    with unit_of_work("merge contacts", actor="user:1"):
        return merge(survivor_id, absorbed_id, values).id


def unmerged(merge_id: int) -> Outcome:
    with unit_of_work("unmerge contacts", actor="user:1"):
        return unmerge(merge_id)


def make_twins() -> tuple[int, int]:
    """Two people who are one, with rows of every kind, some of which say the same."""
    officer = make_user(Role.OFFICER).id
    make_person("Grace Third", identifiers={"europarl": "9"})
    one = make_person("Ada Lovelace", party="Blue Party", email="ada@parliament.example", identifiers={"europarl": "7"})
    other = make_person("Ada Lovelase", party="Blue Party", email="ada@parliament.example")
    third, one_id, other_id = db.session.scalars(sa.select(Person.id).order_by(Person.id)).all()
    with unit_of_work("describe", actor="test"):
        add_point(other, PointKind.PHONE, "+32 2 111")
        office = add_point(other, PointKind.EMAIL, "office@parliament.example")
        office.membership_id, office.label = other.memberships[0].id, "Strasbourg"
        one.points[0].status = PointStatus.RETIRED
        for mine, theirs in ((one.points[0], other.points[0]), (one.memberships[-1], other.memberships[-1])):
            mine.source, theirs.source = "first roster, 2024-01-01", "second roster, 2025-01-01"
        one.points[0].label, other.points[0].label = "Brussels", "Strasbourg"
        one.memberships[-1].ended_by, other.memberships[-1].ended_by = date(2025, 3, 1), date(2025, 2, 1)
        ministry = make_organization("Ministry", category=Category.GOVERNMENT)
        add_membership(other, ministry, role="minister", start_date=date(2020, 1, 1), end_date=date(2021, 1, 1))
        db.session.add_all(
            [
                Identifier(contact_id=other_id, scheme="wikidata", value="Q7"),
                OtherName(contact_id=one_id, name="Augusta King"),
                OtherName(contact_id=other_id, name="Augusta King", language="en"),
                OtherName(contact_id=other_id, name="A. A. L."),
                ContactLanguage(contact_id=one_id, language="en", rank=1),
                ContactLanguage(contact_id=other_id, language="en", rank=0),
                ContactSource(contact_id=one_id, label="roster", as_of=date(2024, 1, 1)),
                ContactSource(contact_id=other_id, label="roster", as_of=date(2025, 1, 1)),
                Relationship(subject_id=one_id, object_id=other_id, kind=RelationshipKind.KNOWS),
                Relationship(subject_id=one_id, object_id=third, kind=RelationshipKind.ALLY, source="a", note="of old"),
                Relationship(subject_id=other_id, object_id=third, kind=RelationshipKind.ALLY, source="b", note="new"),
                Relationship(subject_id=third, object_id=other_id, kind=RelationshipKind.ADVISES),
                DuplicateProposal(one_id=one_id, other_id=other_id, kind=one.kind, score=80, reasons=[]),
                ToldApart(one_id=other_id, other_id=third, user_id=officer),
            ]
        )
        db.session.flush()
        project([one_id, other_id])
    campaign = make_campaign("Both of them")
    mine = make_target(campaign, db.session.get(Person, one_id), stage=Stage.CONTACTED)
    theirs = make_target(campaign, db.session.get(Person, other_id), stage=Stage.COMMITTED, priority=Priority.HIGH)
    with unit_of_work("change target", actor="test"):
        update_target(theirs.id, ask="Speak in the plenary", owner_id=officer)
        update_target(mine.id, next_step="Call", next_step_due=date(2030, 1, 1))
    make_target(make_campaign("Only the other"), db.session.get(Person, other_id))
    mailing = approved(planned(make_mailing(campaign)))
    deliver(mailing, MessageState.SENT)
    return one_id, other_id


def rows_about(*contact_ids: int) -> int:
    """How many rows of registered tables name one of the contacts."""
    db.session.rollback()
    count = 0
    for rows in registry.contact_rows():
        named = sa.or_(*(rows.table.c[column].in_(contact_ids) for column in rows.columns))
        count += db.session.scalar(sa.select(sa.func.count()).select_from(rows.table).where(named)) or 0
    return count


def test_no_row_is_lost(app: Flask) -> None:
    one, other = make_twins()
    before, about = snapshot(), rows_about(one, other)
    record = merged(one, other)
    after = snapshot()
    gone = {(name, row_id) for name, rows in before.items() for row_id in rows if row_id not in after[name]}
    gone = {each for each in gone if each[0] != "search_posting"}
    steps = db.session.execute(
        sa.text("SELECT table_name, row_ids FROM merge_step WHERE kind = 'removed' AND merge_id = :it"), {"it": record}
    ).all()
    assert len(steps) == len(gone)
    # What said the same twice says it once now: address, mandate, name, language, source, tie, target; the tie
    # between the two, and the proposal that they are one, have no meaning any more.
    assert {(name, sum(1 for table_name, _ in gone if table_name == name)) for name, _ in gone} == {
        ("contact", 1),
        ("contact_language", 1),
        ("contact_point", 1),
        ("contact_source", 1),
        ("duplicate_proposal", 1),
        ("membership", 2),
        ("other_name", 1),
        ("relationship", 2),
        ("target", 1),
    }
    folded, added = len(gone) - 1, 1  # the absorbed contact's name
    assert rows_about(one) == about - folded + added
    assert rows_about(other) == 0
    for kept in ("letter", "timeline_entry", "stage_move", "outgoing_message", "identifier", "suppression"):
        assert len(before[kept]) == len(after[kept]), kept


def test_what_one_of_them_knew_the_survivor_knows(app: Flask) -> None:
    one, other = make_twins()
    merged(one, other)
    person = db.session.get_one(Person, one)
    assert db.session.get(Contact, other) is None
    assert person.email == "ada@parliament.example"
    assert {(each.value, each.status) for each in person.points} == {
        ("ada@parliament.example", PointStatus.CURRENT),
        ("+32 2 111", PointStatus.CURRENT),
        ("office@parliament.example", PointStatus.CURRENT),
    }
    office = next(each for each in person.points if each.value.startswith("office"))
    assert office.membership_id in {each.id for each in person.memberships}
    assert len(person.memberships) == 3
    assert {each.scheme for each in person.identifiers} == {"europarl", "wikidata"}
    names = db.session.execute(sa.select(OtherName.name, OtherName.language).where(OtherName.contact_id == one)).all()
    assert {tuple(row) for row in names} == {("Augusta King", "en"), ("A. A. L.", None), ("Ada Lovelase", None)}
    assert "lovelase" in person.search_text
    assert db.session.scalars(sa.select(ContactLanguage.rank)).all() == [0]
    assert db.session.scalars(sa.select(ContactSource.as_of)).all() == [date(2025, 1, 1)]
    ally = db.session.scalars(sa.select(Relationship).where(Relationship.kind == RelationshipKind.ALLY)).one()
    assert (ally.source, ally.note) == ("a; b", "of old; new")
    both = "first roster, 2024-01-01; second roster, 2025-01-01"
    assert (both, "Brussels; Strasbourg") in [(each.source, each.label) for each in person.points]
    assert (both, date(2025, 2, 1)) in [(each.source, each.ended_by) for each in person.memberships]


def test_two_targets_of_a_campaign_become_one_at_the_further_stage(app: Flask) -> None:
    one, other = make_twins()
    moves = db.session.scalar(sa.select(sa.func.count()).select_from(StageMove))
    merged(one, other)
    both, only = db.session.scalars(sa.select(Target).where(Target.contact_id == one).order_by(Target.id)).all()
    assert (both.stage, both.furthest, both.priority) == (Stage.COMMITTED, PLACES[Stage.COMMITTED], Priority.HIGH)
    assert (both.ask, both.next_step, both.next_step_due) == ("Speak in the plenary", "Call", date(2030, 1, 1))
    assert both.owner_id is not None
    assert only.stage is Stage.IDENTIFIED
    assert set(db.session.scalars(sa.select(StageMove.target_id))) == {both.id, only.id}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StageMove)) == moves
    letters = db.session.scalars(sa.select(Letter).where(Letter.contact_id == one)).all()
    assert [letter.target_id for letter in letters] == [both.id, both.id]
    references = set(db.session.scalars(sa.select(TimelineEntry.reference)))
    assert {each for each in references if each.startswith("target:")} == {f"target:{both.id}", f"target:{only.id}"}


def test_merged_and_unmerged_is_as_before(app: Flask) -> None:
    one, other = make_twins()
    before = snapshot()
    outcome = unmerged(merged(one, other, {"given_name": "Augusta Ada", "name": "Augusta Ada Lovelace"}))
    after = snapshot()
    assert not any(outcome.stayed.values())
    for name, rows in before.items():
        assert after[name] == rows, name


def test_organizations_merge_and_part(app: Flask) -> None:
    make_person("Ada Alvaro", group="Green Group", party="Blue Party")
    make_person("Bea Belén", group="Greens", party="Blues")
    both = make_person("Cai Costa", group="Green Group", party="Blue Party")
    with unit_of_work("describe", actor="test"):
        blue, blues = (
            db.session.scalars(sa.select(Organization).where(Organization.name == name)).one()
            for name in ("Blue Party", "Blues")
        )
        add_membership(both, blues)
        blues.parent_id = blue.id
        blue.parent_id = blues.id
        db.session.add_all(
            [Post(organization_id=blue.id, label="Chair"), Post(organization_id=blues.id, label="Chair", country="ES")]
        )
        db.session.flush()
        chair = db.session.scalars(sa.select(Post).where(Post.organization_id == blues.id)).one()
        both.memberships[-1].post_id = chair.id
        groups = db.session.scalars(sa.select(Organization.id).where(Organization.name.like("Green%"))).all()
        blue_id, blues_id = blue.id, blues.id
    before = snapshot()
    party, group = merged(blue_id, blues_id), merged(groups[0], groups[1])
    people = db.session.scalars(sa.select(Person).order_by(Person.id)).all()
    assert {person.party_id for person in people} == {blue_id}
    assert {person.group_id for person in people} == {groups[0]}
    assert all("blue party" in person.search_text for person in people)
    assert db.session.get_one(Organization, blue_id).parent_id is None
    assert db.session.scalars(sa.select(Post.country)).all() == ["ES"]
    assert len(people[2].memberships) == 2
    assert [member.post_id is not None for member in people[2].memberships] == [False, True]
    unmerged(group)
    unmerged(party)
    after = snapshot()
    for name, rows in before.items():
        assert after[name] == rows, name


def test_what_came_since_stays_with_the_survivor(app: Flask) -> None:
    one, other = make_twins()
    record = merged(one, other)
    with unit_of_work("add since", actor="user:1"):
        person = db.session.get_one(Person, one)
        add_point(person, PointKind.PHONE, "+32 2 999")
        update_contact(person, country="FR")
        moved = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.value == "+32 2 111")).one()
        moved.label = "Mobile"
    outcome = unmerged(record)
    assert not outcome.stayed["contact_point"]
    ours = {each.value: each.label for each in db.session.get_one(Person, one).points}
    theirs = {each.value: each.label for each in db.session.get_one(Person, other).points}
    assert "+32 2 999" in ours
    assert theirs["+32 2 111"] == "Mobile"
    assert (db.session.get_one(Person, one).country, db.session.get_one(Person, other).country) == ("FR", "ES")


def test_what_somebody_changed_since_is_kept_and_told(app: Flask) -> None:
    one, other = make_twins()
    record = merged(one, other)
    with unit_of_work("edit since", actor="user:1"):
        both = db.session.scalars(sa.select(Target).where(Target.contact_id == one).order_by(Target.id)).first()
        assert both is not None
        both.ask = "Another ask"
        gone = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.value == "+32 2 111")).one()
        db.session.delete(gone)
    outcome = unmerged(record)
    assert (outcome.stayed["target"], outcome.stayed["contact_point"]) == (1, 1)
    ours = db.session.get_one(Target, both.id)
    assert (ours.ask, ours.stage) == ("Another ask", Stage.CONTACTED)


def test_a_later_merge_is_taken_back_first(app: Flask) -> None:
    one, other, third = (make_person(f"Ada Number{number}").id for number in range(3))
    first, second = merged(one, other), merged(third, one)
    with pytest.raises(UnmergeRefused, match="survivor_gone"):
        unmerged(first)
    unmerged(second)
    unmerged(first)
    with pytest.raises(UnmergeRefused, match="done"):
        unmerged(first)


@pytest.mark.parametrize("reason", ["same", "missing", "kinds"])
def test_what_cannot_become_one_is_refused(app: Flask, reason: str) -> None:
    one, organization = make_person("Ada Lovelace").id, make_organization("Partner").id
    other = {"same": one, "missing": 999, "kinds": organization}[reason]
    with pytest.raises(MergeRefused, match=reason):
        merged(one, other)


def test_a_later_roster_finds_the_survivor_by_what_the_other_was_known_by(app: Flask, tmp_path: Path) -> None:
    one = make_person("Ada Lovelace", parliament=None, email="one@people.example").id
    other = make_person("Augusta King", parliament=None, email="two@people.example", identifiers={"europarl": "7"}).id
    merged(one, other)
    people = db.session.scalar(sa.select(sa.func.count()).select_from(Person))
    import_file(table(tmp_path / "people.csv", [{"name": "Augusta KING", "epid": "7", "country": "ES"}]))
    import_file(table(tmp_path / "more.csv", [{"name": "Augusta KING", "email": "two@people.example"}]))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == people


def test_ten_thousand_events_move_in_few_statements(app: Flask) -> None:
    one, other = make_person("Ada Lovelace").id, make_person("Ada Lovelase").id
    at = datetime(2025, 1, 1, tzinfo=UTC)
    with unit_of_work("remember", actor="test"):
        add_events([Event(other, at, EntryKind.TARGETED, f"target:{number}") for number in range(10_000)])
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    record = merged(one, other)
    events = [each for each in statements if "timeline_entry" in each]
    assert len(statements) < 120
    assert len(events) < 12
    counts = db.session.get_one(ContactMerge, record).counts
    assert counts["timeline_entry"] == 10_000
    unmerged(record)
    owner = sa.select(sa.func.count()).where(TimelineEntry.contact_id == other)
    assert db.session.scalar(owner) == 10_000


def test_mandates_of_different_times_stay_apart(app: Flask) -> None:
    one = make_person("Ada Lovelace", start=date(2019, 7, 2), ended=date(2024, 7, 15), term="9").id
    other = make_person("Ada Lovelase").id
    merged(one, other)
    held = db.session.scalars(sa.select(Membership).where(Membership.person_id == one)).all()
    assert len(held) == 2
