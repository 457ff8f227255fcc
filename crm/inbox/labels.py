"""What readers ask for, in words of the screens."""

from __future__ import annotations

from flask_babel import lazy_gettext

from crm.inbox.models import RequestKind

REQUESTS = {
    RequestKind.NO_LETTERS: lazy_gettext("Wants no more letters"),
    RequestKind.OBJECTION: lazy_gettext("Objects to the use of their data"),
    RequestKind.CORRECTION: lazy_gettext("Asks for a correction"),
}
# What follows from each, and what is left to do.
CONSEQUENCES = {
    RequestKind.NO_LETTERS: lazy_gettext("Nothing is sent to that address any more. Nothing else is needed."),
    RequestKind.OBJECTION: lazy_gettext(
        "No mailing reaches them any more. Stop pursuing them: close the targets, and take their data out where the "
        "law asks for it."
    ),
    RequestKind.CORRECTION: lazy_gettext("Correct what is wrong on their page, then say that it is done."),
}
