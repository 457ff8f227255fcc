"""What the desk worker does with imports: reading, applying and undoing those that were asked for."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta

from flask_babel import gettext
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import OperationalError

from crm import clock, i18n
from crm.audit.actions import Refusal, UndoRefused
from crm.extensions import db
from crm.job_queue import DESK, background
from crm.roster_import import actions, leases, progress, uploads, works
from crm.roster_import.leases import GivenUp, take_up
from crm.roster_import.models import NAMED, WITHDRAWN, Import, ImportState
from crm.roster_import.queries import waiting_imports, zone_of
from crm.roster_import.records import Item, UnreadableRoster
from crm.roster_import.spool import Spool
from crm.roster_import.staging import Layout, layout_of, read_heading
from crm.roster_import.undoing import contacts_of
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"
# A command that still compares a file of its own is not given up before this.
_A_COMMANDS_TIME = timedelta(hours=6)

# Of PostgreSQL's error codes: lost connections, deadlocks, a server that stops or starts, a lock not to be had.
_PASSING_STATES = ("08", "40", "57P", "55P03")


def _may_pass(error: OperationalError) -> bool:
    """Whether the database was away or locked; any other failure would come again with every try."""
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the error, the rest says more of it.
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    # A server that cannot be reached gives no code.
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(_PASSING_STATES)


def _reporter(wanted: Import) -> works.Report:
    import_id = wanted.id
    # What another worker tells of its work is left standing.
    if leases.is_free(wanted):
        progress.forget(import_id)
    return lambda phase, done, total: progress.report(import_id, phase, done, total)


def _actor(user_id: int | None) -> str:
    return f"user:{user_id}" if user_id else ACTOR


def _work(import_id: int, work: Callable[[Import], None], give_up: Callable[[str], object]) -> None:
    """Do a long work on one import; where it fails for good, `give_up` says so on the import, in its reader's words."""
    try:
        work(db.session.get_one(Import, import_id))
    except actions.MoveRefused as refusal:
        logger.info("import %s is %s: nothing to do", import_id, refusal.state)
    except GivenUp:
        logger.warning("import %s was begun too often and never finished", import_id)
        give_up(
            gettext(
                "It was begun several times and never finished: the worker was stopped each time, or ran out of "
                "memory. Try again, or split the file into smaller ones."
            )
        )
    except Exception as error:
        if isinstance(error, OperationalError) and _may_pass(error):
            # The import stays on the list, and the sweep rings again.
            raise
        give_up(gettext("It failed and was rolled back; the log of the worker has more."))
        raise


def _settling(settle: Callable[[str], None]) -> Callable[[str], None]:
    def give_up(problem: str) -> None:
        with unit_of_work("give up import", actor=ACTOR):
            settle(problem)

    return give_up


@background(DESK, timeout=3600)
def read_queued(import_id: int) -> None:
    """Read one file and compare it with the directory; a table whose columns nobody knows waits for a person."""
    _work(import_id, _read, _settling(lambda problem: actions.cannot_read(import_id, problem)))


def _read(wanted: Import) -> None:
    import_id, asked, file_name, stored_name = wanted.id, wanted.asked, wanted.file_name, wanted.stored_name
    today = i18n.today(zone_of(wanted.user_id))
    if stored_name is None:
        if clock.now() - wanted.state_since > _A_COMMANDS_TIME:
            with unit_of_work("give up import", actor=ACTOR):
                actions.discard(import_id)
        return
    tell = _reporter(wanted)
    with unit_of_work("take up import", actor=ACTOR):
        lease = take_up(import_id, ImportState.READING, actor=ACTOR)
    layout: Layout | None = None
    try:
        with uploads.in_utf8(uploads.stored_path(stored_name), asked.get("encoding")) as path, Spool[Item]() as lines:
            layout = layout_of(path, file_name, asked.get("columns"))
            if layout is not None and not layout.is_settled:
                with unit_of_work("ask for mapping", actor=ACTOR):
                    actions.ask_for_mapping(import_id, layout)
                return
            as_of = date.fromisoformat(asked["as_of"]) if asked.get("as_of") else None
            heading = read_heading(
                path,
                file_name,
                as_of=as_of,
                complete=asked.get("complete"),
                fields=asked.get("columns"),
                keep=lines,
                today=today,
                institutions=asked.get("institutions"),
            )
            works.compare(import_id, heading, actor=ACTOR, report=tell, lease=lease)
    except UnreadableRoster as error:
        with unit_of_work("refuse import", actor=ACTOR):
            actions.cannot_read(import_id, str(error), layout)
    except FileNotFoundError:
        with unit_of_work("refuse import", actor=ACTOR):
            actions.cannot_read(import_id, gettext("Its file is gone from this machine: upload it again."))


@background(DESK, timeout=3600)
def apply_queued(import_id: int) -> None:
    """Apply one import in the name of who asked for it; one that another worker has applied is left alone."""
    _work(import_id, _apply, lambda problem: works.refuse(import_id, problem, actor=ACTOR))


def _apply(wanted: Import) -> None:
    import_id, actor, report = wanted.id, _actor(wanted.user_id), _reporter(wanted)
    if WITHDRAWN in wanted.survey:
        # It had failed, and whoever took it back has died.
        if leases.is_free(wanted):
            works.refuse(import_id, wanted.problem, actor=ACTOR, report=report)
        return
    works.apply(import_id, actor=actor, report=report)


@background(DESK, timeout=3600)
def undo_queued(import_id: int) -> None:
    """Take back what one import has changed, in the name of who asked for it."""
    _work(import_id, _undo, _settling(lambda problem: actions.keep_applied(import_id, problem)))


def _undo(wanted: Import) -> None:
    import_id, actor = wanted.id, _actor(wanted.asked.get("undo_by"))
    changed = gettext(
        "It cannot be undone: contacts of this import have changed since. Take back on their pages what was "
        "changed, then undo the import again. Or keep it, and mend or delete single contacts."
    )
    words = {
        Refusal.CHANGED: changed,
        Refusal.GONE: changed,
        Refusal.NEEDED: gettext(
            "It cannot be undone: contacts of this import are targets or have letters by now. Take them out of "
            "campaigns first, then undo the import again. Or keep it, and mend or delete single contacts."
        ),
    }
    try:
        works.take_back(import_id, actor=actor, report=_reporter(wanted))
    except UndoRefused as refused:
        with unit_of_work("keep import", actor=ACTOR):
            problem = words.get(refused.reason, gettext("It was undone already."))
            # One more than are named, so that the page knows of others.
            actions.keep_applied(import_id, problem, contacts_of(refused.changes, NAMED + 1))


_WORKS: dict[ImportState, Callable[[int], None]] = {
    ImportState.READING: read_queued,
    ImportState.QUEUED: apply_queued,
    ImportState.APPLYING: apply_queued,
    ImportState.UNDOING: undo_queued,
}


@background(DESK, timeout=3600, catches_up=True)
def catch_up() -> None:
    """Do what was asked for and never finished, as after a crash or a restart of the queue server."""
    for import_id, state in waiting_imports():
        try:
            _WORKS[state](import_id)
        except JobTimeoutException:
            # The time was the whole job's: what is left is for the next sweep.
            raise
        except Exception:
            logger.exception("import %s failed; going on with the next", import_id)
