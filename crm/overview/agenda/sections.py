"""The sections of Today in their order, and who has which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa

from crm.directory.models import Contact
from crm.extensions import db
from crm.history.queries import Whose
from crm.letters.models import Mailing
from crm.overview.agenda.contacts import bounced, contradictions, ended, quiet, replies
from crm.overview.agenda.due import commitments, due
from crm.overview.agenda.letters import approvals, held, mailings, requests, stopped, unplaced, wordings
from crm.overview.agenda.lists import AnyRow, AnySelect, Waiting
from crm.overview.agenda.reader import Asked, Reader
from crm.paging import PAGE_SIZE, Page, page
from crm.pipeline.models import Campaign
from crm.policy import Permission

# Rows a section shows of itself; the rest stand on its own page.
FIRST = 10
# Counting ends here: what is beyond is not done in a day either.
MOST_COUNTED = 200


class Section(StrEnum):
    """What waits, the most pressing first."""

    DUE = "due"
    HELD = "held"
    STOPPED = "stopped"
    APPROVALS = "approvals"
    MAILINGS = "mailings"
    WORDINGS = "wordings"
    REQUESTS = "requests"
    REPLIES = "replies"
    UNPLACED = "unplaced"
    BOUNCED = "bounced"
    COMMITMENTS = "commitments"
    ENDED = "ended"
    CONTRADICTIONS = "contradictions"
    QUIET = "quiet"


SECTIONS: dict[Section, Callable[[Asked], Waiting]] = {
    Section.DUE: due,
    Section.HELD: held,
    Section.STOPPED: stopped,
    Section.APPROVALS: approvals,
    Section.MAILINGS: mailings,
    Section.WORDINGS: wordings,
    Section.REQUESTS: requests,
    Section.REPLIES: replies,
    Section.UNPLACED: unplaced,
    Section.BOUNCED: bounced,
    Section.COMMITMENTS: commitments,
    Section.ENDED: ended,
    Section.CONTRADICTIONS: contradictions,
    Section.QUIET: quiet,
}


def _has(section: Section, reader: Reader) -> bool:
    """Whether such work is the reader's to do, or to look at."""
    if section is Section.HELD:
        return reader.holds(Permission.ADMINISTER)
    if section is Section.APPROVALS:
        return reader.holds(Permission.APPROVE)
    if section is Section.UNPLACED:
        return reader.holds(Permission.LOBBY)
    if section is Section.DUE:
        return True
    translates = reader.holds(Permission.WRITE_LETTERS) and not reader.holds(Permission.LOBBY)
    return translates if section is Section.WORDINGS else not translates


def sections_of(reader: Reader) -> list[Section]:
    """The sections of the reader's Today."""
    return [section for section in Section if _has(section, reader)]


@dataclass(frozen=True)
class Begun:
    """How far an installation has come on its way to the first letters: whether there are any of these."""

    contacts: bool
    campaigns: bool
    mailings: bool


_BEGINNINGS = (Contact, Campaign, Mailing)
# On most days nothing of these waits: one query tells, in place of one for each.
_RARE = (
    Section.HELD,
    Section.STOPPED,
    Section.APPROVALS,
    Section.MAILINGS,
    Section.REQUESTS,
    Section.UNPLACED,
    Section.BOUNCED,
)


@cache
def _any(sections: tuple[Section, ...], whose: Whose) -> sa.Select[*tuple[Any, ...]]:
    lists = (SECTIONS[section](Asked(whose)).parts for section in sections)
    beginnings = (sa.exists(sa.select(table.id)) for table in _BEGINNINGS)
    return sa.select(*beginnings, *(sa.or_(*(part.exists() for part in parts)) for parts in lists))


def first_look(reader: Reader) -> tuple[Begun, list[Section]]:
    """What there is at all, and the sections of the reader's Today but for rare ones with nothing, in one query."""
    all_of_them = sections_of(reader)
    rare = tuple(section for section in all_of_them if section in _RARE)
    found = db.session.execute(_any(rare, reader.whose), reader.values()).one()
    begun, waits = Begun(*found[: len(_BEGINNINGS)]), found[len(_BEGINNINGS) :]
    empty = {section for section, waiting in zip(rare, waits, strict=True) if not waiting}
    return begun, [section for section in all_of_them if section not in empty]


@dataclass(frozen=True)
class Found:
    """A section's first rows, and how many there are; MOST_COUNTED + 1 stands for more."""

    section: Section
    rows: Sequence[AnyRow]
    total: int


@cache
def _first(section: Section, whose: Whose, size: int) -> AnySelect:
    """Built once: to put such a statement together takes longer than the database to answer it."""
    return SECTIONS[section](Asked(whose)).first(size, MOST_COUNTED)


def first_of(section: Section, reader: Reader, size: int = FIRST) -> Found:
    """What the section shows on Today, in one query."""
    rows = db.session.execute(_first(section, reader.whose, size), reader.values()).all()
    return Found(section, rows, min(rows[0].total, MOST_COUNTED + 1) if rows else 0)


def page_of(section: Section, reader: Reader, cursor: str | None) -> Page:
    """One page of the whole section, in one query."""
    statement, keys = SECTIONS[section](Asked(reader.whose)).whole()
    return page(statement.params(reader.values()), keys, cursor, PAGE_SIZE)
