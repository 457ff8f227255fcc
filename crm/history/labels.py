"""What the screens call kinds of interactions, and the words people begin with when they mean one."""

from __future__ import annotations

from flask_babel import lazy_gettext

from crm.history.models import InteractionKind
from crm.text import fold

KINDS = {
    InteractionKind.CALL: lazy_gettext("Call"),
    InteractionKind.MEETING: lazy_gettext("Meeting"),
    InteractionKind.LETTER: lazy_gettext("Letter or message of ours"),
    InteractionKind.REPLY: lazy_gettext("Reply of theirs"),
    InteractionKind.EVENT: lazy_gettext("Event"),
    InteractionKind.NOTE: lazy_gettext("Note"),
}
# The words that a line may begin with, comma-separated, in the reader's language.
_BEGINNINGS = {
    InteractionKind.CALL: lazy_gettext("call,called,phone,phoned,rang,telephoned,talked,spoke,spoken"),
    InteractionKind.MEETING: lazy_gettext("meeting,met,coffee,lunch,breakfast,dinner,visit,visited,saw"),
    InteractionKind.LETTER: lazy_gettext("letter,wrote,sent,email,e-mail,emailed,mail,mailed,message,messaged,texted"),
    InteractionKind.REPLY: lazy_gettext("reply,replied,answer,answered,response,responded,received"),
    InteractionKind.EVENT: lazy_gettext("event,hearing,conference,panel,workshop,reception,seminar,debate"),
    InteractionKind.NOTE: lazy_gettext("note,noted,idea,background,heard,fyi"),
}


def kind_label(kind: InteractionKind | str) -> str:
    """The kind in the reader's language; a stored value is understood too."""
    return str(KINDS[InteractionKind(kind)])


def beginnings() -> dict[InteractionKind, list[str]]:
    """For every kind, the words a line about one may begin with."""
    return {kind: [fold(word.strip()) for word in str(words).split(",")] for kind, words in _BEGINNINGS.items()}


def guess_kind(line: str) -> InteractionKind:
    """What a line is about by its first word; a note where that tells nothing."""
    words = line.split(maxsplit=1)
    first = fold(words[0].strip(".,:;!?()")) if words else ""
    return next((kind for kind, known in beginnings().items() if first in known), InteractionKind.NOTE)
