"""Screens of letters: the list, a letter's texts and their editor, a mailing's ledger, a letter's exact words."""

from crm.letters.views import (
    approval,
    follow_up,
    ledger,
    letter,
    lists,
    mailing,
    mailing_form,
    template,
    versions,
    wording,
)
from crm.letters.views.blueprint import blueprint

__all__ = [
    "approval",
    "blueprint",
    "follow_up",
    "ledger",
    "letter",
    "lists",
    "mailing",
    "mailing_form",
    "template",
    "versions",
    "wording",
]
