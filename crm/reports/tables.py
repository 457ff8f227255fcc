"""The tables of the pipeline report: one shape for the screen, for paper and for files, each figure with its list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import url_for
from flask_babel import format_date, gettext

from crm.pipeline.labels import close_reason_label, stage_label
from crm.pipeline.models import OPEN_STAGES, WON, Stage
from crm.reports.cells import BLANK, Cell, Numbers, Row, Table, country_name, days_words, percent
from crm.reports.labels import deed_label, officer_name, stance_kind_label
from crm.reports.queries import (
    BY_OFFICER,
    NO_OFFICER,
    OUTDATED,
    CountryRow,
    Course,
    Officer,
    Promises,
    Stances,
    Standing,
    Stays,
    Tally,
)
from crm.reports.question import Question
from crm.stances.models import STATED, Stance
from crm.text import fold
from crm.treaties.models import Standing as TreatyStanding

STANCE_KINDS = (*STATED, OUTDATED, Stance.UNKNOWN)
_PLAIN_STAGES = ",".join(OPEN_STAGES)


class Tables:
    """Makes the tables of one report."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.numbers = Numbers()
        self.targets = url_for("pipeline.targets", campaign_id=question.campaign_id)
        self.deeds = url_for("reports.activity", **question.to_args())
        self.promised = url_for("pipeline.commitments")
        self.tail = question.listed()

    def figure(self, value: int, href: str) -> Cell:
        """A figure with the list behind it; nought has none."""
        return Cell(value, self.numbers[value], href if value else None)

    def of_targets(self, value: int, asked: str = "") -> Cell:
        """A figure of targets; `asked` are the query arguments of their list."""
        query = f"{asked}{self.tail}".removeprefix("&")
        return self.figure(value, f"{self.targets}?{query}" if query else self.targets)

    def of_deeds(self, value: int, asked: str) -> Cell:
        """A figure of what was done."""
        return self.figure(value, f"{self.deeds}&{asked}")

    def of_deeds_since(self, value: int, asked: str, since: date) -> Cell:
        """A figure of moves since another day than the period's first."""
        since_then = urlencode(self.question.to_args(since=since))
        return self.figure(value, f"{self.deeds.partition('?')[0]}?{since_then}&kind={asked}")

    def funnel(self, standing: Standing, stays: Mapping[Stage, Stays]) -> Table:
        """Stages: reached, of the stage before, standing there, and for how long they stand."""

        def time(stage: Stage) -> list[Cell]:
            if stage not in stays:
                return [BLANK, Cell(0, self.numbers[0])]
            days = stays[stage].median_days
            left = self.of_deeds(stays[stage].count, f"kind=move&left={stage}")
            return [Cell(round(days, 2), days_words(days)), left]

        rows = [
            Row(
                stage_label(row.stage),
                [
                    self.of_targets(row.reached, f"reached={row.stage}"),
                    Cell("" if row.conversion is None else round(row.conversion, 4), percent(row.conversion)),
                    self.of_targets(row.now, f"stage={row.stage}"),
                    *time(row.stage),
                ],
            )
            for row in standing.funnel
        ]
        closed = [BLANK, BLANK, self.of_targets(standing.by_stage[Stage.CLOSED], "stage=closed")]
        rows.append(Row(stage_label(Stage.CLOSED), [*closed, *time(Stage.CLOSED)]))
        for reason, count in standing.by_reason.items():
            cells = [BLANK, BLANK, self.of_targets(count, f"closed_because={reason}"), BLANK, BLANK]
            rows.append(Row(gettext("Closed: %(reason)s", reason=close_reason_label(reason)), cells))
        return Table(
            "funnel",
            gettext("Funnel"),
            [
                gettext("Stage"),
                gettext("Ever reached"),
                gettext("Of the stage before"),
                gettext("Stand there"),
                gettext("Time there (median)"),
                gettext("Times left"),
            ],
            rows,
            Row(gettext("All targets"), [BLANK, BLANK, self.of_targets(standing.total), BLANK, BLANK]),
            gettext("The time is that of stays that ended: the one in the middle, of as many as have left the stage."),
            written={
                gettext("Time there (median)"): gettext("Days there (median)"),
                gettext("Of the stage before"): gettext("Share of the stage before"),
            },
        )

    def weeks(self, course: Course) -> Table:
        """Where the targets stood at the end of each week, the latest first."""
        team = f"&owner_team={self.question.team}" if self.question.team is not None else ""

        def row(day: Any, stages: Mapping[Stage, int], *, now: bool) -> Row:
            as_of = "" if now else f"&as_of={day}"
            cells = [self.figure(stages[stage], f"{self.targets}?stage={stage}{as_of}{team}") for stage in Stage]
            whole = f"{self.targets}?{f'{as_of}{team}'.removeprefix('&')}".rstrip("?")
            figures = [*cells, self.figure(sum(stages.values()), whole)]
            return Row(format_date(day, "medium"), figures, written=day.isoformat())

        latest = course.weeks[-1].day
        return Table(
            "weeks",
            gettext("Week by week"),
            [gettext("At the end of"), *(stage_label(stage) for stage in Stage), gettext("Targets")],
            [
                row(week.day, week.stages, now=week.day == latest and not self.question.past)
                for week in reversed(course.weeks)
            ],
        )

    def came(self, found: Mapping[tuple[str | None, Stage], int], standing: Standing, states: Iterable[str]) -> Table:
        """How many targets of each country came to each stage within the period; nought is an answer too."""
        stages = [stage for stage in Stage if stage is not Stage.IDENTIFIED]
        since = f"since={self.question.since}"
        countries = {*standing.countries, *states, *(country for country, _stage in found)}
        sums = {stage: sum(n for (_c, each), n in found.items() if each is stage) for stage in stages}

        def came_to(stage: Stage, value: int, where: str = "") -> Cell:
            asked = self.of_targets(1, f"came={stage}&{since}{where}").href
            return Cell(value, self.numbers[value], asked)

        def weight(country: str | None) -> tuple[int, str]:
            return -sum(found.get((country, stage), 0) for stage in stages), fold(country_name(country))

        return Table(
            "came",
            gettext("Came to a stage since %(day)s", day=format_date(self.question.since)),
            [gettext("Country"), *(stage_label(stage) for stage in stages)],
            [
                Row(
                    country_name(country),
                    [came_to(stage, found.get((country, stage), 0), f"&{_of_country(country)}") for stage in stages],
                )
                for country in sorted(countries, key=weight)
            ],
            Row(gettext("All"), [came_to(stage, sums[stage]) for stage in stages]),
            gettext("A target that came twice counts once; where it stands today is another matter."),
            written_title=gettext("Came to a stage"),
        )

    def states(self, standing: Standing, states: Iterable[str], parties: Mapping[str, TreatyStanding]) -> Table:
        """Target states with what is done there, those without any target too; then the other countries."""
        wanted = set(states)
        said = {
            TreatyStanding.PARTY: str(gettext("party")),
            TreatyStanding.SIGNED: str(gettext("signed")),
            TreatyStanding.NEITHER: "",
        }
        rows = [standing.countries.get(code) or CountryRow(code) for code in wanted]
        rows += [row for code, row in standing.countries.items() if code not in wanted]
        rows.sort(key=lambda row: (row.country not in wanted, -row.total, fold(country_name(row.country))))
        columns = [gettext("Targets"), gettext("Ever contacted"), gettext("Ever in dialogue")]
        columns += [gettext("Committed or delivered"), gettext("Closed")]
        columns += [] if self.question.past else [gettext("Overdue next steps")]

        def cells(row: CountryRow) -> list[Cell]:
            here = _of_country(row.country)
            counted = [
                self.of_targets(row.total, here),
                self.of_targets(row.contacted, f"reached=contacted&{here}"),
                self.of_targets(row.talking, f"reached=in_dialogue&{here}"),
                self.of_targets(row.won, f"stage={','.join(WON)}&{here}"),
                self.of_targets(row.closed, f"stage=closed&{here}"),
            ]
            return counted if self.question.past else [*counted, self.of_targets(row.overdue, f"overdue=yes&{here}")]

        def note(code: str | None) -> str:
            if code not in wanted:
                return gettext("not a target state") if wanted else ""
            return said[parties.get(code or "", TreatyStanding.NEITHER)]

        return Table(
            "states",
            gettext("Coverage of the target states"),
            [gettext("Country"), *columns],
            [Row(country_name(row.country), cells(row), note(row.country)) for row in rows],
        )

    def _tallied(self, key: str, title: str, head: str, rows: Iterable[tuple[str, str, Tally, bool]]) -> Table:
        labels = [stance_kind_label(kind) for kind in STANCE_KINDS]

        def asked(kind: str) -> str:
            own = "stale=yes" if kind == OUTDATED else f"stance={kind}"
            fresh = "&stale=no" if kind not in (OUTDATED, Stance.UNKNOWN) else ""
            return f"{own}{fresh}&treaty={self.question.treaty_id}"

        return Table(
            key,
            title,
            [head, *labels, gettext("Targets")],
            [
                Row(
                    name,
                    [
                        *(self.of_targets(tally.get(kind, 0), f"{asked(kind)}{here}") for kind in STANCE_KINDS),
                        self.of_targets(sum(tally.values()), here.removeprefix("&")),
                    ],
                    data=is_name,
                )
                for name, here, tally, is_name in rows
            ],
        )

    def stances_by_group(self, found: Stances) -> Table:
        """Stances by political group, the largest first."""
        order = sorted(found.by_group, key=lambda group: (group is None, -sum(found.by_group[group].values())))
        rows: list[tuple[str, str, Tally, bool]] = []
        if found.all:
            rows.append((gettext("All targets"), "", found.all, False))
        rows += [
            (
                gettext("No group") if group is None else found.groups.get(group, str(group)),
                "&no_group=yes" if group is None else f"&group={group}",
                found.by_group[group],
                group is not None,
            )
            for group in order
        ]
        return self._tallied("stances-by-group", gettext("Stance by group"), gettext("Political group"), rows)

    def stances_by_country(self, found: Stances) -> Table:
        """Stances by country, the one with most targets first."""
        order = sorted(found.by_country, key=lambda code: (-sum(found.by_country[code].values()), country_name(code)))
        rows = [(country_name(code), f"&{_of_country(code)}", found.by_country[code], False) for code in order]
        return self._tallied("stances-by-country", gettext("Stance by country"), gettext("Country"), rows)

    def officers(self, found: Sequence[Officer]) -> Table:
        """Who looks after how much, and did what within the period."""
        looked = [] if self.question.past else [gettext("Open targets"), gettext("Overdue"), gettext("Gone quiet")]
        words = [deed_label(deed) for deed in BY_OFFICER]
        notes = [gettext("Open, overdue and quiet targets are counted as they are today.")] if looked else []
        notes.append(gettext("Letters are those written down by hand and those of mailings, by who planned them."))

        def row(officer: Officer) -> Row:
            # Nobody owns with no id; what no user did comes from nobody's hand.
            owner = 0 if officer.user_id is None else officer.user_id
            owns = officer.user_id != NO_OFFICER
            looks = [
                self.of_targets(officer.open, f"stage={_PLAIN_STAGES}&owner={owner}") if owns else BLANK,
                self.of_targets(officer.overdue, f"overdue=yes&owner={owner}") if owns else BLANK,
                self.of_targets(officer.quiet, f"quiet=30&owner={owner}") if owns else BLANK,
            ]
            did = [
                BLANK if officer.user_id is None else self.of_deeds(officer.deeds[deed], f"kind={deed}&officer={owner}")
                for deed in BY_OFFICER
            ]
            return Row(officer_name(officer), [*([] if self.question.past else looks), *did], data=bool(officer.name))

        totals = [self.of_deeds(sum(each.deeds[deed] for each in found), f"kind={deed}") for deed in BY_OFFICER]
        if not self.question.past:
            totals = [
                self.of_targets(sum(each.open for each in found), f"stage={_PLAIN_STAGES}"),
                self.of_targets(sum(each.overdue for each in found), "overdue=yes"),
                self.of_targets(sum(each.quiet for each in found), "quiet=30"),
                *totals,
            ]
        return Table(
            "officers",
            gettext("By officer, since %(day)s", day=format_date(self.question.since)),
            [gettext("Who"), *looked, *words],
            [row(officer) for officer in found],
            Row(gettext("All"), totals) if found else None,
            " ".join(notes),
            written_title=gettext("By officer"),
        )

    def commitments(self, found: Promises) -> Table:
        """What was promised, and what became of it."""

        def cell(name: str) -> Cell:
            count, asked = found.figures[name]
            return self.figure(count, f"{self.promised}?{urlencode(asked.to_args())}")

        since = gettext("Since %(day)s", day=format_date(self.question.since))
        lines = {
            "promised": (gettext("Promised"), cell("promised in period")),
            "open": (gettext("Open"), BLANK),
            "soon": (gettext("Due within 30 days"), BLANK),
            "overdue": (gettext("Past their date"), BLANK),
            "kept": (gettext("Kept"), cell("kept in period")),
            "broken": (gettext("Broken"), cell("broken in period")),
        }
        return Table(
            "commitments",
            gettext("Commitments"),
            [gettext("Commitments"), gettext("In all"), since],
            [Row(label, [cell(name), later]) for name, (label, later) in lines.items()],
            written={since: gettext("Since %(day)s", day=self.question.since.isoformat())},
        )


def _of_country(code: str | None) -> str:
    return f"country={code}" if code else "no_country=yes"
