"""Screens of letters: the list, the template editor, a mailing with its ledger, a letter's exact words."""

from crm.letters.views import follow_up, letter, lists, mailing, mailing_form, template
from crm.letters.views.blueprint import blueprint

__all__ = ["blueprint", "follow_up", "letter", "lists", "mailing", "mailing_form", "template"]
