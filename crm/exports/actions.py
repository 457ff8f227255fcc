"""What is done with exports: put on record, asked of the desk worker, finished, swept away in the end."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm import clock
from crm.exports.ledgers import MAILING
from crm.exports.models import ENDINGS, KEPT_FOR, MOVES, Export, ExportFormat, ExportState
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work

PREPARE_JOB = "crm.exports.jobs.prepare"


def folder() -> Path:
    """Where prepared files are kept, readable by the product alone."""
    settings: Settings = current_app.extensions["settings"]
    found = settings.data / "exports"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def record(wanted: dict[str, Any], how: ExportFormat, rows: int) -> None:
    """Put on record, in the trail of the running unit of work, who takes whom out."""
    chosen = {"ids": wanted["ids"][:100]} if "ids" in wanted else dict(wanted)
    counted = "letters" if MAILING in wanted else "contacts"
    current_unit_of_work().notes.update({"format": how.value, counted: rows, "filter": chosen})


def request_export(user_id: int, wanted: dict[str, Any], how: ExportFormat, total: int) -> Export:
    """Ask the desk worker for a file of `total` contacts."""
    asked = Export(user_id=user_id, format=how, wanted=wanted, total=total)
    db.session.add(asked)
    db.session.flush()
    record(wanted, how, total)
    current_unit_of_work().ring(PREPARE_JOB, asked.id)
    return asked


def _move(export_id: int, to: ExportState, **values: Any) -> bool:
    allowed = [state for state, moves in MOVES.items() if to in moves]
    moved = db.session.execute(
        sa.update(Export).where(Export.id == export_id, Export.state.in_(allowed)).values(state=to, **values)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]  # an update has one


def begin(export_id: int, total: int) -> bool:
    """Mark that the worker writes the file; False where somebody has done so already."""
    return _move(export_id, ExportState.RUNNING, done=0, total=total)


def report(export_id: int, done: int) -> None:
    """Note how many contacts have been read."""
    db.session.execute(sa.update(Export).where(Export.id == export_id).values(done=done))


def new_name(how: ExportFormat) -> str:
    """A name in the folder that nobody guesses."""
    return f"{secrets.token_hex(16)}.{ENDINGS[how]}"


def finish(export_id: int, stored_name: str) -> bool:
    """Mark that the file is ready."""
    expires_at = clock.now() + KEPT_FOR
    return _move(export_id, ExportState.READY, stored_name=stored_name, expires_at=expires_at)


def fail(export_id: int) -> None:
    """Mark that no file could be written."""
    _move(export_id, ExportState.FAILED)


def expire(export_id: int, stored_name: str) -> None:
    """Remove a file whose time is over."""
    (folder() / stored_name).unlink(missing_ok=True)
    _move(export_id, ExportState.EXPIRED, stored_name="", wanted={})
