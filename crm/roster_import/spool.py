"""What was prepared and waits to be written, kept in a file without a name rather than in memory."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, TypeVar, cast

Item = TypeVar("Item")


class Spool(Generic[Item]):
    """Items in their order; it is gone with the block that opened it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the block

    def __enter__(self) -> Spool[Item]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, item: Item) -> None:
        """Put an item after the others."""
        pickle.dump(item, self._file, pickle.HIGHEST_PROTOCOL)

    def __iter__(self) -> Iterator[Item]:
        self._file.seek(0)
        while True:
            try:
                # Nobody else can write to the file: it has no name, and this process made it.
                yield cast("Item", pickle.load(self._file))  # noqa: S301
            except EOFError:
                return
