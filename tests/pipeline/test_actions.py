"""Targets are added once, moved by the rules, and every move can be read and undone."""

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.audit.actions import undo
from crm.extensions import db
from crm.pipeline.actions import (
    CHUNK,
    Added,
    Moved,
    MoveRefused,
    NameTaken,
    add_targets,
    assign_targets,
    close_target,
    create_campaign,
    mark_contacted,
    move_target,
    move_targets,
    reopen_target,
    update_target,
)
from crm.pipeline.models import NO_NEXT_STEP, PLACES, CloseReason, Priority, Stage, StageMove, Target
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.pipeline import make_campaign, make_contacts, make_target


def moves_of(target_id: int) -> list[tuple[Stage | None, Stage]]:
    statement = sa.select(StageMove.from_stage, StageMove.to_stage).where(StageMove.target_id == target_id)
    return [(row.from_stage, row.to_stage) for row in db.session.execute(statement.order_by(StageMove.id))]


def timeline_of(contact_id: int) -> list[tuple[EntryKind, str]]:
    statement = sa.select(TimelineEntry.kind, TimelineEntry.summary).where(TimelineEntry.contact_id == contact_id)
    return [(row.kind, row.summary) for row in db.session.execute(statement.order_by(TimelineEntry.id))]


def test_adding_targets_again_adds_only_the_new_ones(app: Flask) -> None:
    campaign_id = make_campaign().id
    contacts = make_contacts(CHUNK + 3)
    with unit_of_work("add", actor="test"):
        assert add_targets(campaign_id, contacts[:2]) == Added(2, 0)
    with unit_of_work("add", actor="test"):
        assert add_targets(campaign_id, [*contacts, contacts[0]]) == Added(CHUNK + 1, 2)
    stages = db.session.execute(sa.select(Target.stage, sa.func.count()).group_by(Target.stage)).all()
    assert [tuple(row) for row in stages] == [(Stage.IDENTIFIED, CHUNK + 3)]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StageMove)) == CHUNK + 3
    assert timeline_of(contacts[-1]) == [(EntryKind.TARGETED, db.session.get_one(Target, 1).campaign.name)]


def test_adding_many_targets_is_undone_at_once(app: Flask) -> None:
    target = make_target()
    contacts = make_contacts(CHUNK + 3)
    with unit_of_work("add", actor="test") as work:
        add_targets(target.campaign_id, contacts)
    assert work.change_set_id is not None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Target)) == CHUNK + 4
    with unit_of_work("undo", actor="test"):
        undo(work.change_set_id)
    assert db.session.scalars(sa.select(Target.id)).all() == [target.id]
    assert moves_of(target.id) == [(None, Stage.IDENTIFIED)]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TimelineEntry)) == 1


def test_a_move_is_logged_and_stands_on_the_timeline(app: Flask) -> None:
    target = make_target()
    with unit_of_work("move", actor="user:7"):
        move_target(target.id, Stage.IN_DIALOGUE, expected=Stage.IDENTIFIED)
    assert target.stage is Stage.IN_DIALOGUE
    assert moves_of(target.id) == [(None, Stage.IDENTIFIED), (Stage.IDENTIFIED, Stage.IN_DIALOGUE)]
    entry = db.session.scalars(sa.select(TimelineEntry).where(TimelineEntry.kind == EntryKind.STAGE_MOVED)).one()
    assert entry.actor == "user:7"
    assert (entry.details["from"], entry.details["to"]) == ("identified", "in_dialogue")
    assert target.stage_since == entry.at


def test_undoing_a_move_takes_it_out_of_the_log_and_off_the_timeline(app: Flask) -> None:
    target = make_target(stage=Stage.CONTACTED)
    before, since = moves_of(target.id), target.stage_since
    with unit_of_work("move", actor="test") as work:
        move_target(target.id, Stage.CONVINCED)
    assert len(moves_of(target.id)) == len(before) + 1
    assert target.furthest == PLACES[Stage.CONVINCED]
    assert len(timeline_of(target.contact_id)) == 3
    assert work.change_set_id is not None
    with unit_of_work("undo", actor="test"):
        undo(work.change_set_id)
    assert (target.stage, target.stage_since) == (Stage.CONTACTED, since)
    assert target.furthest == PLACES[Stage.CONTACTED]
    assert moves_of(target.id) == before
    assert [kind for kind, _summary in timeline_of(target.contact_id)] == [EntryKind.TARGETED, EntryKind.STAGE_MOVED]


@pytest.mark.parametrize(
    ("stage", "to", "expected", "reason"),
    [
        (Stage.CONTACTED, Stage.CONTACTED, None, "same"),
        (Stage.CONTACTED, Stage.CLOSED, None, "reason_needed"),
        (Stage.CONTACTED, Stage.CONVINCED, Stage.IDENTIFIED, "moved_meanwhile"),
        (Stage.CLOSED, Stage.COMMITTED, None, "not_allowed"),
    ],
)
def test_a_refused_move_changes_nothing(
    app: Flask, stage: Stage, to: Stage, expected: Stage | None, reason: str
) -> None:
    target = make_target(stage=stage)
    before = moves_of(target.id)
    with pytest.raises(MoveRefused) as refusal, unit_of_work("move", actor="test"):
        move_target(target.id, to, expected=expected)
    assert (refusal.value.reason, refusal.value.stage) == (reason, stage)
    assert moves_of(target.id) == before
    assert db.session.get_one(Target, target.id).stage is stage


def test_closing_keeps_its_reason_and_reopening_forgets_it(app: Flask) -> None:
    target = make_target(stage=Stage.IN_DIALOGUE)
    with unit_of_work("close", actor="test"):
        close_target(target.id, CloseReason.DECLINED, "said no on the phone")
    assert (target.stage, target.close_reason) == (Stage.CLOSED, CloseReason.DECLINED)
    with unit_of_work("reopen", actor="test"):
        reopen_target(target.id, "a new adviser")
    assert (target.stage, target.close_reason) == (Stage.IDENTIFIED, None)
    assert target.furthest == PLACES[Stage.IN_DIALOGUE]
    logged = sa.select(StageMove.close_reason, StageMove.note).order_by(StageMove.id.desc()).limit(2)
    assert [tuple(row) for row in db.session.execute(logged)] == [
        (None, "a new adviser"),
        (CloseReason.DECLINED, "said no on the phone"),
    ]


def test_many_targets_move_at_once_and_are_undone_at_once(app: Flask) -> None:
    campaign = make_campaign()
    ids = [make_target(campaign, stage=stage).id for stage in (Stage.IDENTIFIED, Stage.CONTACTED, Stage.CLOSED)]
    with unit_of_work("move many", actor="test") as work:
        assert move_targets(ids, Stage.CONVINCED) == Moved(moved=2, stayed=1)
    furthest = sa.select(Target.furthest).order_by(Target.id)
    assert db.session.scalars(furthest).all() == [3, 3, 0]
    assert work.change_set_id is not None
    with unit_of_work("undo", actor="test"):
        undo(work.change_set_id)
    stages = db.session.scalars(sa.select(Target.stage).order_by(Target.id)).all()
    assert stages == [Stage.IDENTIFIED, Stage.CONTACTED, Stage.CLOSED]
    assert db.session.scalars(furthest).all() == [0, 1, 0]


def test_sent_letters_move_only_identified_targets(app: Flask) -> None:
    campaign = make_campaign()
    fresh, talking = make_target(campaign), make_target(campaign, stage=Stage.IN_DIALOGUE)
    other = make_target()
    with unit_of_work("letters sent", actor="worker:mail"):
        assert mark_contacted([fresh.id, talking.id, other.id, fresh.id], at=clock.now()) == 2
    with unit_of_work("letters sent", actor="worker:mail"):
        assert mark_contacted([fresh.id], at=clock.now()) == 0
    db.session.expire_all()
    assert (fresh.stage, talking.stage, other.stage) == (Stage.CONTACTED, Stage.IN_DIALOGUE, Stage.CONTACTED)
    assert (fresh.furthest, talking.furthest) == (PLACES[Stage.CONTACTED], PLACES[Stage.IN_DIALOGUE])
    assert moves_of(fresh.id)[-1] == (Stage.IDENTIFIED, Stage.CONTACTED)
    assert timeline_of(other.contact_id)[-1][0] is EntryKind.STAGE_MOVED


def test_a_next_step_orders_its_target(app: Flask) -> None:
    target = make_target()
    assert target.due_order == NO_NEXT_STEP
    with unit_of_work("change", actor="test") as work:
        update_target(target.id, next_step="Call", next_step_due=date(2026, 3, 1), priority=Priority.HIGH)
    assert (target.due_order, target.priority_order) == (date(2026, 3, 1), 1)
    assert work.change_set_id is not None
    with unit_of_work("undo", actor="test"):
        undo(work.change_set_id)
    assert (target.next_step, target.due_order, target.priority_order) == ("", NO_NEXT_STEP, 2)


def test_assigning_counts_those_that_changed_hands(app: Flask) -> None:
    campaign = make_campaign()
    mine, free = make_target(campaign, owner_id=campaign.owner_id), make_target(campaign)
    with unit_of_work("assign", actor="test"):
        assert assign_targets([mine.id, free.id], campaign.owner_id) == 1
    assert free.owner_id == campaign.owner_id


def test_two_campaigns_cannot_share_a_name(app: Flask) -> None:
    campaign = make_campaign("Ratify now")
    with pytest.raises(NameTaken), unit_of_work("create", actor="test"):
        create_campaign("Ratify now", campaign.treaty_id, campaign.team_id, campaign.owner_id)
