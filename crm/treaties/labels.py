"""What the screens call standings, actions and how sure they are, in the reader's language."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from babel.dates import format_date, format_skeleton
from flask_babel import get_locale, gettext, lazy_gettext

from crm.places.states import WorldRegion, world_region_name
from crm.treaties.models import ActionKind, Confidence, Conflict, Standing
from crm.treaties.queries import ActionRow

EU = "EU"

STANDINGS = {
    Standing.PARTY: lazy_gettext("Parties"),
    Standing.SIGNED: lazy_gettext("Signed only"),
    Standing.NEITHER: lazy_gettext("Neither signed nor party"),
}
# Of one state; a good tone for parties, none for those who did nothing.
STATE_STANDINGS = {
    Standing.PARTY: lazy_gettext("Party"),
    Standing.SIGNED: lazy_gettext("Signed only"),
    Standing.NEITHER: lazy_gettext("Neither signed nor party"),
}
TONES = {Standing.PARTY: "good", Standing.SIGNED: "caution", Standing.NEITHER: "neutral"}
KINDS = {
    ActionKind.SIGNATURE: lazy_gettext("Signature"),
    ActionKind.RATIFICATION: lazy_gettext("Ratification"),
    ActionKind.ACCESSION: lazy_gettext("Accession"),
    ActionKind.SUCCESSION: lazy_gettext("Succession"),
    ActionKind.DENUNCIATION: lazy_gettext("Denunciation"),
}
CONFIDENCES = {
    Confidence.READ: lazy_gettext("Read in the source"),
    Confidence.MONTH_READ: lazy_gettext("Month read, day not known"),
    Confidence.DAY_REMEMBERED: lazy_gettext("Year read, day still to be checked"),
    Confidence.REPORTED: lazy_gettext("Reported, not yet read in a source"),
}


def conflict_text(reason: Conflict) -> str:
    """Why an action cannot be put down, and what to do."""
    texts: dict[Conflict, str] = {
        Conflict.FUTURE: gettext("This day lies ahead. Enter it once it has happened."),
        Conflict.BEFORE_ADOPTION: gettext("The treaty had not been adopted by then. Check the year."),
        Conflict.SIGNED_ALREADY: gettext("A signature is on record already. Correct that one instead."),
        Conflict.PARTY_ALREADY: gettext("The state is on record as a party by then. Correct that entry instead."),
        Conflict.NOT_A_PARTY: gettext("Only a party can denounce a treaty: the state was none on that day."),
    }
    return texts[reason]


@lru_cache(maxsize=4096)
def _written(day: date, confidence: Confidence, locale: str) -> str:
    if confidence is Confidence.MONTH_READ:
        return str(format_skeleton("yMMM", day, locale=locale))
    return str(format_date(day, "medium", locale=locale))


def act_day(act: ActionRow, locale: str | None = None) -> str:
    """The day of an action as far as it is known: `Nov 2024` where the source gives the month.

    `locale` (default the reader's) spares a long list the asking.
    """
    return _written(act.done_on, act.confidence, locale or str(get_locale()))


def region_choices() -> list[tuple[str, str]]:
    """The groups of states a list can be narrowed to: the European Union, then the regions of the world."""
    locale = get_locale()
    return [(EU, gettext("European Union")), *((each.value, world_region_name(each, locale)) for each in WorldRegion)]
