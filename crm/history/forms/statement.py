"""What somebody said in an interaction of ours, as a statement whose source that is."""

from __future__ import annotations

from crm.stances.forms import StatementForm


class StateForm(StatementForm):
    """A statement without a link or a file: its source is our own record."""

    source_url = None  # type: ignore[assignment]  # this is how a form of WTForms leaves a field out
    file = None  # type: ignore[assignment]
