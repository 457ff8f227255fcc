"""What is measured runs in forked children, as the worker runs its jobs."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable
from typing import Any


def _fork(work: Callable[[], Any]) -> tuple[int, int]:
    """A child at work: its process id, and where it writes what came of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(work(), pipe)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def in_children(work: Callable[[], Any], count: int) -> list[Any]:
    """What `work` returns in each of so many children at once. Raises RuntimeError where one of them fails."""
    children = [_fork(work) for _ in range(count)]
    said, failed = [], False
    for child, reading in children:
        with os.fdopen(reading, "rb") as pipe:
            said.append(pipe.read())
        _pid, status = os.waitpid(child, 0)
        failed = failed or bool(status)
    if failed:
        raise RuntimeError("a measured child failed: its error stands above")
    return [pickle.loads(each) for each in said]


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` returns in one child. Raises RuntimeError where it fails."""
    [found] = in_children(work, 1)
    return found
