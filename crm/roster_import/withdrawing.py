"""Taking back what an import has written: looked through first, then undone in parts, so that others get to write."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from crm.audit.actions import Refusal, UndoRefused
from crm.audit.parts import Taken, check, how_many, release, take_back
from crm.extensions import db
from crm.roster_import import undoing
from crm.roster_import.leases import Lease
from crm.roster_import.models import WITHDRAWN, Import
from crm.roster_import.progress import Phase
from crm.unit_of_work import unit_of_work

Report = Callable[[Phase, int, int], None]


class Withdrawal:
    """The change set of an import on its way back; whoever takes the work up goes on where it stopped.

    `Import.survey["withdrawn"]` has how far it is: `taken`, and, where somebody has changed a contact meanwhile and all
    has to be put back, `returned`; each the id of the change set that does it and of its last change.
    """

    def __init__(self, lease: Lease, change_set_id: int, report: Report, *, seconds: float, pause: float) -> None:
        self._lease = lease
        self._change_set_id = change_set_id
        self._report = report
        self._seconds = seconds
        self._pause = pause

    def run(self) -> None:
        """Take all of it back. Raises UndoRefused, and nothing was then; MoveRefused where others are at it."""
        refused = UndoRefused(Refusal.CHANGED)
        taken = self._kept("taken")
        if self._kept("returned") is None:
            try:
                check(self._change_set_id, self._beating(Phase.CHECKED), taken)
                self._in_parts("taken", self._change_set_id)
            except UndoRefused as error:
                refused, taken = error, self._kept("taken")
            else:
                return
        if taken is not None:
            self._return(taken)
        raise refused

    def _return(self, taken: Taken) -> None:
        """Put back what was taken, because the rest has to stay."""
        self._in_parts("returned", taken.by)
        with unit_of_work(undoing.WITHDRAW, actor=self._lease.actor):
            self._lease.renew()
            release(taken)
            undoing.return_to_timelines(self._lease.import_id)
            self._keep(None)

    def _beating(self, phase: Phase) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            self._report(phase, done, total)
            self._lease.beat()

        return tell

    def _in_parts(self, name: str, change_set_id: int) -> None:
        taken = self._kept(name)
        total, done = how_many(change_set_id, taken.down_to if taken else None), 0
        while taken is None or not taken.is_all:
            with unit_of_work(undoing.WITHDRAW, actor=self._lease.actor):
                # First, because it locks: nobody else can be at it before the end of the part.
                self._lease.renew()
                taken, more = take_back(change_set_id, taken, self._seconds)
                self._keep({**self._survey(), name: {"by": taken.by, "down_to": taken.down_to}})
            done += more
            self._report(Phase.UNDONE, done, total)
            if not taken.is_all:
                time.sleep(self._pause)

    def _survey(self) -> dict[str, Any]:
        found: dict[str, Any] = db.session.get_one(Import, self._lease.import_id).survey.get(WITHDRAWN) or {}
        return found

    def _kept(self, name: str) -> Taken | None:
        found = self._survey().get(name)
        return Taken(found["by"], found["down_to"]) if found else None

    def _keep(self, withdrawn: dict[str, Any] | None) -> None:
        found = db.session.get_one(Import, self._lease.import_id)
        rest = {name: value for name, value in found.survey.items() if name != WITHDRAWN}
        found.survey = rest if withdrawn is None else {**rest, WITHDRAWN: withdrawn}
        db.session.flush()
