"""Writes of letters: templates and their wordings, and what people decide about a mailing."""

from crm.letters.actions.letters import LetterRefused, edit_letter, send_test, words_to_edit
from crm.letters.actions.mailings import (
    BATCH_KIND,
    MailingRefused,
    MailingText,
    approve_mailing,
    cancel_mailing,
    create_mailing,
    files_limit,
    pause_mailing,
    plan_mailing,
    resume_mailing,
    update_mailing,
)
from crm.letters.actions.wordings import NameTaken, WordingChanged, create_template, rename_template, write_wording

__all__ = [
    "BATCH_KIND",
    "LetterRefused",
    "MailingRefused",
    "MailingText",
    "NameTaken",
    "WordingChanged",
    "approve_mailing",
    "cancel_mailing",
    "create_mailing",
    "create_template",
    "edit_letter",
    "files_limit",
    "pause_mailing",
    "plan_mailing",
    "rename_template",
    "resume_mailing",
    "send_test",
    "update_mailing",
    "words_to_edit",
    "write_wording",
]
