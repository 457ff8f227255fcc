"""The letters of the kill test: how they are posted, how many are not at an end, and what became of each."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from crm.extensions import db
from crm.outbox.actions import Draft, open_batch, post, release, suppress
from crm.outbox.models import MessageState, OutgoingMessage, SuppressionReason
from crm.outbox.reasons import Reason
from crm.outbox.tallies import recount
from crm.unit_of_work import unit_of_work
from tests.servers.processes import PromiseBroken, ServerLog

FINAL = {MessageState.SENT, MessageState.FAILED, MessageState.HELD, MessageState.CANCELLED}
# One letter in a hundred goes to somebody the server does not know, another to somebody who is suppressed.
REFUSED, SUPPRESSED = 17, 53


def _draft(number: int) -> Draft:
    kind = {REFUSED: "refused", SUPPRESSED: "suppressed"}.get(number % 100, "member")
    return Draft(
        reference=f"letter:{number}",
        to_address=f"{kind}{number}@parliament.example",
        to_name=f"Membre n° {number} Ελλάδα",
        subject=f"Ratification № {number}",
        text=f"Dear member {number},\n\nplease ratify.\n" * 5,
        html=f"<p>Dear member {number},</p><p>please ratify.</p>" * 5,
        one_click_unsubscribe=True,
    )


def post_letters(count: int) -> None:
    """Post so many letters in one batch, and release it."""
    if db.session.scalar(sa.select(sa.exists().where(OutgoingMessage.id.is_not(None)))):
        raise PromiseBroken("this database already has letters: give the kill test one of its own")
    with unit_of_work("post letters", actor="command:kill-test"):
        batch = open_batch("kill-test", "kill-test")
        for start in range(0, count, 1000):
            post(batch.id, [_draft(number) for number in range(start, min(start + 1000, count))])
        for number in range(SUPPRESSED, count, 100):
            suppress(f"suppressed{number}@parliament.example", SuppressionReason.BY_HAND)
        release(batch.id)


def unfinished() -> int:
    """How many letters have not come to an end."""
    on_the_way = OutgoingMessage.state.in_(set(MessageState) - FINAL)
    # A connection of its own: a reader that stays holds SQLite's log of writes back, which then fills the disk.
    with db.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(on_the_way)) or 0


def accounts(log: ServerLog) -> dict[str, int]:
    """Every letter accounted for, by the database on one side and the server's own log on the other."""
    log.read()
    message = OutgoingMessage
    rows = db.session.execute(sa.select(message.message_id_header, message.state, message.reason)).all()
    states = Counter(row.state for row in rows)
    taken = log.letters
    held = [row for row in rows if row.state is MessageState.HELD]
    with unit_of_work("recount", actor="test"):
        miscounted = len(recount())
    return {
        "letters": len(rows),
        "server_received": len(taken),
        "duplicates": sum(taken.values()) - len(taken),
        "lost": sum(1 for row in rows if row.message_id_header not in taken and row.state not in FINAL),
        "false_sent": sum(1 for row in rows if row.message_id_header not in taken and row.state is MessageState.SENT),
        "held": len(held),
        "held_arrived": sum(1 for row in held if row.message_id_header in taken),
        "held_by_power_cut": sum(1 for row in held if row.reason is Reason.DATABASE_CRASHED),
        "sent": states[MessageState.SENT],
        "failed": states[MessageState.FAILED],
        "cancelled": states[MessageState.CANCELLED],
        "miscounted_batches": miscounted,
    }
