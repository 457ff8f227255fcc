"""The figures of the pipeline report, against an example counted by hand, today and as of a day gone by."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from crm import clock
from crm.directory.merging import merge
from crm.directory.models import Contact
from crm.extensions import db
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import OPEN_STAGES, Campaign, CloseReason, Stage
from crm.pipeline.past import Past
from crm.pipeline.queries import stage_counts
from crm.reports import queries
from crm.reports.queries import CountryRow, Moves
from crm.reports.question import Question
from crm.stances.models import Confidence, Stance
from crm.stances.past import held_stances
from crm.stances.queries import derived_stances
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target, make_targets, move_on
from tests.factories.stances import make_statement

# What becomes of each target, with its country and the day of each step: the example of the figures below.
DAY = datetime(2026, 3, 1, 10, tzinfo=UTC)
PATHS: tuple[tuple[str | None, tuple[tuple[int, Stage], ...]], ...] = (
    ("ES", ()),
    ("ES", ((2, Stage.CONTACTED),)),
    ("ES", ((2, Stage.CONTACTED), (5, Stage.IN_DIALOGUE), (12, Stage.CONVINCED), (20, Stage.COMMITTED))),
    ("ES", ((3, Stage.IN_DIALOGUE), (19, Stage.CONTACTED))),  # jumped over a stage, and fell back
    ("FR", ((18, Stage.DELIVERED),)),  # jumped over all of them
    ("FR", ((4, Stage.CONTACTED), (20, Stage.CLOSED))),
    (None, ((6, Stage.CLOSED),)),
)
LAST = DAY + timedelta(days=20)


def _question(campaign: Campaign, days: int = 20, **others: object) -> Question:
    day = (DAY + timedelta(days=days)).date()
    asked = {"since": DAY.date() + timedelta(days=1), "past": days < 20, "team": None, "reader": 1} | others
    return Question(campaign.id, campaign.treaty_id, day=day, **asked)  # type: ignore[arg-type]


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    with clock.pretend(DAY):
        campaign = make_campaign()
        targets = [make_target(campaign, make_person(country=country)).id for country, _path in PATHS]
    steps = sorted((day, number, stage) for number, (_c, path) in enumerate(PATHS) for day, stage in path)
    for day, number, stage in steps:
        with clock.pretend(DAY + timedelta(days=day)), unit_of_work("play", actor="test"):
            move_on(targets[number], stage)
    # What happens elsewhere counts for nothing here.
    make_target(stage=Stage.COMMITTED)
    return campaign


def test_today_counts_everyone_who_ever_came_so_far(campaign: Campaign) -> None:
    with clock.pretend(LAST):
        found, _stances = queries.standing(_question(campaign))
    assert [(row.stage, row.reached, row.now) for row in found.funnel] == [
        (Stage.IDENTIFIED, 7, 1),
        (Stage.CONTACTED, 5, 2),
        (Stage.IN_DIALOGUE, 3, 0),
        (Stage.CONVINCED, 2, 0),
        (Stage.COMMITTED, 2, 1),
        (Stage.DELIVERED, 1, 1),
    ]
    assert [row.conversion for row in found.funnel] == [None, 5 / 7, 3 / 5, 2 / 3, 1, 1 / 2]
    assert (found.total, found.open, found.won) == (7, 5, 2)
    assert found.by_reason == {CloseReason.DECLINED: 2}
    assert found.countries == {
        "ES": CountryRow("ES", total=4, contacted=3, talking=2, won=1),
        "FR": CountryRow("FR", total=2, contacted=2, talking=1, won=1, closed=1),
        None: CountryRow(None, total=1, closed=1),
    }


def test_the_course_stays_and_arrivals_follow_from_the_moves(campaign: Campaign) -> None:
    question = _question(campaign)
    with clock.pretend(LAST):
        course = queries.course(question, queries.standing(question)[0].by_stage)
        came, stays = course.arrivals, queries.stays(question)
    then = [week.stages for week in course.weeks[-4:]]
    names = (*OPEN_STAGES, Stage.CLOSED)
    assert [[week[stage] for stage in names] for week in then] == [
        [0, 0, 0, 0, 0, 0, 0],  # the day before the campaign
        [2, 2, 2, 0, 0, 0, 1],
        [2, 2, 1, 1, 0, 0, 1],
        [1, 2, 0, 0, 1, 1, 2],
    ]
    assert course.last_week == Moves(forward=2, back=1, closed=1, committed=1)
    assert course.period == Moves(forward=8, back=1, closed=2, committed=1)
    assert came["ES", Stage.CONTACTED] == 3
    assert came["FR", Stage.DELIVERED] == 1
    assert ("ES", Stage.IDENTIFIED) not in came
    # Identified were left after 2, 2, 3, 18, 4 and 6 days.
    assert (stays[Stage.IDENTIFIED].count, stays[Stage.IDENTIFIED].median_days) == (6, 3.5)
    assert (stays[Stage.IN_DIALOGUE].count, stays[Stage.IN_DIALOGUE].median_days) == (2, 11.5)


def test_a_day_gone_by_is_told_from_the_moves_until_its_end(campaign: Campaign) -> None:
    with clock.pretend(LAST):
        found, _stances = queries.standing(_question(campaign, days=4))
        before, _stances = queries.standing(_question(campaign, days=-1, since=DAY.date() - timedelta(days=1)))
        stays = queries.stays(_question(campaign, days=4))
    assert [(row.reached, row.now) for row in found.funnel] == [(7, 3), (4, 3), (1, 1), (0, 0), (0, 0), (0, 0)]
    assert (before.total, before.countries) == (0, {})
    assert stays[Stage.IDENTIFIED].count == 4


def test_of_two_targets_that_became_one_the_weeks_say_what_the_lists_say(campaign: Campaign) -> None:
    moved = (
        (0, 2, Stage.CONTACTED),
        (1, 4, Stage.IN_DIALOGUE),
        (0, 9, Stage.CONVINCED),
        (1, 11, Stage.CONTACTED),
    )
    with clock.pretend(DAY):
        people = [make_person("Ada Twice", country="ES").id for _number in range(2)]
        targets = [make_target(campaign, db.session.get_one(Contact, number)).id for number in people]
    for number, day, stage in moved:
        with clock.pretend(DAY + timedelta(days=day)), unit_of_work("play", actor="test"):
            move_on(targets[number], stage)
    question = _question(campaign)

    def listed(day: date, stage: Stage) -> int:
        return sum(stage_counts(campaign.id, TargetFilter((stage,), past=Past(as_of=day))).values())

    with clock.pretend(LAST):
        before = queries.course(question, queries.standing(question)[0].by_stage)
        with unit_of_work("merge", actor="user:1"):
            merge(people[0], people[1])
        course = queries.course(question, queries.standing(question)[0].by_stage)
        for week in course.weeks[:-1]:
            assert week.stages == {stage: listed(week.day, stage) for stage in Stage}, week.day
        assert course.weeks[-1].stages == stage_counts(campaign.id)
    # One of two: what moved is on record still, and the further stage is where it stands.
    totals = [[sum(week.stages.values()) for week in each.weeks[-3:]] for each in (before, course)]
    assert totals == [[9, 9, 9], [8, 8, 8]]
    assert course.weeks[-1].stages[Stage.CONVINCED] == 1


def test_stances_of_any_day_are_those_the_rule_derives(app: Flask) -> None:
    people = [make_person().id for _number in range(3)]
    said = (
        (0, Stance.OPPOSED, 1, Confidence.CERTAIN),
        (0, Stance.CHAMPION, 20, Confidence.LIKELY),  # counts as older than the first
        (0, Stance.UNDECIDED, 40, Confidence.LIKELY),
        (1, Stance.SUPPORTIVE, 10, Confidence.UNSURE),
        (1, Stance.OPPOSED, 10, Confidence.UNSURE),
        (2, Stance.CHAMPION, 30, Confidence.CERTAIN),
    )
    for number, stance, day, confidence in said:
        treaty = make_statement(people[number], stance, DAY.date() + timedelta(days=day), confidence=confidence)
    walked = 0
    for days in range(0, 60, 5):
        on = DAY.date() + timedelta(days=days)
        held = held_stances(treaty.treaty_id, None, on)
        found = {row.contact_id: (row.stance, row.said_on) for row in db.session.execute(held.select())}
        wanted = derived_stances(treaty.treaty_id, None, on)
        assert found == {number: (one.stance, one.statement.said_on) for number, one in wanted.items() if one.statement}
        walked += len(found)
    assert walked > len(said)


def test_a_campaign_without_targets_is_all_noughts(app: Flask) -> None:
    campaign = make_campaign()
    found, _stances = queries.standing(_question(campaign))
    assert [(row.reached, row.conversion) for row in found.funnel] == [(0, None)] * 6
    assert (found.total, found.countries, queries.stays(_question(campaign))) == (0, {}, {})


def test_a_thousand_targets_are_counted(app: Flask) -> None:
    campaign = make_campaign()
    make_targets(campaign, 1000)
    assert queries.standing(_question(campaign))[0].total == 1000
