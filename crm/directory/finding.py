"""Finding contacts by any part of what they are called, accents and case aside.

The text of a contact has the last word on every hit; the search index only says which texts are worth a look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from crm.directory.listing import INSTITUTION, OFFICE
from crm.directory.models import (
    TAIL_DIGITS,
    Contact,
    ContactKind,
    ContactPoint,
    PointKind,
    address_domain,
    beyond_ascii,
    phone_tail,
)
from crm.extensions import db
from crm.search_index import queries as search_index
from crm.search_index.queries import Fragment, frequencies
from crm.text import fold, unaccented

Hit: TypeAlias = sa.Row[*tuple[Any, ...]]
_Text: TypeAlias = sa.ColumnElement[str] | InstrumentedAttribute[str]

HIT_COLUMNS = (
    Contact.id,
    Contact.kind,
    Contact.category,
    Contact.name,
    Contact.country,
    Contact.mandate_end,
    OFFICE,
    INSTITUTION,
)
# More words narrow a search no further, and each of them costs a look at every text.
MOST_WORDS = 8
# Digits with what people put between them; the shortest that is a telephone number has as many as those are kept by.
_NUMBER = re.compile(r"[\s+()./-]*(?:\d[\s+()./-]*){6,}")
# A domain, or the beginning of an address: words without a blank, with a point between.
_DOTTED = re.compile(r"\w[\w+-]*(?:\.[\w+-]+)+")
# No letter comes after it.
_LAST = "\U0010ffff"


def _words(text: str) -> list[str]:
    # A word that is part of another one asks nothing more.
    words = list(dict.fromkeys(fold(text).split()))[:MOST_WORDS]
    return [word for word in words if not any(word != other and word in other for other in words)]


def _in_text(words: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(sa.true(), *(Contact.search_text.like(f"%{word}%") for word in words))


def _few(fragment: Fragment, frequency: int) -> sa.ColumnElement[bool]:
    """The contacts of a fragment where they are few enough to be looked at one by one; else no condition."""
    return Contact.id.in_(fragment.subjects) if frequency <= search_index.FEW else sa.true()


def _digits(number: str) -> str:
    """The digits of a telephone number without the zeros that lead out of a place or a country."""
    return re.sub(r"\D", "", number.replace("(0)", "")).lstrip("0")


def _reached_at(text: str) -> sa.ColumnElement[bool] | None:
    """The contacts with this e-mail address or telephone number, in use or not, in one query; None where it is none.

    Of an address its beginning or its domain does. A number is found with and without the code of its country.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _numbered(text)
    if "@" in text:
        address = (parseaddr(text)[1] or text).strip().lower()
        domain = address.removeprefix("@")
        return _addressed([(ContactPoint.value, address) if domain == address else (address_domain, domain)])
    if _DOTTED.fullmatch(text):
        return _addressed([(address_domain, text.lower()), (ContactPoint.value, text.lower())])
    return None


def _numbered(number: str) -> sa.ColumnElement[bool] | None:
    kind, value, typed = PointKind.PHONE, ContactPoint.value, _digits(number)
    tail = re.sub(r"\D", "", number)[-TAIL_DIGITS:]
    # Without a word on the kind, by which a database would read all numbers there are.
    alike = db.session.execute(sa.select(value, ContactPoint.kind).where(phone_tail == tail).distinct())
    known = {row.value for row in alike if row.kind is kind and _same_end(_digits(row.value), typed)}
    reached = sa.select(ContactPoint.contact_id).where(ContactPoint.kind == kind, value.in_(known))
    return Contact.id.in_(reached) if known else None


def _accented(addresses: Sequence[str], begins: Sequence[tuple[_Text, str]]) -> tuple[set[str], set[str]]:
    """Of these addresses the domains, and those of the others, that begin so but for their accents."""
    domains: set[str] = set()
    values: set[str] = set()
    for column, text in begins:
        bare = unaccented(text)
        for address in addresses:
            part = address.rpartition("@")[2] if column is address_domain else address
            if bare and unaccented(part).startswith(bare):
                (domains if column is address_domain else values).add(part)
    return domains, values


def _addressed(begins: Sequence[tuple[_Text, str]]) -> sa.ColumnElement[bool] | None:
    """The contacts an address of whom, or its domain, begins so, accents aside; None where nobody has one."""
    if not all(text for _column, text in begins):
        return None
    spellings = [
        *begins,
        *((column, bare) for column, text in begins if not text.isascii() and (bare := unaccented(text))),
    ]
    email, owner, value = ContactPoint.kind == PointKind.EMAIL, ContactPoint.contact_id, ContactPoint.value
    dialect = db.engine.dialect.name
    at_least, below = ("~>=~", "~<~") if dialect == "postgresql" else (">=", "<")

    def within(column: _Text, text: str) -> sa.ColumnElement[bool]:
        return sa.and_(column.bool_op(at_least)(text), column.bool_op(below)(text + _LAST))

    # Of domains no word on the kind, as of numbers.
    each = [
        sa.select(owner).where(within(column, text), *([] if column is address_domain else [email]))
        for column, text in spellings
    ]
    found = sa.union_all(*(sa.select(some.limit(search_index.FEW + 1).subquery()) for some in each)).subquery()
    counted = sa.select(sa.cast(sa.null(), sa.String).label("value"), sa.func.count().label("number"))
    beyond = sa.select(value, sa.literal(0)).where(beyond_ascii(dialect)).distinct()
    rows = db.session.execute(sa.union_all(counted.select_from(found), beyond)).all()
    # What has a blank is a postal address with an @ in it.
    known = [row.value for row in rows if row.value is not None and " " not in row.value]
    domains, values = _accented(known, begins)
    if domains:
        each.append(sa.select(owner).where(address_domain.in_(sorted(domains))))
    if values:
        each.append(sa.select(owner).where(email, value.in_(sorted(values))))
    number = sum(row.number for row in rows)
    if number <= search_index.FEW:
        return Contact.id.in_(sa.union_all(*each)) if number or domains or values else None
    # Walking the list in its order meets those it shows sooner. Looked at by its contact, an address is compared as
    # text: an index of the beginnings would lead a database to all of them again for each contact.
    whole = sa.or_(
        value.in_(sorted(values)),
        *(
            value.contains(f"@{text}", autoescape=True)
            if column is address_domain
            else value.startswith(text, autoescape=True)
            for column, text in [*spellings, *((address_domain, domain) for domain in sorted(domains))]
        ),
    )
    return sa.exists().where(owner == Contact.id, email, whole)


def _same_end(one: str, other: str) -> bool:
    return one.endswith(other) or other.endswith(one)


def text_matches(text: str) -> sa.ColumnElement[bool]:
    """Contacts in whose searchable text every word of `text` occurs; one query tells how rare the words are.

    Where `text` is a telephone number, an e-mail address, its domain or its beginning, those who have it.
    """
    reached = _reached_at(text)
    if reached is not None:
        return reached
    words = _words(text)
    if not words:
        return sa.true()
    fragments = [Fragment(word) for word in words]
    rarest, fragment = min(zip(frequencies(fragments), fragments, strict=True), key=lambda pair: pair[0])
    return sa.and_(_few(fragment, rarest), _in_text(words))


def _tiers(words: Sequence[str]) -> Iterator[sa.ColumnElement[bool]]:
    """Who is found, the best first: by the name's beginning, another word's in it, elsewhere in it, in the rest."""
    first, name = words[0], Contact.sort_name
    begins = sa.and_(name >= first, name < first + "{")
    ranks = [
        (None, begins),
        (Fragment(first, begins=True, in_names=True), name.like(f"% {first}%")),
        (Fragment(first, in_names=True), name.like(f"%{first}%")),
        (Fragment(first), sa.true()),
    ]
    everywhere = [Fragment(word) for word in words]
    known = frequencies([*everywhere, *(fragment for fragment, _ in ranks if fragment)])
    rarest, fragment = min(zip(known, everywhere, strict=False), key=lambda pair: pair[0])
    by_rarest, by_rank = _few(fragment, rarest), [0, *known[len(words) :]]
    for at, (in_rank, holds) in enumerate(ranks):
        candidates = by_rarest
        if in_rank is not None and rarest > search_index.FEW:
            candidates = _few(in_rank, by_rank[at])
        better = [sa.not_(condition) for _, condition in ranks[:at]]
        yield sa.and_(candidates, holds, *better, _in_text(words))


def of_kind(kind: ContactKind) -> sa.ColumnElement[bool]:
    """Contacts of one kind. People are asked for as “no organization”, which no index answers.

    They are nine in ten: a database that goes in by the kind reads nearly all of them and then sorts them.
    """
    return Contact.kind != ContactKind.ORGANIZATION if kind is ContactKind.PERSON else Contact.kind == kind


def contacts_named(text: str, limit: int = 10, *, kind: ContactKind | None = None) -> Sequence[Hit]:
    """Up to `limit` contacts by any part of their names, other names, places, groups and offices, in two queries.

    Family names (and names of organizations) that begin so come first, then other words of the name that do, then
    names that have it inside, then what else is known of the contact. By a telephone number, an e-mail address, its
    domain or its beginning those who have it are found; what looks like one and is nobody's costs one query more.
    """
    words = _words(text)
    if not words:
        return []
    wanted = sa.true() if kind is None else of_kind(kind)
    tiers = []
    reached = _reached_at(text)
    for rank, holds in enumerate(_tiers(words) if reached is None else [reached]):
        found = (
            sa.select(sa.literal(rank).label("rank"), Contact.sort_name, *HIT_COLUMNS)
            .where(holds, wanted)
            .order_by(Contact.sort_name, Contact.id)
            .limit(limit)
        )
        tiers.append(sa.select(found.subquery()))
    # The databases go through the tiers in turn and stop where there are enough.
    hits = sa.union_all(*tiers).limit(limit)
    return sorted(db.session.execute(hits), key=lambda row: (row.rank, row.sort_name, row.id))
