"""Why a letter is where it is: reason codes, and their words for the reader."""

from __future__ import annotations

from enum import StrEnum

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString


class Reason(StrEnum):
    """What decided a letter's state; the server's own words stand beside it."""

    SUPPRESSED = "suppressed"
    BATCH_CANCELLED = "batch_cancelled"
    LEFT_OUT = "left_out"
    OUTDATED = "outdated"
    RESTORED = "restored"
    BAD_ADDRESS = "bad_address"
    RESERVED_DOMAIN = "reserved_domain"
    NEEDS_SMTPUTF8 = "needs_smtputf8"
    NOT_COMPOSABLE = "not_composable"
    SENDER_REFUSED = "sender_refused"
    RECIPIENT_REFUSED = "recipient_refused"
    CONTENT_REFUSED = "content_refused"
    SERVER_BUSY = "server_busy"
    CONNECTION_LOST = "connection_lost"
    WAITS_ITS_TURN = "waits_its_turn"
    OFFICE_CLOSED = "office_closed"
    EXPIRED = "expired"
    NO_ANSWER = "no_answer"
    PROCESS_DIED = "process_died"
    DATABASE_CRASHED = "database_crashed"
    BOUNCED = "bounced"
    SAID_ARRIVED = "said_arrived"
    SAID_SEND_AGAIN = "said_send_again"
    SAID_GIVE_UP = "said_give_up"


EXPLANATIONS: dict[Reason, LazyString] = {
    Reason.SUPPRESSED: lazy_gettext("This address must not be written to."),
    Reason.BATCH_CANCELLED: lazy_gettext("The sending was cancelled before this letter left."),
    Reason.LEFT_OUT: lazy_gettext("Somebody left this letter out before the sending was approved."),
    Reason.OUTDATED: lazy_gettext("What is known of its reader had changed before this letter left."),
    Reason.RESTORED: lazy_gettext(
        "The database was restored from a copy, in which this letter still waited: its link was too old to send."
    ),
    Reason.BAD_ADDRESS: lazy_gettext("This is not an address mail can be sent to."),
    Reason.RESERVED_DOMAIN: lazy_gettext(
        "The address is made up for demonstrations and tests; it never goes to a real mail server."
    ),
    Reason.NEEDS_SMTPUTF8: lazy_gettext(
        "The address has letters outside ASCII before the @, and the mail server does not take such addresses."
    ),
    Reason.NOT_COMPOSABLE: lazy_gettext("The letter could not be put together as an e-mail."),
    Reason.SENDER_REFUSED: lazy_gettext("The mail server refused the sender."),
    Reason.RECIPIENT_REFUSED: lazy_gettext("The mail server refused the recipient."),
    Reason.CONTENT_REFUSED: lazy_gettext("The mail server refused the letter."),
    Reason.SERVER_BUSY: lazy_gettext("The mail server asked to try again later."),
    Reason.CONNECTION_LOST: lazy_gettext(
        "The mail server hung up before it had the whole letter; it will be sent again."
    ),
    Reason.WAITS_ITS_TURN: lazy_gettext("Many letters go to its domain, which takes so many at a time."),
    Reason.OFFICE_CLOSED: lazy_gettext("It leaves in its reader's office hours."),
    Reason.EXPIRED: lazy_gettext("The mail server kept asking to try later, for three days."),
    Reason.NO_ANSWER: lazy_gettext("The mail server had the whole letter but never said whether it took it."),
    Reason.PROCESS_DIED: lazy_gettext("The worker died while the letter was in the air."),
    Reason.DATABASE_CRASHED: lazy_gettext(
        "The machine or the database went down while this letter was about to leave."
    ),
    Reason.BOUNCED: lazy_gettext("The server took it, and then it came back."),
    Reason.SAID_ARRIVED: lazy_gettext("A person said that it arrived."),
    Reason.SAID_SEND_AGAIN: lazy_gettext("A person asked to send it again."),
    Reason.SAID_GIVE_UP: lazy_gettext("A person gave it up."),
}
