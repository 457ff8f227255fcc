"""Received mail, in words of the screens."""

from __future__ import annotations

from flask_babel import lazy_gettext

from crm.inbound.models import Fault, InboundState, Match
from crm.inbound.queries import Likeness

STATES = {
    InboundState.WAITING: lazy_gettext("Not looked at yet"),
    InboundState.MATCHED: lazy_gettext("In its place"),
    InboundState.UNMATCHED: lazy_gettext("For somebody to look at"),
    InboundState.SET_ASIDE: lazy_gettext("Set aside"),
    InboundState.DISMISSED: lazy_gettext("Not for us"),
    InboundState.DUPLICATE: lazy_gettext("Came twice"),
    InboundState.TO_MANY: lazy_gettext("Sent to many"),
}
TONES = {
    InboundState.WAITING: "info",
    InboundState.MATCHED: "good",
    InboundState.UNMATCHED: "warn",
    InboundState.SET_ASIDE: "bad",
    InboundState.DISMISSED: "neutral",
    InboundState.DUPLICATE: "neutral",
    InboundState.TO_MANY: "neutral",
}
FAULTS = {
    Fault.TOO_LARGE: lazy_gettext("It is larger than is taken in: only its beginning was kept."),
    Fault.NO_MAIL: lazy_gettext("It has no header: this is no e-mail."),
    Fault.FORGED: lazy_gettext("It came to an address that names one of our letters, but that we did not sign."),
    Fault.UNREADABLE: lazy_gettext("It could not be read."),
    Fault.KILLED_WORKER: lazy_gettext("The worker died of it, several times."),
}
MATCHES = {
    Match.SIGNED: lazy_gettext("It came to the address that our letter asks answers to."),
    Match.REFERENCE: lazy_gettext("It answers a letter of ours."),
    Match.SENDER: lazy_gettext("Nobody else among the contacts has this address."),
    Match.HAND: lazy_gettext("One of us said so."),
}
LIKENESSES = {
    Likeness.ADDRESS: lazy_gettext("has this address"),
    Likeness.NAME: lazy_gettext("is called so"),
    Likeness.HOUSE: lazy_gettext("has an address there too"),
}
