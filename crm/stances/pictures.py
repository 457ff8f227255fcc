"""The course of a stance as a chart."""

from __future__ import annotations

from datetime import date

from flask_babel import format_date, gettext
from markupsafe import Markup

from crm.charts import Mark, course
from crm.i18n import direction
from crm.stances import derivation
from crm.stances.labels import STANCES, said_text, stance_label
from crm.stances.models import RANK, STATED, Confidence
from crm.stances.queries import TreatyStance


def stance_course(held: TreatyStance, on: date) -> Markup | None:
    """Every valid statement until the day `on`, and the line the rule draws through them; None where there is none."""
    said = [one for one in reversed(held.valid) if one.said_on <= on]
    turns = derivation.course(said)
    if not turns:
        return None
    spoken = "; ".join(
        gettext("from %(day)s: %(stance)s", day=format_date(day, "medium"), stance=stance_label(one.stance))
        for day, one in turns
    )
    return course(
        f"course-{held.treaty_id}",
        gettext("How the stance on %(treaty)s went", treaty=held.code),
        spoken,
        [str(STANCES[stance]) for stance in STATED],
        [
            Mark(one.said_on, RANK[one.stance], said_text(one), firm=one.confidence is not Confidence.UNSURE)
            for one in said
        ],
        [(day, RANK[one.stance]) for day, one in turns],
        until=on,
        ends=(format_date(said[0].said_on, "medium"), format_date(on, "medium")),
        right_to_left=direction() == "rtl",
    )
