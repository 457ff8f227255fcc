"""Asking a product for its pages and sending its forms, each time as if nobody had written anything since."""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from flask import Flask, request
from werkzeug.datastructures import ImmutableMultiDict

from crm.extensions import db

# What a reader writes is put behind the private rows where there are any: the numbers of rows differ.
_NUMBER = re.compile(r'(?<=[/=])\d+|(?<=value=")\d+')
_FORM_TOKEN = re.compile(r'<input[^>]*name="[^"]*csrf_token"[^>]*>|<meta name="csrf-token"[^>]*>')


@dataclass(frozen=True)
class Address:
    """A page, or a form that is sent."""

    endpoint: str
    method: str
    path: str
    form: tuple[tuple[str, str], ...] = ()
    private: bool = False  # a row that a team keeps to itself stands for an argument


@dataclass(frozen=True)
class Answer:
    """What a reader gets of it, files unpacked."""

    status: int
    location: str
    text: str


Answers = dict[Address, Answer]


# The names of the query arguments that views have read, by endpoint.
Noted = dict[str, set[str]]


class Asked(ImmutableMultiDict[str, str]):
    """Query arguments that note which of them a view reads."""

    noted: ClassVar[Noted] = {}

    def _note(self, name: Any) -> None:
        if isinstance(name, str) and request and request.endpoint:
            self.noted.setdefault(request.endpoint, set()).add(name)

    def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
        self._note(key)
        return super().get(key, *args, **kwargs)

    def getlist(self, key: Any, *args: Any, **kwargs: Any) -> Any:
        self._note(key)
        return super().getlist(key, *args, **kwargs)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)


def _text(data: bytes) -> str:
    if not data.startswith(b"PK"):
        return _FORM_TOKEN.sub("", data.decode("utf-8", "replace"))
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        parts = [name for name in sorted(book.namelist()) if name != "docProps/core.xml"]
        return "\n".join(book.read(name).decode("utf-8", "replace") for name in parts)


class Shelf:
    """States of a SQLite database by their names, to go back to."""

    def __init__(self) -> None:
        self._path = Path(db.engine.url.database or "")
        self._watch = sqlite3.connect(self._path)
        self._kept: dict[str, Path] = {}
        self._clean = self._version()
        self._stands = ""

    def _version(self) -> int:
        return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    @staticmethod
    def _copy(source: Path, into: Path) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(into)) as other:
            one.backup(other)

    def keep(self, name: str) -> None:
        """Put what is there now on the shelf."""
        self._kept[name] = self._path.with_name(f"{name}.db")
        self._kept[name].unlink(missing_ok=True)
        self._copy(self._path, self._kept[name])
        self._stands, self._clean = name, self._version()

    def put_back(self, name: str = "") -> None:
        """Be as it was under that name, or in the state last put back; nothing to do where it is that still."""
        if name in ("", self._stands) and self._version() == self._clean:
            return
        self._stands = name or self._stands
        self._copy(self._kept[self._stands], self._path)
        self._clean = self._version()

    def close(self) -> None:
        """Throw everything away."""
        self._watch.close()
        for path in self._kept.values():
            path.unlink()


def walk(app: Flask, cookie: str | None, addresses: Iterable[Address], shelf: Shelf | None = None) -> Answers:
    """Ask for addresses as a reader would: `cookie` is that of their browser, None a stranger's."""
    client, found = app.test_client(), {}
    for address in addresses:
        client.delete_cookie("ratify")  # and with it what a form left for the next page to say
        if cookie:
            client.set_cookie("ratify", cookie)
        form = dict(address.form)
        answer = client.open(address.path, method=address.method, data=form, follow_redirects=bool(form))
        assert answer.status_code < 500 or address.endpoint == "health.readyz", address
        text, location = _text(answer.data), _NUMBER.sub("#", answer.location or "")
        written = text if address.method == "GET" else _NUMBER.sub("#", text)
        found[address] = Answer(answer.status_code, location, written)
        if shelf is not None:
            shelf.put_back()
    return found
