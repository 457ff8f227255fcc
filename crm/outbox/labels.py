"""What the outbox's screens call its states and choices, in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext

from crm.outbox.actions import Decision
from crm.outbox.models import BatchState, MessageState, OutageReason, PauseReason

STATES = {
    MessageState.QUEUED: lazy_gettext("Waiting"),
    MessageState.CLAIMED: lazy_gettext("Leaving now"),
    MessageState.SENT: lazy_gettext("Sent"),
    MessageState.DEFERRED: lazy_gettext("Put off"),
    MessageState.FAILED: lazy_gettext("Failed"),
    MessageState.HELD: lazy_gettext("Held"),
    MessageState.CANCELLED: lazy_gettext("Cancelled"),
}
TONES = {
    MessageState.QUEUED: "neutral",
    MessageState.CLAIMED: "info",
    MessageState.SENT: "good",
    MessageState.DEFERRED: "caution",
    MessageState.FAILED: "bad",
    MessageState.HELD: "warn",
    MessageState.CANCELLED: "neutral",
}
BATCH_STATES = {
    BatchState.UNRELEASED: lazy_gettext("not released yet"),
    BatchState.RUNNING: lazy_gettext("running"),
    BatchState.PAUSED: lazy_gettext("paused"),
    BatchState.CANCELLED: lazy_gettext("cancelled"),
}
PAUSES = {
    PauseReason.LATE: lazy_gettext(
        "Paused: the time these letters were to leave was missed by more than half a day. Let them go on, or cancel."
    ),
    PauseReason.RESTORED: lazy_gettext(
        "Paused: the database was put back from a backup and does not know which letters have left since. "
        "Look into the mail server's log before you let them go on."
    ),
    PauseReason.MISSING_FILE: lazy_gettext(
        "Paused: a file that goes with these letters is gone. Restore it from a backup, then go on."
    ),
    PauseReason.ERRORS: lazy_gettext(
        "Paused: too many of the last letters failed or came back. See why before you let the others go on."
    ),
}
OUTAGES = {
    OutageReason.NO_SERVER: lazy_gettext("No mail server is set: MAIL_SERVER is empty."),
    OutageReason.UNREACHABLE: lazy_gettext("The mail server cannot be reached or hung up."),
    OutageReason.REFUSED: lazy_gettext("The mail server does not want to talk to us."),
    OutageReason.NOT_TRUSTED: lazy_gettext("The mail server could not prove who it is."),
    OutageReason.LOGIN_REFUSED: lazy_gettext("The mail server refused our user name and password."),
    OutageReason.KEY_CHANGED: lazy_gettext(
        "SECRET_KEY was changed, so nobody can tell which addresses must not be written to. Set the old one again."
    ),
    OutageReason.NO_SIGNING_KEY: lazy_gettext("Letters are to be signed (DKIM), and the key for it cannot be used."),
}
DECISIONS = {
    Decision.ARRIVED: lazy_gettext("It arrived"),
    Decision.SEND_AGAIN: lazy_gettext("Send again"),
    Decision.GIVE_UP: lazy_gettext("Give up"),
}
