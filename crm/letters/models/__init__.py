"""Tables of letters: templates with their wordings, mailings with their letters."""

from crm.letters.models.mailings import (
    ALLOWED_MOVES,
    Ledger,
    Letter,
    Mailing,
    MailingState,
    SkipReason,
    Standing,
    standing_of,
)
from crm.letters.models.wordings import (
    APPROACH_TO,
    Approach,
    LetterTemplate,
    Wording,
    WordingDraft,
    Wordings,
    pick_wording,
)

__all__ = [
    "ALLOWED_MOVES",
    "APPROACH_TO",
    "Approach",
    "Ledger",
    "Letter",
    "LetterTemplate",
    "Mailing",
    "MailingState",
    "SkipReason",
    "Standing",
    "Wording",
    "WordingDraft",
    "Wordings",
    "pick_wording",
    "standing_of",
]
