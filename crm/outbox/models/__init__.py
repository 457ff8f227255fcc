"""The outbox: batches of letters with their whole delivery record, leases on them, suppressed addresses, outages."""

from crm.outbox.models.batches import (
    BATCH_MOVES,
    IN_FLIGHT,
    MESSAGE_MOVES,
    WAITING,
    Batch,
    BatchState,
    Enclosure,
    MessageState,
    PauseReason,
    Priority,
    movable,
    sources_of,
)
from crm.outbox.models.messages import (
    Lease,
    OutgoingMessage,
    Receipt,
)
from crm.outbox.models.paces import OpenConnection, Pace
from crm.outbox.models.returns import (
    Bounce,
    BounceKind,
    Outage,
    OutageReason,
    Suppression,
    SuppressionReason,
)

__all__ = [
    "BATCH_MOVES",
    "IN_FLIGHT",
    "MESSAGE_MOVES",
    "WAITING",
    "Batch",
    "BatchState",
    "Bounce",
    "BounceKind",
    "Enclosure",
    "Lease",
    "MessageState",
    "OpenConnection",
    "Outage",
    "OutageReason",
    "OutgoingMessage",
    "Pace",
    "PauseReason",
    "Priority",
    "Receipt",
    "Suppression",
    "SuppressionReason",
    "movable",
    "sources_of",
]
