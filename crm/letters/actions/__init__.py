"""Writes of letters: templates and their wordings, and what people decide about a mailing."""

from crm.letters.actions.approval import (
    approve_mailing,
    hand_in,
    look_again,
    open_letter,
    send_back,
)
from crm.letters.actions.copying import copy_templates
from crm.letters.actions.leaving_out import leave_out_letter, leave_out_letters_with, take_in_letter
from crm.letters.actions.letters import LetterRefused, edit_letter, send_test, words_to_edit
from crm.letters.actions.mailings import (
    BATCH_KIND,
    MailingRefused,
    MailingText,
    cancel_mailing,
    create_mailing,
    files_limit,
    pause_mailing,
    plan_mailing,
    resume_mailing,
    set_pace,
    update_mailing,
)
from crm.letters.actions.rescheduling import reschedule, take_approval_back
from crm.letters.actions.starting import hold_starts, start
from crm.letters.actions.wordings import (
    ApprovalRefused,
    NameTaken,
    Typed,
    WordingChanged,
    approve_wording,
    create_template,
    describe_template,
    discard_draft,
    keep_draft,
    may_approve_wording,
    write_wording,
)

__all__ = [
    "BATCH_KIND",
    "ApprovalRefused",
    "LetterRefused",
    "MailingRefused",
    "MailingText",
    "NameTaken",
    "Typed",
    "WordingChanged",
    "approve_mailing",
    "approve_wording",
    "cancel_mailing",
    "copy_templates",
    "create_mailing",
    "create_template",
    "describe_template",
    "discard_draft",
    "edit_letter",
    "files_limit",
    "hand_in",
    "hold_starts",
    "keep_draft",
    "leave_out_letter",
    "leave_out_letters_with",
    "look_again",
    "may_approve_wording",
    "open_letter",
    "pause_mailing",
    "plan_mailing",
    "reschedule",
    "resume_mailing",
    "send_back",
    "send_test",
    "set_pace",
    "start",
    "take_approval_back",
    "take_in_letter",
    "update_mailing",
    "words_to_edit",
    "write_wording",
]
