"""Tables of letters: templates with their wordings, mailings with their letters."""

from crm.letters.models.findings import (
    DETAIL_LENGTH,
    OF_READERS,
    OF_STANCES,
    FindingCode,
    LetterFinding,
    LetterReading,
    MailingReturn,
    Severity,
)
from crm.letters.models.letters import LanguageReason, Letter, LetterEdit, SkipReason
from crm.letters.models.mailings import (
    ALLOWED_MOVES,
    BEFORE_APPROVAL,
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
    "BEFORE_APPROVAL",
    "DETAIL_LENGTH",
    "OF_READERS",
    "OF_STANCES",
    "Approach",
    "FindingCode",
    "LanguageReason",
    "Ledger",
    "Letter",
    "LetterEdit",
    "LetterFinding",
    "LetterReading",
    "LetterTemplate",
    "Mailing",
    "MailingAttachment",
    "MailingReturn",
    "MailingState",
    "MailingWording",
    "Severity",
    "SkipReason",
    "Standing",
    "Wording",
    "WordingDraft",
    "Wordings",
    "pick_wording",
    "standing_of",
]
