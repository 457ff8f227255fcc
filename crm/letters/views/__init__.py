"""Screens of letters: the list, a letter's texts and their editor, a mailing's ledger, a letter's exact words."""

from crm.letters.views import follow_up, ledger, letter, lists, mailing, mailing_form, template, versions, wording
from crm.letters.views.blueprint import blueprint

__all__ = [
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
