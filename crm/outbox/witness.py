"""What this host remembers of the database, beside it: a copy put back from a backup shows by knowing less."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from crm.extensions import db
from crm.outbox.models import MessageState, OutgoingMessage

logger = logging.getLogger(__name__)


def last_sent() -> datetime | None:
    """When the letter was sent that was sent last, as the database has it; one look at an index."""
    moment = OutgoingMessage.finished_at
    return db.session.scalar(
        sa.select(sa.func.max(moment, type_=moment.type)).where(OutgoingMessage.state == MessageState.SENT)
    )


class Witness:
    """A file of the data folder, with the last moment a letter is known to have been sent, and in which database.

    What is remembered must be on disk in the database first: `remember` comes after a commit that waited for it, of
    what was read before that commit. Else a power cut would look like a restored copy.
    """

    def __init__(self, folder: Path, database_url: str) -> None:
        self.path = folder / "last-sent.json"
        self.database = hashlib.sha256(database_url.encode()).hexdigest()[:16]
        self.known = self._read()

    def _read(self) -> datetime | None:
        try:
            kept = json.loads(self.path.read_text())
            return datetime.fromisoformat(kept["at"]) if kept["database"] == self.database else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # nothing is remembered yet, or nobody can read it

    def contradicts(self, at: datetime | None) -> bool:
        """Whether letters were sent after the last one that the database knows of."""
        return self.known is not None and (at is None or at < self.known)

    def remember(self, at: datetime | None) -> None:
        """Keep what the database knows, and is on disk there. Letters leave also where the folder takes nothing."""
        if at == self.known:
            return
        self.known = at
        try:
            if at is None:
                self.path.unlink(missing_ok=True)
                return
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps({"database": self.database, "at": at.isoformat()}))
            fresh.replace(self.path)
        except OSError as error:
            logger.warning("a restored copy would not be recognised: %s", error)
