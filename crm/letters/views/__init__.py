"""Screens of letters: the list, a letter's texts and their editor, a mailing's ledger, a letter's exact words."""

from crm.letters.views import (
    approval,
    follow_up,
    ledger,
    letter,
    lists,
    mailing,
    mailing_form,
    rescheduling,
    template,
    versions,
    wording,
)
from crm.letters.views.blueprint import blueprint, page_of_batch

__all__ = [
    "approval",
    "blueprint",
    "follow_up",
    "ledger",
    "letter",
    "lists",
    "mailing",
    "mailing_form",
    "page_of_batch",
    "rescheduling",
    "template",
    "versions",
    "wording",
]
