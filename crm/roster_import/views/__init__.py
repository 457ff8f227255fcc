"""Screens of imports: the list, an upload, the review of what a file would change, and the way back."""

from crm.roster_import.views import carrying_out, files, reading, review
from crm.roster_import.views.blueprint import blueprint

__all__ = ["blueprint", "carrying_out", "files", "reading", "review"]
