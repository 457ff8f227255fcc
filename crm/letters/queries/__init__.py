"""Reads of letters: templates with their wordings, mailings with their ledgers, and who may approve them."""

from crm.letters.queries.approvers import approvers, is_only_approver
from crm.letters.queries.mailings import (
    attachments_of,
    attachments_size,
    files_of,
    ledgers,
    mailings,
    mailings_being_planned,
    may_approve,
    wordings_of,
)
from crm.letters.queries.wordings import (
    first_language,
    newest_wording,
    newest_wordings,
    readers,
    templates,
    versions,
    wording_choices,
)

__all__ = [
    "approvers",
    "attachments_of",
    "attachments_size",
    "files_of",
    "first_language",
    "is_only_approver",
    "ledgers",
    "mailings",
    "mailings_being_planned",
    "may_approve",
    "newest_wording",
    "newest_wordings",
    "readers",
    "templates",
    "versions",
    "wording_choices",
    "wordings_of",
]
