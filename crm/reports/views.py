"""Reports on screen, on paper and as files."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, format_percent, gettext

from crm import charts, i18n
from crm.database import read_id
from crm.directory.labels import country_label
from crm.i18n import direction
from crm.outbox.models import MessageState
from crm.pipeline import queries as targets
from crm.pipeline.labels import close_reason_label, stage_label
from crm.pipeline.models import OPEN_STAGES, Stage
from crm.policy import Permission, requires
from crm.reports import queries
from crm.reports.queries import WON, CountryRow, PipelineReport
from crm.spreadsheets import csv_response
from crm.text import fold

blueprint = Blueprint("reports", __name__)


@blueprint.get("/reports")
@requires(Permission.READ)
def reports() -> ResponseReturnValue:
    """Where reports begin: the pipeline's."""
    return redirect(url_for("reports.pipeline"))


def _percent(share: float | None) -> str:
    """Whole percents; a share too small to show is not rounded to nothing."""
    if share is None:
        return ""
    return str("<" + format_percent(0.01) if 0 < share < 0.005 else format_percent(round(share, 2)))


def _country_name(row: CountryRow) -> str:
    return country_label(row.country) if row.country else gettext("Country not known")


def _by_size(report: PipelineReport) -> list[CountryRow]:
    return sorted(report.countries, key=lambda row: (-row.total, row.country is None, fold(_country_name(row))))


def _chart(report: PipelineReport) -> str:
    steps = [
        charts.Step(
            stage_label(row.stage),
            row.reached,
            format_decimal(row.reached),
            _percent(row.conversion),
            strong=row.stage in WON,
        )
        for row in report.funnel
    ]
    said = "; ".join(f"{step.label}: {step.text}" for step in steps)
    return charts.funnel(
        "funnel", gettext("Targets that ever reached each stage"), said, steps, right_to_left=direction() == "rtl"
    )


@blueprint.get("/reports/pipeline")
@requires(Permission.READ)
def pipeline() -> ResponseReturnValue:
    """Where a campaign stands."""
    campaigns = targets.campaign_names()
    if not campaigns:
        return render_template("reports/no_campaign.html")
    campaign_id = request.args.get("campaign", type=read_id) or campaigns[0][0]
    campaign = targets.campaign(campaign_id) or abort(404, gettext("There is no such campaign."))
    report = queries.pipeline_report(campaign_id)
    letters = queries.letters_by_state(campaign_id)
    return render_template(
        "reports/pipeline.html",
        campaigns=campaigns,
        campaign=campaign,
        report=report,
        chart=_chart(report),
        countries=_by_size(report),
        country_name=_country_name,
        percent=_percent,
        letters=letters,
        sent=letters.get(MessageState.SENT, 0),
        late=targets.next_steps(campaign_id) if report.overdue else [],
        today=i18n.today(),
        won_stages=",".join(WON),
        open_stages=",".join(OPEN_STAGES),
    )


def _csv_rows(campaign: Any, report: PipelineReport) -> Iterator[tuple[Any, ...]]:
    yield gettext("Campaign"), campaign.name
    yield gettext("As of"), report.as_of.isoformat(timespec="seconds")
    yield ()
    yield gettext("Stage"), gettext("Ever reached"), gettext("Share of the stage before"), gettext("Stand there now")
    for row in report.funnel:
        share = "" if row.conversion is None else round(row.conversion, 4)
        yield stage_label(row.stage), row.reached, share, row.now
    yield stage_label(Stage.CLOSED), "", "", report.by_stage[Stage.CLOSED]
    yield ()
    yield gettext("Closed because"), gettext("Targets")
    for reason, count in report.by_reason.items():
        yield close_reason_label(reason), count
    yield ()
    yield (
        gettext("Country"),
        gettext("Code"),
        gettext("Targets"),
        gettext("Ever contacted"),
        gettext("Committed or delivered"),
        gettext("Closed"),
        gettext("Overdue next steps"),
    )
    figures = attrgetter("total", "contacted", "won", "closed", "overdue")
    for country in _by_size(report):
        yield _country_name(country), country.country or "", *figures(country)


@blueprint.get("/reports/pipeline.csv")
@requires(Permission.READ)
def pipeline_csv() -> ResponseReturnValue:
    """The same figures as a file."""
    campaign_id = request.args.get("campaign", 0, type=read_id)
    campaign = targets.campaign(campaign_id) or abort(404, gettext("There is no such campaign."))
    report = queries.pipeline_report(campaign_id)
    day = report.as_of.date().isoformat()
    return csv_response(f"pipeline-{campaign_id}-{day}.csv", _csv_rows(campaign, report))
