"""What the desk worker does with duplicates: proposing them after imports and edits."""

from __future__ import annotations

from crm.duplicates.search import search
from crm.job_queue import DESK, background


@background(DESK, timeout=3600, catches_up=True)
def propose_duplicates() -> None:
    """Look for duplicates of whoever has changed since the last time; of everybody, the first time."""
    search()
