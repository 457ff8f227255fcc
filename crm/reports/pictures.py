"""The charts of the pipeline report, each drawn of the figures that stand in a table beside it."""

from __future__ import annotations

from flask_babel import format_date, format_decimal, gettext
from markupsafe import Markup

from crm import charts
from crm.i18n import direction
from crm.pipeline.labels import stage_label
from crm.pipeline.models import WON, Stage
from crm.reports.cells import percent
from crm.reports.labels import stance_kind_label
from crm.reports.queries import Course, Stances, Standing, Tally
from crm.reports.tables import STANCE_KINDS

_ROWS = 12


def _right_to_left() -> bool:
    return direction() == "rtl"


def funnel(standing: Standing) -> Markup:
    """How many targets ever reached each stage."""
    steps = [
        charts.Step(
            stage_label(row.stage),
            row.reached,
            format_decimal(row.reached),
            percent(row.conversion),
            strong=row.stage in WON,
        )
        for row in standing.funnel
    ]
    said = "; ".join(f"{step.label}: {step.text}" for step in steps)
    title = gettext("Targets that ever reached each stage")
    return charts.funnel("funnel", title, said, steps, right_to_left=_right_to_left())


def weeks(course: Course) -> Markup:
    """Where the targets stood at the end of each week."""
    names = {stage: stage_label(stage) for stage in Stage}
    columns = [
        charts.Pillar(
            format_date(week.day, "d MMM"),
            [
                (max(week.stages[stage], 0), f"{format_date(week.day)}, {names[stage]}: {week.stages[stage]}")
                for stage in Stage
            ],
        )
        for week in course.weeks
    ]
    last = "; ".join(f"{names[stage]}: {course.weeks[-1].stages[stage]}" for stage in Stage)
    return charts.pillars(
        "weeks",
        gettext("Targets by stage at the end of each week"),
        gettext("At the end: %(figures)s. The table below has every week.", figures=last),
        columns,
        [f"stage-{stage}" for stage in Stage],
        number=[format_decimal(mark) for mark in charts.marks(columns)],
        right_to_left=_right_to_left(),
    )


def stances_by_group(found: Stances) -> Markup:
    """How the targets of each group are divided, the largest groups first."""
    names = {kind: stance_kind_label(kind) for kind in STANCE_KINDS}
    order = sorted(found.by_group, key=lambda group: (group is None, -sum(found.by_group[group].values())))
    tallies: list[tuple[str, Tally]] = [(gettext("All targets"), found.all)]
    tallies += [
        (gettext("No group") if group is None else found.groups.get(group, str(group)), found.by_group[group])
        for group in order[:_ROWS]
    ]
    rows = [
        charts.Strip(
            name,
            format_decimal(sum(tally.values())),
            [(tally.get(kind, 0), f"{name}, {names[kind]}: {tally.get(kind, 0)}") for kind in STANCE_KINDS],
        )
        for name, tally in tallies
    ]
    whole = "; ".join(f"{names[kind]}: {found.all.get(kind, 0)}" for kind in STANCE_KINDS)
    return charts.strips(
        "stances",
        gettext("Stances of the targets, by political group"),
        gettext("All targets: %(figures)s. The table below has every group.", figures=whole),
        rows,
        [f"stance-{kind}" for kind in STANCE_KINDS],
        right_to_left=_right_to_left(),
    )
