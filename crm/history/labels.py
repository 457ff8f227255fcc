"""What the screens call kinds of interactions, and the words by which a line tells that it means one."""

from __future__ import annotations

from typing import Any

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
# What is said once one is logged.
_LOGGED = {
    InteractionKind.CALL: lazy_gettext("Logged: call with %(who)s."),
    InteractionKind.MEETING: lazy_gettext("Logged: meeting with %(who)s."),
    InteractionKind.LETTER: lazy_gettext("Logged: letter or message to %(who)s."),
    InteractionKind.REPLY: lazy_gettext("Logged: reply of %(who)s."),
    InteractionKind.EVENT: lazy_gettext("Logged: event with %(who)s."),
    InteractionKind.NOTE: lazy_gettext("Logged: note on %(who)s."),
}
# The words that tell a kind, comma-separated, in the reader's language.
_BEGINNINGS = {
    InteractionKind.CALL: lazy_gettext(
        "call,called,phone,phoned,telephone,telephoned,rang,talk,talked,spoke,spoken,chat,chatted,video"
    ),
    InteractionKind.MEETING: lazy_gettext("meeting,met,coffee,lunch,breakfast,dinner,visit,visited,saw"),
    InteractionKind.LETTER: lazy_gettext("letter,wrote,sent,email,e-mail,emailed,mail,mailed,message,messaged,texted"),
    InteractionKind.REPLY: lazy_gettext("reply,replied,answer,answered,response,responded,received"),
    InteractionKind.EVENT: lazy_gettext("event,hearing,conference,panel,workshop,reception,seminar,debate"),
    InteractionKind.NOTE: lazy_gettext("note,noted,idea,background,heard,fyi"),
}
# What may stand before them, such as “Had a short”.
_SMALL_WORDS = lazy_gettext(
    "a,an,the,i,we,he,she,they,had,have,has,just,now,today,yesterday,this,morning,afternoon,evening,our,my,another,"
    "short,quick,brief,long,good,great,nice,friendly,very,first,second,by,on,at,over,during,him,them"
)
# A line tells its kind early, or not at all.
_WORDS_READ = 6


def kind_label(kind: InteractionKind | str) -> str:
    """The kind in the reader's language; a stored value is understood too."""
    return str(KINDS[InteractionKind(kind)])


def beginnings() -> dict[InteractionKind, list[str]]:
    """For every kind, the words that tell it."""
    return {kind: _listed(words) for kind, words in _BEGINNINGS.items()}


def small_words() -> list[str]:
    """The words that may stand before one that tells a kind."""
    return _listed(_SMALL_WORDS)


def _listed(words: Any) -> list[str]:
    return [fold(word.strip()) for word in str(words).split(",")]


def guess_kind(line: str) -> InteractionKind:
    """What a line is about by its first words, small ones aside; a note where they tell nothing.

    The script of the form (`static/log.js`) reads the same lists in the same way, to show it while one types.
    """
    kinds, small = beginnings(), small_words()
    for word in map(fold, line.split()[:_WORDS_READ]):
        kind = next((kind for kind, known in kinds.items() if word in known), None)
        if kind is not None:
            return kind
        if word and word not in small:
            break
    return InteractionKind.NOTE


def logged_text(kind: InteractionKind, who: str) -> str:
    """That one was logged, with whom."""
    return str(_LOGGED[kind]) % {"who": who}
