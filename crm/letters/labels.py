"""What the screens call states, reasons and faults of letters, in the reader's language, and their tones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from babel import Locale
from babel.lists import format_list
from flask_babel import format_timedelta, get_locale, gettext, lazy_gettext, ngettext
from flask_babel.speaklater import LazyString

from crm.letters.actions import MailingRefused
from crm.letters.audience import Audience
from crm.letters.delivery import Outcome
from crm.letters.models import STANCES_OF, Approach, LanguageReason, SkipReason, Standing, Wording
from crm.letters.queries import WordingStanding
from crm.letters.rendering import Problem, ProblemKind
from crm.letters.schedule import Schedule
from crm.outbox.labels import PAUSES
from crm.outbox.models import PauseReason
from crm.outbox.reasons import EXPLANATIONS, Reason
from crm.pipeline.filters import NOBODY
from crm.places.countries import LANGUAGES
from crm.stances.labels import STANCES
from crm.web import minute

STANDINGS = {
    Standing.DRAFT: (lazy_gettext("Draft"), "neutral"),
    Standing.PLANNING: (lazy_gettext("Being planned"), "info"),
    Standing.AWAITING_APPROVAL: (lazy_gettext("Waits for approval"), "warn"),
    Standing.RETURNED: (lazy_gettext("Sent back"), "caution"),
    Standing.SCHEDULED: (lazy_gettext("Waits for its time"), "info"),
    Standing.STARTING: (lazy_gettext("About to go on"), "info"),
    Standing.SENDING: (lazy_gettext("Sending"), "info"),
    Standing.PAUSED: (lazy_gettext("Paused"), "caution"),
    Standing.CANCELLED: (lazy_gettext("Cancelled"), "neutral"),
    Standing.FINISHED: (lazy_gettext("Finished"), "good"),
}
OUTCOMES = {
    Outcome.SKIPPED: (lazy_gettext("Skipped"), "neutral"),
    Outcome.WAITING: (lazy_gettext("Waiting"), "info"),
    Outcome.SENT: (lazy_gettext("Sent"), "good"),
    Outcome.FAILED: (lazy_gettext("Failed"), "bad"),
    Outcome.HELD: (lazy_gettext("Held"), "caution"),
    Outcome.CANCELLED: (lazy_gettext("Cancelled"), "neutral"),
}
SKIP_REASONS = {
    SkipReason.CLOSED: lazy_gettext("The target is closed"),
    SkipReason.MANDATE_ENDED: lazy_gettext("The mandate has ended"),
    SkipReason.NO_ADDRESS: lazy_gettext("No e-mail address is known"),
    SkipReason.BOUNCED: lazy_gettext("Letters to this address came back"),
    SkipReason.SUPPRESSED: lazy_gettext("This address must not be written to"),
    SkipReason.RESTRICTED: lazy_gettext("They object to the use of their data"),
    SkipReason.NO_WORDING: lazy_gettext("The letter has no text in a language they read"),
    SkipReason.NO_APPROACH: lazy_gettext("The letter has no text for those who stand where they do"),
    SkipReason.RECENTLY_WRITTEN: lazy_gettext("They were written to lately, or are about to be"),
    SkipReason.PARTNER_WROTE: lazy_gettext("A partner of the coalition wrote to them lately"),
    SkipReason.DUPLICATE_ADDRESS: lazy_gettext("Somebody else in this mailing has the same address"),
    SkipReason.EMPTY_VALUE: lazy_gettext("A placeholder has no value"),
    SkipReason.ADDRESS_CHANGED: lazy_gettext("The address is theirs no more"),
    SkipReason.UNFIT: lazy_gettext("What the letter says fits them no more"),
}
_PROBLEMS = {
    ProblemKind.UNKNOWN_PLACEHOLDER: lazy_gettext("There is no placeholder “%(detail)s”: choose one from the list."),
    ProblemKind.OPEN_BRACES: lazy_gettext("Double braces are left open here: “%(detail)s”."),
    ProblemKind.PLACEHOLDER_IN_LINK: lazy_gettext("A placeholder cannot stand in the address of a link."),
    ProblemKind.UNSAFE_LINK: lazy_gettext("A link leads to an address that is not safe to open."),
    ProblemKind.MARK_TWICE: lazy_gettext("The line ends in a mark already: leave out the one in “%(detail)s”."),
    ProblemKind.EMPTY_SUBJECT: lazy_gettext("The subject is missing."),
    ProblemKind.EMPTY_BODY: lazy_gettext("The letter is empty."),
}
_LANGUAGE_REASONS = {
    LanguageReason.PERSON: lazy_gettext("%(language)s: they are known to read it"),
    LanguageReason.COUNTRY: lazy_gettext("%(language)s: an official language of their country"),
    LanguageReason.FALLBACK: lazy_gettext("%(language)s: for everybody else"),
}
APPROACHES = {
    Approach.GENERAL: (lazy_gettext("For everyone"), lazy_gettext("for readers who have no text of their own")),
    Approach.THANK: (lazy_gettext("Thank"), lazy_gettext("for champions and supporters")),
    Approach.ASK: (lazy_gettext("Ask"), lazy_gettext("for the undecided and the unknown")),
    Approach.PERSUADE: (lazy_gettext("Persuade"), lazy_gettext("for those against, or leaning that way")),
}
_AUDIENCES = {
    Approach.THANK: lazy_gettext("Champions and supporters"),
    Approach.ASK: lazy_gettext("The undecided and the unknown"),
    Approach.PERSUADE: lazy_gettext("Those against, or leaning that way"),
}
WORDING_STANDINGS = {
    WordingStanding.MISSING: (lazy_gettext("Missing"), "neutral"),
    WordingStanding.DRAFT: (lazy_gettext("Draft"), "info"),
    WordingStanding.WAITING: (lazy_gettext("Waits for approval"), "warn"),
    WordingStanding.APPROVED: (lazy_gettext("Approved"), "good"),
}
APPROVAL_REFUSALS = {
    "own_wording": lazy_gettext("You wrote this text, so somebody else has to approve it."),
    "faulty": lazy_gettext("The text has faults: mend them first."),
    "older_version": lazy_gettext("There is a newer version of this text: read and approve that one."),
}
REFUSALS = {
    "not_allowed": lazy_gettext("Somebody else was faster: the mailing stands somewhere else now."),
    "has_left": lazy_gettext("Its letters have begun to leave: pause it, or cancel the rest."),
    "no_time": lazy_gettext(
        "The letters are approved: name a time to come. To let them leave at once, take the approval back and have "
        "them approved without a day."
    ),
    "letter_left": lazy_gettext("This letter has left, or is leaving now: it cannot be left out any more."),
    "no_wording": lazy_gettext("The template has no text in this language yet: write it first."),
    "faulty_wording": lazy_gettext("The text of the template has faults: mend them first."),
    "unapproved_wording": lazy_gettext("These texts want a second person's approval first:"),
    "empty_audience": lazy_gettext("Nobody in the campaign fits this audience: widen it."),
    "files_too_large": lazy_gettext("The files are too large together: leave some out, or link to them."),
    "nothing_to_send": lazy_gettext("No letter is left to send: everybody was skipped."),
    "own_mailing": lazy_gettext("You planned this mailing, so somebody else has to approve it."),
    "cooling": lazy_gettext("You planned this mailing: sleep on it. The page says from when on you may approve."),
    "unchecked": lazy_gettext("The letters are still being checked: wait a moment."),
    "blocked": lazy_gettext("The check found letters that must not leave as they are: the page names them."),
    "warnings_unread": lazy_gettext("The check warns of some letters: look at them, and tick that you have."),
    "new_warnings": lazy_gettext("What the check warns of has changed since you opened the page: look once more."),
    "unopened": lazy_gettext("Open every letter of the sample first: the page says which are left."),
}


def standing_label(standing: Standing) -> str:
    """Where a mailing stands."""
    return str(STANDINGS[standing][0])


def standing_tone(standing: Standing) -> str:
    """The tone of its badge."""
    return STANDINGS[standing][1]


def outcome_label(outcome: Outcome) -> str:
    """The part of the ledger."""
    return str(OUTCOMES[outcome][0])


def outcome_tone(outcome: Outcome) -> str:
    """The tone of its badge."""
    return OUTCOMES[outcome][1]


def skip_label(reason: SkipReason) -> LazyString:
    """Why there is no letter."""
    return SKIP_REASONS[reason]


def reason_label(reason: SkipReason | Reason) -> LazyString:
    """Why there is no letter, or what decided the state of one."""
    return SKIP_REASONS[reason] if isinstance(reason, SkipReason) else EXPLANATIONS[reason]


def reason_words(row: Any) -> str:
    """Why a row of the ledger is where it is, and what that is about; nothing where it simply left."""
    if row.dropped_for:
        return str(SKIP_REASONS[row.dropped_for])
    if row.skip_reason is None:
        return str(EXPLANATIONS[row.reason]) if row.reason else ""
    return (
        f"{SKIP_REASONS[row.skip_reason]}: {row.skip_detail}" if row.skip_detail else str(SKIP_REASONS[row.skip_reason])
    )


def pause_label(reason: PauseReason) -> str:
    """Why a mailing paused by itself, and what to do."""
    return str(PAUSES[reason])


def language_reason_label(reason: LanguageReason, code: str) -> str:
    """Why a letter is in the language it is in."""
    return str(_LANGUAGE_REASONS[reason]) % {"language": language_label(code)}


def problem_label(problem: Problem) -> str:
    """What is wrong with a wording, where, and what to do."""
    said = str(_PROBLEMS[problem.kind]) % {"detail": problem.detail}
    if problem.line is None or not problem.detail:
        return said
    if problem.line == 0:
        return str(gettext("Subject: %(problem)s", problem=said))
    return str(gettext("Line %(number)s: %(problem)s", number=problem.line, problem=said))


def approach_label(approach: Approach | str) -> str:
    """What a wording wants of its reader."""
    return str(APPROACHES[Approach(approach)][0])


def approach_hint(approach: Approach | str) -> str:
    """Whom it is for."""
    return str(APPROACHES[Approach(approach)][1])


def wording_standing_label(standing: WordingStanding) -> str:
    """Where a wording stands."""
    return str(WORDING_STANDINGS[standing][0])


def wording_standing_tone(standing: WordingStanding) -> str:
    """The tone of its badge."""
    return WORDING_STANDINGS[standing][1]


def wording_name(wording: Wording) -> str:
    """A wording as one names it: its template, language and approach."""
    language, approach = language_label(wording.language), approach_label(wording.approach)
    return f"{wording.template.name} · {language} · {approach}"


def refusal_words(refusal: MailingRefused) -> str:
    """Why a mailing stays as it is, and which of its wordings are the reason."""
    return " ".join([str(REFUSALS[refusal.reason]), "; ".join(map(wording_name, refusal.wordings))]).strip()


def departure_label(schedule: Schedule, now: datetime) -> str:
    """When letters leave that are approved at `now`; nothing where that is at once."""
    if schedule.asks_nothing or schedule.has_passed(now):
        return ""
    if not schedule.readers_zone:
        moment = schedule.moment(None, now)
        return minute(moment) if moment > now else ""
    if schedule.day is None:
        return str(gettext("in office hours on each reader's clock"))
    day = minute(datetime.combine(schedule.day, schedule.time_of_day), rebase=False)
    return str(gettext("%(when)s on each reader's clock", when=day))


def lasting_label(duration: timedelta) -> str:
    """How long something takes, roughly."""
    return str(format_timedelta(duration, threshold=1.5))


def language_label(code: str) -> str:
    """The language's name in the reader's language."""
    return str(Locale.parse(code, sep="-").get_display_name(get_locale()) or code)


def letter_languages() -> list[tuple[str, str]]:
    """Code and name of every language a letter may be written in."""
    return sorted(((code, language_label(code)) for code in LANGUAGES), key=lambda pair: pair[1])


def direction_of(code: str) -> str:
    """`ltr` or `rtl`, for text in that language."""
    return str(Locale.parse(code, sep="-").text_direction)


def audience_words(whole: Audience, owners: dict[int, str]) -> list[str]:
    """Whom a filter means, one condition each; nothing for everybody."""
    audience = whole.targets
    said = [gettext("Contacts of the whole directory")] if whole.everyone else []
    if whole.unanswered is not None:
        said.append(
            ngettext(
                "No answer to an earlier mailing after %(num)d day",
                "No answer to an earlier mailing after %(num)d days",
                whole.days,
            )
        )
    if audience.owner is not None:
        owner = gettext("nobody yet") if audience.owner == NOBODY else owners.get(audience.owner, "?")
        said.append(gettext("Owner: %(owner)s", owner=owner))
    by_label: dict[str, list[str]] = {}
    for condition in audience.conditions():
        by_label.setdefault(condition.label, []).append(condition.value)
    return [*said, *(f"{label}: {format_list(values, 'or', get_locale())}" for label, values in by_label.items())]


def stance_choices() -> list[tuple[str, str]]:
    """Stances as the filter of an audience offers them: those that get one text together, then each by itself."""
    together = [(",".join(stances), str(_AUDIENCES[approach])) for approach, stances in STANCES_OF.items()]
    return [*together, *((stance.value, str(label)) for stance, label in STANCES.items())]
