"""The tables of the pipeline and their rules: campaigns, targets with their moves, commitments, bulk changes."""

from crm.pipeline.models.bulk import ALLOWED_STATES, ChangeState, TargetAction, TargetChange
from crm.pipeline.models.campaigns import Campaign, CampaignState, CampaignTreaty
from crm.pipeline.models.commitments import (
    ALLOWED_VERDICTS,
    LINK_LIFETIME,
    REMINDED_BEFORE,
    AnswerKind,
    Commitment,
    CommitmentAnswer,
    CommitmentLink,
    CommitmentState,
    CommitmentVerdict,
)
from crm.pipeline.models.targets import (
    ALLOWED_MOVES,
    GUARDED,
    IN_TOUCH,
    NO_NEXT_STEP,
    OPEN_STAGES,
    WON,
    CloseReason,
    Priority,
    Stage,
    StageMove,
    Target,
)

__all__ = [
    "ALLOWED_MOVES",
    "ALLOWED_STATES",
    "ALLOWED_VERDICTS",
    "GUARDED",
    "IN_TOUCH",
    "LINK_LIFETIME",
    "NO_NEXT_STEP",
    "OPEN_STAGES",
    "REMINDED_BEFORE",
    "WON",
    "AnswerKind",
    "Campaign",
    "CampaignState",
    "CampaignTreaty",
    "ChangeState",
    "CloseReason",
    "Commitment",
    "CommitmentAnswer",
    "CommitmentLink",
    "CommitmentState",
    "CommitmentVerdict",
    "Priority",
    "Stage",
    "StageMove",
    "Target",
    "TargetAction",
    "TargetChange",
]
