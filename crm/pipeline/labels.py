"""What the screens call stages, priorities and reasons, in the reader's language, and the tone of their badges."""

from __future__ import annotations

from flask_babel import lazy_gettext

from crm.pipeline.models import CloseReason, CommitmentState, Priority, Stage

STAGES = {
    Stage.IDENTIFIED: lazy_gettext("Identified"),
    Stage.CONTACTED: lazy_gettext("Contacted"),
    Stage.IN_DIALOGUE: lazy_gettext("In dialogue"),
    Stage.CONVINCED: lazy_gettext("Convinced"),
    Stage.COMMITTED: lazy_gettext("Committed"),
    Stage.DELIVERED: lazy_gettext("Delivered"),
    Stage.CLOSED: lazy_gettext("Closed"),
}
STAGE_TONES = {
    Stage.IDENTIFIED: "neutral",
    Stage.CONTACTED: "info",
    Stage.IN_DIALOGUE: "warn",
    Stage.CONVINCED: "good",
    Stage.COMMITTED: "good",
    Stage.DELIVERED: "strong",
    Stage.CLOSED: "neutral",
}
PRIORITIES = {
    Priority.HIGH: lazy_gettext("High"),
    Priority.NORMAL: lazy_gettext("Normal"),
    Priority.LOW: lazy_gettext("Low"),
}
CLOSE_REASONS = {
    CloseReason.DECLINED: lazy_gettext("Declined"),
    CloseReason.MANDATE_ENDED: lazy_gettext("Mandate ended"),
    CloseReason.NOT_RELEVANT: lazy_gettext("Not relevant"),
    CloseReason.DUPLICATE: lazy_gettext("Duplicate"),
}


COMMITMENT_STATES = {
    CommitmentState.OPEN: (lazy_gettext("Open"), "info"),
    CommitmentState.KEPT: (lazy_gettext("Kept"), "strong"),
    CommitmentState.BROKEN: (lazy_gettext("Broken"), "bad"),
}


def stage_label(stage: Stage | str) -> str:
    """The stage in the reader's language; a stored value is understood too."""
    return str(STAGES[Stage(stage)])


def stage_tone(stage: Stage | str) -> str:
    """The tone of the stage's badge."""
    return STAGE_TONES[Stage(stage)]


def priority_label(priority: Priority) -> str:
    """The priority in the reader's language."""
    return str(PRIORITIES[priority])


def close_reason_label(reason: CloseReason | str) -> str:
    """Why a target was closed, in the reader's language; a stored value is understood too."""
    return str(CLOSE_REASONS[CloseReason(reason)])


def commitment_label(state: CommitmentState | str) -> str:
    """Whether a commitment was kept, in the reader's language; a stored value is understood too."""
    return str(COMMITMENT_STATES[CommitmentState(state)][0])


def commitment_tone(state: CommitmentState | str) -> str:
    """The tone of its badge."""
    return COMMITMENT_STATES[CommitmentState(state)][1]
