"""The figures of the pipeline report, against an example counted by hand."""

from datetime import timedelta

import pytest
from flask import Flask

from crm import clock
from crm.pipeline.models import Campaign, CloseReason, Stage
from crm.reports.queries import CountryRow, letters_by_state, pipeline_report
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target, make_targets, move_on
from tests.queries import queries_of

# What becomes of each target, with its country: the example of the figures below.
PATHS: tuple[tuple[str | None, tuple[Stage, ...]], ...] = (
    ("ES", ()),
    ("ES", (Stage.CONTACTED,)),
    ("ES", (Stage.CONTACTED, Stage.IN_DIALOGUE, Stage.CONVINCED, Stage.COMMITTED)),
    ("ES", (Stage.IN_DIALOGUE, Stage.CONTACTED)),  # jumped over a stage, and fell back
    ("FR", (Stage.DELIVERED,)),  # jumped over all of them
    ("FR", (Stage.CONTACTED, Stage.CLOSED)),
    (None, (Stage.CLOSED,)),
)


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    campaign = make_campaign()
    for country, path in PATHS:
        target = make_target(campaign, make_person(country=country))
        with unit_of_work("play", actor="test"):
            for stage in path:
                move_on(target.id, stage)
    # What happens elsewhere counts for nothing here.
    make_target(stage=Stage.COMMITTED)
    return campaign


def test_the_funnel_counts_everyone_who_ever_came_so_far(campaign: Campaign) -> None:
    report = pipeline_report(campaign.id)
    assert [(row.stage, row.reached, row.now) for row in report.funnel] == [
        (Stage.IDENTIFIED, 7, 1),
        (Stage.CONTACTED, 5, 2),
        (Stage.IN_DIALOGUE, 3, 0),
        (Stage.CONVINCED, 2, 0),
        (Stage.COMMITTED, 2, 1),
        (Stage.DELIVERED, 1, 1),
    ]
    conversions = [row.conversion for row in report.funnel]
    assert conversions == [None, 5 / 7, 3 / 5, 2 / 3, 1, 1 / 2]
    assert (report.total, report.open, report.won) == (7, 5, 2)
    assert report.by_reason == {CloseReason.DECLINED: 2}
    assert sum(report.by_stage.values()) == report.total


def test_countries_are_covered_as_their_targets_are(campaign: Campaign) -> None:
    countries = {row.country: row for row in pipeline_report(campaign.id).countries}
    assert countries == {
        "ES": CountryRow("ES", total=4, contacted=3, won=1, closed=0),
        "FR": CountryRow("FR", total=2, contacted=2, won=1, closed=1),
        None: CountryRow(None, total=1, contacted=0, won=0, closed=1),
    }


def test_a_step_is_overdue_the_day_after_and_never_for_a_closed_target(app: Flask) -> None:
    campaign, today = make_campaign(), clock.today()
    make_target(campaign, next_step="x", next_step_due=today - timedelta(days=1))
    make_target(campaign, next_step="x", next_step_due=today)
    make_target(campaign, stage=Stage.CLOSED, next_step="x", next_step_due=today - timedelta(days=9))
    assert pipeline_report(campaign.id).overdue == 1


def test_a_campaign_without_targets_is_all_zeroes(app: Flask) -> None:
    report = pipeline_report(make_campaign().id)
    assert [(row.reached, row.conversion) for row in report.funnel] == [(0, None)] * 6
    assert (report.total, report.countries) == (0, [])
    assert letters_by_state(1) == {}


def test_any_number_of_targets_costs_one_statement(app: Flask) -> None:
    campaign = make_campaign()
    make_targets(campaign, 1000)
    campaign_id = campaign.id
    assert queries_of(lambda: pipeline_report(campaign_id)) == 1
    assert pipeline_report(campaign_id).total == 1000
