"""What the screens call what the check found in letters, and what is to be done about it."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from crm.letters.labels import language_label
from crm.letters.models import FindingCode, Severity
from crm.letters.queries import Ground

# What it is, and what to do.
FINDINGS = {
    FindingCode.PLACEHOLDER_LEFT: (
        lazy_gettext("A placeholder stands in the words as it is"),
        lazy_gettext("Edit these letters, or leave them out."),
    ),
    FindingCode.EMPTY_VALUE: (
        lazy_gettext("The value of a placeholder says nothing"),
        lazy_gettext("Edit these letters, or leave them out."),
    ),
    FindingCode.EMPTY_TEXT: (
        lazy_gettext("The subject or the text part is empty"),
        lazy_gettext("Write the letter, or leave it out: many mail programs show the text part alone."),
    ),
    FindingCode.BROKEN_LINK: (
        lazy_gettext("A link leads nowhere"),
        lazy_gettext("Mend the address in the text and plan the mailing anew, or edit these letters."),
    ),
    FindingCode.OUTDATED_POST: (
        lazy_gettext("The mandate has ended since the letters were planned"),
        lazy_gettext("Leave them out: the letter addresses an office they hold no more."),
    ),
    FindingCode.OLD_ADDRESS: (
        lazy_gettext("The address is out of use since the letters were planned"),
        lazy_gettext("Leave them out, and write to the new address in another mailing."),
    ),
    FindingCode.THANKS_OPPONENT: (
        lazy_gettext("It thanks somebody who is against"),
        lazy_gettext("Leave them out, or edit these letters so that they fit."),
    ),
    FindingCode.UNAPPROVED_TEXT: (
        lazy_gettext("Nobody has approved the text"),
        lazy_gettext("A second person reads the text and approves it; nothing is planned anew."),
    ),
    FindingCode.WRONG_LANGUAGE: (
        lazy_gettext("The text is in another language than it is said to be"),
        lazy_gettext("Look whether the texts of two languages were mixed up."),
    ),
    FindingCode.ASKS_SUPPORTER: (
        lazy_gettext("It asks for what they support, have promised or have done already"),
        lazy_gettext("A letter of thanks may fit them better."),
    ),
    FindingCode.ODD_VALUE: (
        lazy_gettext("The value of a placeholder is odd"),
        lazy_gettext("Correct the contact for the next time; edit the letter for this one."),
    ),
    FindingCode.ODD_TEXT: (
        lazy_gettext("Something looks like a slip"),
        lazy_gettext("A gap, a bracket that does not close, or a note to oneself."),
    ),
    FindingCode.SAME_AS_LAST: (
        lazy_gettext("It says nearly the same as the last letter they got"),
        lazy_gettext("Who gets the same letter twice remembers that, and not what it says."),
    ),
    FindingCode.TOO_MANY_ALIKE: (
        lazy_gettext("Very many letters alike go to one institution"),
        lazy_gettext(
            "Mail servers of parliaments hold back floods of one letter, so these leave slowly: the mailing's page "
            "says how long they take. Vary the letter, or write to fewer people."
        ),
    ),
}
_SEVERITIES = {
    Severity.BLOCKER: (lazy_gettext("Keeps the mailing from leaving"), "bad"),
    Severity.WARNING: (lazy_gettext("To be read"), "warn"),
}
_GROUNDS = {
    Ground.TEXT: lazy_gettext("says this text"),
    Ground.EDITED: lazy_gettext("edited by hand"),
}


def finding_label(code: FindingCode) -> str:
    """What is wrong."""
    return str(FINDINGS[code][0])


def finding_hint(code: FindingCode) -> str:
    """What to do about it."""
    return str(FINDINGS[code][1])


def finding_detail(row: Any) -> str:
    """The place or the value, of a row with `code` and `detail`; a language by its name."""
    return language_label(row.detail) if row.code is FindingCode.WRONG_LANGUAGE and row.detail else str(row.detail)


def severity_label(severity: Severity) -> str:
    """What a finding does."""
    return str(_SEVERITIES[severity][0])


def severity_tone(severity: Severity) -> str:
    """The tone of its badge."""
    return _SEVERITIES[severity][1]


def ground_label(ground: Ground) -> str:
    """Why a letter is in the sample."""
    return str(_GROUNDS[ground])
