"""What the screens call stances, how sure they are and why they are what they are, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from flask_babel import format_date, gettext, lazy_gettext, ngettext

from crm.stances.derivation import Derived, Reason, Staleness
from crm.stances.models import Confidence, Refusal, Stance, as_link, is_link
from crm.stances.queries import TreatyStance, stale_months

STANCES = {
    Stance.CHAMPION: lazy_gettext("Champion"),
    Stance.SUPPORTIVE: lazy_gettext("Supportive"),
    Stance.UNDECIDED: lazy_gettext("Undecided"),
    Stance.LEANING_AGAINST: lazy_gettext("Leaning against"),
    Stance.OPPOSED: lazy_gettext("Opposed"),
    Stance.UNKNOWN: lazy_gettext("Unknown"),
}
STANCE_TONES = {
    Stance.CHAMPION: "strong",
    Stance.SUPPORTIVE: "good",
    Stance.UNDECIDED: "warn",
    Stance.LEANING_AGAINST: "caution",
    Stance.OPPOSED: "bad",
    Stance.UNKNOWN: "neutral",
}
CONFIDENCES = {
    Confidence.CERTAIN: lazy_gettext("Certain"),
    Confidence.LIKELY: lazy_gettext("Likely"),
    Confidence.UNSURE: lazy_gettext("Unsure"),
}
CONFIDENCE_HINTS = {
    Confidence.CERTAIN: lazy_gettext("Certain: their own words or vote, on record"),
    Confidence.LIKELY: lazy_gettext("Likely: told by somebody who was there"),
    Confidence.UNSURE: lazy_gettext("Unsure: hearsay, or we infer it"),
}


def stance_label(stance: Stance | str) -> str:
    """The stance in the reader's language; a stored value is understood too."""
    return str(STANCES[Stance(stance)])


def stance_tone(stance: Stance | str) -> str:
    """The tone of the stance's badge."""
    return STANCE_TONES[Stance(stance)]


def confidence_label(confidence: Confidence | str) -> str:
    """How sure a statement is, in the reader's language; a stored value is understood too."""
    return str(CONFIDENCES[Confidence(confidence)])


def page_link(written: str) -> str:
    """The address a link leads to, where a browser may follow it; what was written without https:// is completed."""
    found = as_link(written)
    return found if is_link(found) else ""


def host_of(url: str) -> str:
    """What a link is called: the host it leads to."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def refusal_text(reason: Refusal) -> str:
    """Why a statement was not written down or taken back, and what to do."""
    texts: dict[Refusal, str] = {
        Refusal.UNKNOWN: gettext("Choose where they stand."),
        Refusal.SOURCE: gettext("Paste a link or choose a file: a stance is never noted without its source."),
        Refusal.LINK: gettext("This is no address of a page. It begins with https:// or http://."),
        Refusal.FUTURE: gettext("This day lies ahead. Enter the day it was said."),
        Refusal.TOO_EARLY: gettext("Check the year of this day."),
        Refusal.REASON: gettext("Say why it no longer counts."),
        Refusal.WITHDRAWN: gettext("This statement has been withdrawn already, or you may not read it."),
        Refusal.NO_CONTRADICTION: gettext("These two no longer contradict each other: somebody was faster."),
    }
    return texts[reason]


def stale_text(stale: Staleness) -> str:
    """Why a stance is out of date."""
    if stale is Staleness.MANDATE_ENDED:
        return str(gettext("Out of date: the mandate it was said in is over."))
    months = stale_months()
    return str(
        ngettext(
            "Out of date: nobody has heard it again for more than %(num)d month.",
            "Out of date: nobody has heard it again for more than %(num)d months.",
            months,
        )
    )


def _reason_text(found: Derived[Any], count: int) -> str:
    if found.reason is Reason.ONLY:
        return str(gettext("It is the only statement on record."))
    if found.reason is Reason.LATEST:
        return str(ngettext("It is the latest of %(num)d statement.", "It is the latest of %(num)d statements.", count))
    return str(
        ngettext(
            "%(num)d later statement is less sure, and does not outweigh it.",
            "%(num)d later statements are less sure, and do not outweigh it.",
            len(found.later),
        )
    )


def said_text(said: Any) -> str:
    """One statement in short: `opposed on 3 May 2026 (unsure)`."""
    return str(
        gettext(
            "%(stance)s on %(day)s (%(confidence)s)",
            stance=stance_label(said.stance),
            day=format_date(said.said_on, "medium"),
            confidence=confidence_label(said.confidence),
        )
    )


def why(held: TreatyStance, on: date) -> Iterator[str]:
    """Why the stance is what it is, one sentence after the other."""
    found = held.derived
    if found.statement is None:
        yield gettext("Nobody has written down yet what they said.")
        return
    yield gettext("By what was said: %(statement)s.", statement=said_text(found.statement))
    yield _reason_text(found, sum(said.said_on <= on for said in held.valid))
    for earlier, later in found.contradictions:
        yield gettext(
            "Two statements contradict each other: %(one)s, then %(other)s.",
            one=said_text(earlier),
            other=said_text(later),
        )
    if held.stale:
        yield stale_text(held.stale)
