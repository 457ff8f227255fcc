"""What a Popolo document says around its people, by its own ids; memberships and ties wait in a file, not in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from crm.roster_import.readers.own_export import tie
from crm.roster_import.readers.own_values import KEY
from crm.roster_import.readers.source import one_line
from crm.roster_import.told import ToldTie


def text_of(thing: Mapping[str, Any], name: str) -> str:
    """A text or number as text in one line, empty where there is none."""
    value = thing.get(name)
    return one_line(str(value)) if isinstance(value, str | int) else ""


def things_of(thing: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    value = thing.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def ours_of(thing: Mapping[str, Any]) -> dict[str, Any]:
    """What our own exports say besides, where Popolo has no term."""
    value = thing.get(KEY)
    return value if isinstance(value, dict) else {}


class Around:
    """Organizations with their lines, posts, areas and events; `country` is the one the document is of."""

    def __init__(self, country: str) -> None:
        self.organizations: dict[str, dict[str, Any]] = {}
        self.posts: dict[str, dict[str, Any]] = {}
        self.areas: dict[str, dict[str, Any]] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, int] = {}
        self.country = country
        # A file of SQLite's own, gone when it is closed: a document may tell memberships after, or before, its people.
        self._held = sqlite3.connect("")
        self._held.execute("CREATE TABLE membership (person TEXT, told TEXT)")
        self._held.execute("CREATE TABLE tie (subject TEXT, object TEXT, told TEXT)")
        self._indexed = False

    def close(self) -> None:
        """Let go of what is held in the file."""
        self._held.close()

    def note(self, name: str, thing: Mapping[str, Any], line: int) -> None:
        """Take down one thing of the list of that name."""
        text = json.dumps(thing, default=str)
        if name == "memberships":
            self._held.execute("INSERT INTO membership VALUES (?, ?)", (text_of(thing, "person_id"), text))
        elif name == "relationships":
            ends = (text_of(thing, "subject_id"), text_of(thing, "object_id"))
            self._held.execute("INSERT INTO tie VALUES (?, ?, ?)", (*ends, text))
        elif name in ("organizations", "posts", "areas", "events"):
            getattr(self, name)[text_of(thing, "id")] = dict(thing)
            for post in things_of(thing, "posts"):
                self.posts[text_of(post, "id")] = {"organization_id": thing.get("id"), **post}
            if name == "organizations":
                self.lines[text_of(thing, "id")] = line

    def memberships(self, person: str) -> list[dict[str, Any]]:
        """The memberships of a person, once the whole document is noted."""
        self._index()
        rows = self._held.execute("SELECT told FROM membership WHERE person = ? ORDER BY rowid", (person,))
        return [json.loads(told) for (told,) in rows]

    def ties(self, ref: str, earlier: Mapping[str, str]) -> Iterator[ToldTie]:
        """The ties of a contact with those told before it, whose names are given by id."""
        self._index()
        rows = self._held.execute(
            "SELECT subject, object, told FROM tie WHERE subject = :ref OR object = :ref ORDER BY rowid", {"ref": ref}
        )
        for subject, object_, told in rows.fetchall():
            other = subject if object_ == ref else object_
            if other in earlier:
                found = tie(json.loads(told), other, earlier[other], is_object=object_ == ref)
                if found is not None:
                    yield found

    def _index(self) -> None:
        if not self._indexed:
            self._held.execute("CREATE INDEX membership_person ON membership (person)")
            self._held.execute("CREATE INDEX tie_subject ON tie (subject)")
            self._held.execute("CREATE INDEX tie_object ON tie (object)")
            self._indexed = True
