"""Whose turn it is to work on an import: one worker's at a time, under a lease that it renews while it lives."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.roster_import.actions import MoveRefused, move
from crm.roster_import.models import MOST_ATTEMPTS, Import, ImportState
from crm.unit_of_work import unit_of_work

# After that, whoever held it is taken for dead.
LEASE = timedelta(minutes=2)
# Seconds between two renewals by a work that writes nothing meanwhile.
_BEAT = 20.0


class GivenUp(Exception):
    """The work was begun as often as is sensible and never came to an end."""


@dataclass
class Lease:
    """The right to work on an import, of whoever knows its token."""

    import_id: int
    token: str
    actor: str
    _renewed: float = field(default_factory=time.monotonic)

    def renew(self) -> None:
        """Prolong it in the running unit of work, which locks the import. Raises MoveRefused where it is lost."""
        renewed = db.session.execute(
            sa.update(Import)
            .where(Import.id == self.import_id, Import.lease_token == self.token)
            .values(lease_until=clock.now() + LEASE)
            .execution_options(synchronize_session="fetch")
        )
        if not renewed.rowcount:  # type: ignore[attr-defined]  # an update has one
            raise MoveRefused(db.session.get_one(Import, self.import_id).state)
        self._renewed = time.monotonic()

    def beat(self) -> None:
        """Prolong it now and then, outside of any unit of work. Raises MoveRefused where it is lost."""
        if time.monotonic() - self._renewed >= _BEAT:
            with unit_of_work("renew lease", actor=self.actor, durable=False):
                self.renew()


def take_up(import_id: int, state: ImportState, *, actor: str) -> Lease:
    """Begin, or go on with, the work of a state in the running unit of work.

    Raises MoveRefused where another worker is at it, and GivenUp where earlier ones never came to an end.
    """
    now = clock.now()
    token = secrets.token_hex(16)
    free = sa.or_(Import.lease_until.is_(None), Import.lease_until < now)
    move(import_id, state, free, attempts=Import.attempts + 1, lease_token=token, lease_until=now + LEASE)
    if db.session.get_one(Import, import_id).attempts > MOST_ATTEMPTS:
        raise GivenUp
    return Lease(import_id, token, actor)


def is_free(wanted: Import) -> bool:
    """Whether nobody is at work on an import, as far as the leases tell."""
    return wanted.lease_until is None or wanted.lease_until < clock.now()


def seize(import_id: int, *, actor: str) -> Lease:
    """Take the work over in the running unit of work from somebody who is known to have failed at it."""
    token = secrets.token_hex(16)
    values = {"lease_token": token, "lease_until": clock.now() + LEASE}
    db.session.execute(
        sa.update(Import).where(Import.id == import_id).values(values).execution_options(synchronize_session="fetch")
    )
    return Lease(import_id, token, actor)
