"""Tables of letters: templates with their wordings, mailings with their letters."""

from crm.letters.models.letters import LanguageReason, Letter, LetterEdit, SkipReason
from crm.letters.models.mailings import (
    ALLOWED_MOVES,
    Ledger,
    Mailing,
    MailingAttachment,
    MailingState,
    MailingWording,
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
    "LanguageReason",
    "Ledger",
    "Letter",
    "LetterEdit",
    "LetterTemplate",
    "Mailing",
    "MailingAttachment",
    "MailingState",
    "MailingWording",
    "SkipReason",
    "Standing",
    "Wording",
    "WordingDraft",
    "Wordings",
    "pick_wording",
    "standing_of",
]
