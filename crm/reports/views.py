"""Reports on screen, on paper and as files, and the lists of what was done."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext, to_user_timezone
from flask_login import current_user

from crm import clock
from crm.accounts.queries import actor_names, users_by_id
from crm.database import read_id
from crm.filter_values import read_value
from crm.pipeline import queries as targets
from crm.pipeline.labels import stage_label
from crm.pipeline.models import OPEN_STAGES, WON, Stage
from crm.pipeline.queries import AnyRow, Goal
from crm.policy import Permission, requires
from crm.reports import pictures, queries
from crm.reports.cells import Table, days_words
from crm.reports.labels import deed_label, stance_kind_label
from crm.reports.queries import NO_OFFICER, Asked, Course, Deed, Officer, Promises, Stances, Standing, Stays
from crm.reports.question import USUAL_DAYS, Question
from crm.reports.tables import STANCE_KINDS, Tables
from crm.spreadsheets import csv_response, write_sheets

blueprint = Blueprint("reports", __name__)
_IN_NEED = 3
# Stays at a stage that make a middle worth telling.
_TELLING = 3
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/reports")
@requires(Permission.READ)
def reports() -> ResponseReturnValue:
    """Where reports begin: the pipeline's."""
    return redirect(url_for("reports.pipeline"))


@dataclass(frozen=True)
class _Slowest:
    """The stage where targets stand longest: half of `count` stays were longer than `days`, in words."""

    stage: Stage
    days: str
    count: int


@dataclass(frozen=True)
class _Report:
    """Everything a report says, and the tables it says it in."""

    standing: Standing
    course: Course
    stays: dict[Stage, Stays]
    stances: Stances
    officers: list[Officer]
    promises: Promises
    goal: Goal
    tables: dict[str, Table]

    @property
    def quiet(self) -> int:
        """Targets that went quiet."""
        return sum(officer.quiet for officer in self.officers)

    @property
    def unowned(self) -> int:
        """Open targets that nobody looks after."""
        return sum(officer.open for officer in self.officers if officer.user_id is None)

    @property
    def in_need(self) -> list[Officer]:
        """Those of us with most that is overdue or quiet."""
        named = [each for each in self.officers if each.user_id and (each.overdue or each.quiet)]
        return sorted(named, key=lambda each: (-each.overdue, -each.quiet))[:_IN_NEED]

    @property
    def slowest(self) -> _Slowest | None:
        """The stage targets stand at longest, of those that enough of them left to tell."""
        open_stays = {stage: self.stays[stage] for stage in OPEN_STAGES if stage in self.stays}
        found = {stage: each for stage, each in open_stays.items() if each.count >= _TELLING}
        if not found:
            return None
        stage = max(found, key=lambda each: found[each].median_days)
        return _Slowest(stage, days_words(found[stage].median_days), found[stage].count)


def _report(campaign: AnyRow, question: Question, users: Mapping[int, AnyRow]) -> _Report:
    standing, stances = queries.standing(question)
    goal = targets.goal(campaign, question.day)
    course, stays = queries.course(question, standing.by_stage), queries.stays(question)
    officers, promises = queries.officers(question, users), queries.promises(question)
    states = {row.state: row.standing for row in (*goal.won, *goal.before, *goal.open)}
    make = Tables(question)
    tables = [
        make.funnel(standing, stays),
        make.weeks(course),
        make.came(course.arrivals, standing, states),
        make.states(standing, states, states),
        make.stances_by_group(stances),
        make.stances_by_country(stances),
        make.officers(officers),
        make.commitments(promises),
    ]
    by_key = {table.key: table for table in tables}
    return _Report(standing, course, stays, stances, officers, promises, goal, by_key)


def _asked(campaign_id: int) -> tuple[AnyRow, Question]:
    campaign = targets.campaign(campaign_id) or abort(404, gettext("There is no such campaign."))
    return campaign, Question.from_args(campaign, request.args, current_user.team_id)


def _periods(question: Question) -> list[tuple[str, date]]:
    """Beginnings a reader may choose: the last days, the first days of the last months, of the year."""
    day = question.day
    found = [(gettext("7 days"), question.week_since), (gettext("4 weeks"), day - timedelta(days=USUAL_DAYS - 1))]
    first = day.replace(day=1)
    for _number in range(5):
        found.append((gettext("since %(month)s", month=format_date(first, "LLLL")), first))
        first = (first - timedelta(days=1)).replace(day=1)
    year = day.replace(month=1, day=1)
    return [*found, (gettext("since %(month)s", month=format_date(year, "LLLL y")), year)]


@blueprint.get("/reports/pipeline")
@requires(Permission.READ)
def pipeline() -> ResponseReturnValue:
    """Where a campaign stands."""
    wanted, users = read_value(request.args, "campaign", read_id), users_by_id()
    campaigns = targets.campaigns_and(wanted)
    if not campaigns and wanted is None:
        return render_template("reports/no_campaign.html")
    campaign = next((row for row in campaigns if wanted in (None, row.id)), None)
    if campaign is None:
        abort(404, gettext("There is no such campaign."))
    question = Question.from_args(campaign, request.args, current_user.team_id)
    report = _report(campaign, question, users)
    return render_template(
        "reports/pipeline.html",
        campaigns=campaigns,
        campaign=campaign,
        question=question,
        report=report,
        tables=report.tables,
        charts={
            "funnel": pictures.funnel(report.standing),
            "weeks": pictures.weeks(report.course),
            "stances-by-group": pictures.stances_by_group(report.stances),
        },
        stage_kinds=[(f"stage-{stage}", stage_label(stage)) for stage in Stage],
        stance_kinds=[(f"stance-{kind}", stance_kind_label(kind)) for kind in STANCE_KINDS],
        teams=_teams(users),
        periods=_periods(question),
        asked=Tables(question),
        made_at=clock.now(),
        late=targets.next_steps(campaign.id) if report.standing.overdue else [],
        won_stages=",".join(WON),
        to_win_stages=",".join(stage for stage in OPEN_STAGES if stage not in WON),
        open_stages=",".join(OPEN_STAGES),
    )


def _teams(users: Mapping[int, AnyRow]) -> list[tuple[int, str]]:
    """Id and name of every team that has somebody, by name."""
    return list(dict.fromkeys((user.team_id, user.team) for user in users.values()))


def _moment_in_files() -> str:
    """Now, on the reader's clock, by ISO 8601."""
    return str(to_user_timezone(clock.now()).isoformat(timespec="seconds"))


def _head(campaign: AnyRow, question: Question) -> list[list[Any]]:
    """What a file says of itself before its tables."""
    team = dict(_teams(users_by_id())).get(question.team) if question.team is not None else None
    return [
        [gettext("Campaign"), campaign.name],
        [gettext("As of"), question.day.isoformat() if question.past else _moment_in_files()],
        [gettext("Period since"), question.since.isoformat()],
        [gettext("Team"), team or gettext("Every team")],
        [gettext("Made by"), current_user.name],
    ]


def _file_name(campaign: AnyRow, question: Question, ending: str) -> str:
    return f"pipeline-{campaign.id}-{question.day.isoformat()}.{ending}"


@blueprint.get("/reports/pipeline.csv")
@requires(Permission.READ)
def pipeline_csv() -> ResponseReturnValue:
    """The tables as one file, or one of them alone (`table`)."""
    campaign, question = _asked(read_value(request.args, "campaign", read_id) or 0)
    tables = _report(campaign, question, users_by_id()).tables
    wanted = request.args.get("table", "")
    if wanted and wanted not in tables:
        abort(404, gettext("There is no such table."))
    if wanted:
        return csv_response(f"{wanted}-{_file_name(campaign, question, 'csv')}", tables[wanted].lines())
    rows = _head(campaign, question)
    for table in tables.values():
        rows += [[], [table.written_title or table.title], *table.lines()]
    return csv_response(_file_name(campaign, question, "csv"), rows)


@blueprint.get("/reports/pipeline.xlsx")
@requires(Permission.READ)
def pipeline_xlsx() -> ResponseReturnValue:
    """The tables as the sheets of one book."""
    campaign, question = _asked(read_value(request.args, "campaign", read_id) or 0)
    tables = _report(campaign, question, users_by_id()).tables
    book = io.BytesIO()
    sheets: list[tuple[str, Any]] = [(gettext("Report"), _head(campaign, question))]
    write_sheets(book, [*sheets, *((table.written_title or table.title, table.lines()) for table in tables.values())])
    answer = Response(book.getvalue(), mimetype=_XLSX)
    answer.headers.set("Content-Disposition", "attachment", filename=_file_name(campaign, question, "xlsx"))
    return answer


@blueprint.get("/reports/activity")
@requires(Permission.READ)
def activity() -> ResponseReturnValue:
    """What was done within a period, one by one: what a figure of the report counts."""
    wanted = read_value(request.args, "campaign", read_id)
    campaigns = targets.campaigns_and(wanted)
    if not campaigns and wanted is None:
        return redirect(url_for("reports.pipeline"))
    campaign, question = _asked(campaigns[0].id if wanted is None else wanted)
    asked = Asked(
        read_value(request.args, "kind", Deed) or Deed.CALL,
        read_value(request.args, "officer", read_id),
        read_value(request.args, "left", Stage),
        read_value(request.args, "came", Stage),
    )
    names = actor_names()
    return render_template(
        "reports/activity.html",
        campaign=campaign,
        question=question,
        asked=asked,
        title=deed_label(asked.deed),
        who=None if asked.officer in (None, NO_OFFICER) else names.get(f"user:{asked.officer}", ""),
        page=queries.activity_page(question, asked, request.args.get("cursor")),
        total=queries.activity_count(question, asked),
        names=names,
        Deed=Deed,
    )
