"""The one place that tells the time, always aware and in UTC."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def now() -> datetime:
    """The present moment in UTC."""
    return _pretended.get() or datetime.now(UTC)


def today() -> date:
    """The present day in UTC, for what holds for everybody; a reader's own day is `i18n.today`."""
    return now().date()


@contextmanager
def pretend(moment: datetime) -> Iterator[None]:
    """Tell another time inside the block, for demo data with a past and for tests."""
    token = _pretended.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _pretended.reset(token)
