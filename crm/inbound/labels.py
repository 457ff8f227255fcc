"""Received mail, in words of the screens."""

from __future__ import annotations

from flask_babel import lazy_gettext

from crm.inbound.models import Fault, InboundState

STATES = {
    InboundState.WAITING: lazy_gettext("Not looked at yet"),
    InboundState.MATCHED: lazy_gettext("In its place"),
    InboundState.UNMATCHED: lazy_gettext("For somebody to look at"),
    InboundState.SET_ASIDE: lazy_gettext("Set aside"),
    InboundState.DISMISSED: lazy_gettext("Dismissed"),
}
TONES = {
    InboundState.WAITING: "info",
    InboundState.MATCHED: "good",
    InboundState.UNMATCHED: "warn",
    InboundState.SET_ASIDE: "bad",
    InboundState.DISMISSED: "neutral",
}
FAULTS = {
    Fault.TOO_LARGE: lazy_gettext("It is larger than is taken in: only its beginning was kept."),
    Fault.NO_MAIL: lazy_gettext("It has no header: this is no e-mail."),
    Fault.FORGED: lazy_gettext("It came to an address that names one of our letters, but that we did not sign."),
    Fault.UNREADABLE: lazy_gettext("It could not be read."),
    Fault.KILLED_WORKER: lazy_gettext("The worker died of it, several times."),
}
