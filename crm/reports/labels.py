"""What a report calls deeds and those who did them, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext

from crm.reports.queries import NO_OFFICER, OUTDATED, Deed, Officer
from crm.stances.labels import stance_label


def officer_name(officer: Officer) -> str:
    """The name of one of us, or what stands for nobody."""
    if officer.user_id is None:
        return str(gettext("Nobody yet"))
    return officer.name if officer.user_id != NO_OFFICER else str(gettext("By itself: letters sent, imports"))


def stance_kind_label(kind: str) -> str:
    """A stance, or that it is out of date."""
    return str(gettext("Out of date")) if kind == OUTDATED else stance_label(kind)


def deed_label(deed: Deed) -> str:
    """What was done, as the head of a list."""
    words = {
        Deed.CALL: gettext("Calls"),
        Deed.MEETING: gettext("Meetings"),
        Deed.LETTER: gettext("Letters"),
        Deed.STATEMENT: gettext("Statements"),
        Deed.COMMITMENT: gettext("Commitments"),
        Deed.MOVE: gettext("Moves"),
        Deed.TASK: gettext("Tasks done"),
        Deed.FORWARD: gettext("Moved forward"),
        Deed.BACK: gettext("Moved back"),
        Deed.CLOSED: gettext("Closed"),
        Deed.REOPENED: gettext("Taken up again"),
        Deed.ADDED: gettext("Targets added"),
    }
    return str(words[deed])
