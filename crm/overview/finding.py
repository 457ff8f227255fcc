"""What the search offers: contacts first, then whatever else can be opened by its name, and what was opened lately."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask import current_app, session, url_for
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from crm import i18n
from crm.database import Base
from crm.directory.finding import HIT_COLUMNS, contacts_named
from crm.directory.labels import hit_label
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import LetterTemplate, Mailing
from crm.pipeline.models import Campaign
from crm.policy import Permission, can
from crm.text import fold
from crm.treaties.models import Treaty

# Of each kind the newest so many are looked through: these are tens, where contacts are a hundred thousand.
NEWEST = 1000
SHOWN = 6
SUGGESTED = 8
LONGEST = 200  # characters of a text somebody looks for
RECENT = "recent"


@dataclass(frozen=True)
class Hit:
    """One line of the results: where it leads, what it is called, what it is; of a contact, its id."""

    href: str
    name: str
    detail: str
    contact_id: int | None = None


@dataclass(frozen=True)
class _Kind:
    """What can be opened by its name; whoever may open it finds it."""

    endpoint: str
    argument: str
    label: LazyString
    model: type[Base]
    name: Any  # columns, or expressions of them
    key: Any

    @property
    def is_open(self) -> bool:
        """Whether the reader may open such pages."""
        view = current_app.view_functions.get(self.endpoint)
        return view is not None and can(getattr(view, "permission", Permission.ADMINISTER))


def _text(column: Any) -> sa.ColumnElement[str]:
    return sa.cast(column, sa.String)


_KINDS = (
    _Kind("pipeline.campaign", "campaign_id", lazy_gettext("Campaign"), Campaign, Campaign.name, _text(Campaign.id)),
    _Kind("letters.mailing", "mailing_id", lazy_gettext("Mailing"), Mailing, Mailing.name, _text(Mailing.id)),
    _Kind(
        "letters.template",
        "template_id",
        lazy_gettext("Letter"),
        LetterTemplate,
        LetterTemplate.name,
        _text(LetterTemplate.id),
    ),
    _Kind("treaties.treaty", "code", lazy_gettext("Treaty"), Treaty, Treaty.code + " " + Treaty.name, Treaty.code),
)
_folded = lru_cache(8 * NEWEST)(fold)


def _contact_hit(row: sa.Row[*tuple[Any, ...]]) -> Hit:
    return Hit(url_for("overview.contact", contact_id=row.id), row.name, hit_label(row, i18n.today()), row.id)


def _rank(words: Sequence[str]) -> Callable[[str], int | None]:
    """How well a folded name fits: 0 where it begins so, 1 where a word of it does, 2 inside of one, None nowhere."""

    def rank(name: str) -> int | None:
        if not all(word in name for word in words):
            return None
        return 0 if name.startswith(words[0]) else 1 if f" {words[0]}" in name else 2

    return rank


def _named(text: str) -> list[Hit]:
    """Everything but contacts that has every word of the text in its name, the best first, in one query."""
    words = fold(text).split()
    kinds = [(number, kind) for number, kind in enumerate(_KINDS) if kind.is_open]
    if not words or not kinds:
        return []
    each = [
        sa.select(
            sa.select(sa.literal(number).label("kind"), kind.key.label("key"), kind.name.label("name"))
            .order_by(kind.model.id.desc())
            .limit(NEWEST)
            .subquery()
        )
        for number, kind in kinds
    ]
    rank = _rank(words)
    found = []
    for row in db.session.execute(sa.union_all(*each)):
        fits = rank(_folded(row.name))
        if fits is not None:
            found.append((fits, _folded(row.name), row))
    hits = sorted(found, key=lambda each: each[:2])[:SHOWN]
    return [
        Hit(url_for(kind.endpoint, **{kind.argument: row.key}), row.name, str(kind.label))
        for _, _, row in hits
        for kind in [_KINDS[row.kind]]
    ]


def hits(text: str) -> list[tuple[str, list[Hit]]]:
    """The groups of results that have any, each with its heading, in three queries."""
    text = text[:LONGEST]
    groups = [
        (gettext("People and organizations"), [_contact_hit(row) for row in contacts_named(text)]),
        (gettext("Campaigns, letters and treaties"), _named(text)),
    ]
    return [(heading, found) for heading, found in groups if found]


def note_opened(contact_id: int) -> None:
    """Remember in the reader's session that the contact's page was opened."""
    known = _opened()
    if known[:1] != [contact_id]:
        session[RECENT] = [contact_id, *(other for other in known if other != contact_id)][:SHOWN]


def _opened() -> list[int]:
    kept = session.get(RECENT, [])
    return [number for number in kept if isinstance(number, int)] if isinstance(kept, list) else []


def recent_hits() -> list[tuple[str, list[Hit]]]:
    """The contacts whose pages were opened last, those that are still there, in one query."""
    ids = _opened()
    if not ids:
        return []
    rows = db.session.execute(sa.select(*HIT_COLUMNS).where(Contact.id.in_(ids)))
    found = [_contact_hit(row) for row in _in_order(rows, ids)]
    return [(gettext("Opened lately"), found)] if found else []


def _in_order(rows: Iterable[Any], ids: Sequence[int]) -> list[Any]:
    return sorted(rows, key=lambda row: ids.index(row.id))
