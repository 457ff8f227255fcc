"""What the desk worker does with exports: writing those that were asked for, removing old files."""

from __future__ import annotations

import logging

from rq.timeouts import JobTimeoutException

from crm.exports import actions
from crm.exports.ledgers import MAILING, rows_wanted, write_ledger_sheet
from crm.exports.list_columns import read_columns
from crm.exports.models import Export
from crm.exports.queries import COLUMNS_OF_LIST, contact_ids, expired_exports, unfinished_exports
from crm.exports.writing import write_file
from crm.extensions import db
from crm.job_queue import DESK, background
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"
# Progress is written at most so often, in contacts or rows.
_STEP = 2000


@background(DESK, timeout=3600)
def prepare(export_id: int) -> None:
    """Write the file of one export; one that is ready is left alone."""
    asked = db.session.get(Export, export_id)
    if asked is None:
        return
    how, wanted = asked.format, dict(asked.wanted)
    of_ledger = MAILING in wanted
    ids = [] if of_ledger else contact_ids(wanted)
    with unit_of_work("prepare export", actor=ACTOR):
        if not actions.begin(export_id, rows_wanted(wanted) if of_ledger else len(ids)):
            return
    name = actions.new_name(how)
    path = actions.folder() / name

    def progress(done: int) -> None:
        if done % _STEP == 0:
            with unit_of_work("prepare export", actor=ACTOR):
                actions.report(export_id, done)

    try:
        if of_ledger:
            with path.open("wb") as file:
                write_ledger_sheet(wanted, file, progress)
        else:
            write_file(how, ids, path, progress, read_columns(wanted.get(COLUMNS_OF_LIST, "")))
    except BaseException:
        path.unlink(missing_ok=True)
        with unit_of_work("fail export", actor=ACTOR):
            actions.fail(export_id)
        raise
    with unit_of_work("finish export", actor=ACTOR):
        finished = actions.finish(export_id, name)
    if not finished:
        path.unlink(missing_ok=True)


@background(DESK, timeout=3600, catches_up=True)
def catch_up() -> None:
    """Remove files whose time is over, and write what was asked for and never finished."""
    for row in expired_exports():
        with unit_of_work("expire export", actor=ACTOR):
            actions.expire(row.id, row.stored_name)
    for export_id in unfinished_exports():
        try:
            prepare(export_id)
        except JobTimeoutException:
            raise
        except Exception:
            logger.exception("export %s failed; going on with the next", export_id)
