"""What keeps the index true: the words of a text come and go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa

from crm.extensions import db
from crm.many_rows import insert_columns
from crm.search_index.models import postings, words

# The words of a text, each with whether it is part of the name.
Words: TypeAlias = Mapping[str, bool]


@dataclass(frozen=True)
class TextChange:
    """A subject's words before a change and after it."""

    subject_id: int
    before: Words
    after: Words


def words_of(name: str, text: str) -> Words:
    """The words of a folded name and a folded text about the same subject; without a text it was not indexed yet."""
    if not text:
        return {}
    return {**dict.fromkeys(text.split(), False), **dict.fromkeys(name.split(), True)}


def keep_words(changes: Iterable[TextChange]) -> None:
    """Follow texts that came, changed or went. A word that nobody has any more stays until `forget_unused_words`."""
    gained: set[tuple[str, bool, int]] = set()
    lost: set[tuple[str, bool, int]] = set()
    for change in changes:
        gained |= {(*item, change.subject_id) for item in change.after.items() - change.before.items()}
        lost |= {(*item, change.subject_id) for item in change.before.items() - change.after.items()}
    # In the order of the key: the fewest pages are touched, and two writers wait for each other in one direction only.
    connection = db.session.connection()
    insert_columns(connection, words, {"word": sorted({word for word, _, _ in gained})}, passing_over=True)
    if gained:
        columns = dict(zip(("word", "in_name", "subject_id"), zip(*sorted(gained), strict=True), strict=True))
        insert_columns(connection, postings, columns, passing_over=True)
    if lost:
        gone = postings.c
        connection.execute(
            sa.delete(postings).where(
                gone.word == sa.bindparam("the_word"),
                gone.in_name == sa.bindparam("was_in_name"),
                gone.subject_id == sa.bindparam("the_subject"),
            ),
            [
                {"the_word": word, "was_in_name": in_name, "the_subject": subject}
                for word, in_name, subject in sorted(lost)
            ],
        )


def _lock() -> None:
    """Wait for those who add words, and let none begin: they could count on a word that is about to go.

    First of all in a transaction, or two could wait for each other. SQLite has one writer at a time anyway.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("LOCK TABLE search_word IN SHARE ROW EXCLUSIVE MODE"))


def forget_unused_words() -> None:
    """Remove the words nobody's text has any more, such as the name of somebody erased; before any other write."""
    _lock()
    used = sa.exists().where(postings.c.word == words.c.word)
    db.session.execute(sa.delete(words).where(sa.not_(used)))


def empty_index() -> None:
    """Remove everything, before it is written anew in the same transaction; before any other write."""
    _lock()
    db.session.execute(sa.delete(postings))
    db.session.execute(sa.delete(words))
