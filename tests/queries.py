"""Counting what a piece of code asks the database."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event

from crm.extensions import db


def queries_of(ask: Callable[[], object]) -> int:
    """How many statements `ask` sends to the database, its transactions' beginnings and ends aside.

    It asks twice and counts the second time: what is kept for some seconds, such as the banner's news, is not counted.
    """
    ask()
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(sent)
