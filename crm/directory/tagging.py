"""Putting tags on contacts and taking them off, any number at once, each row with its entry in the trail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from crm.audit.bulk import delete_rows, insert_rows
from crm.directory.models import TAG_LENGTH, ContactTag, Tag
from crm.extensions import db
from crm.text import fold

_CHUNK = 500


class NoTag(ValueError):
    """There is no word in it that could be a tag."""


def read_tags(text: str) -> list[str]:
    """The tags of a text, which commas part. Raises NoTag where there is none, or one has no letter or digit."""
    names = list(dict.fromkeys(" ".join(part.split())[:TAG_LENGTH].strip() for part in text.split(",")))
    names = [name for name in names if name]
    if not names or not all(fold(name) for name in names):
        raise NoTag(text)
    return names


def _tag_id(name: str) -> int | None:
    return db.session.scalar(sa.select(Tag.id).where(Tag.sort_name == fold(name)))


def _made(name: str) -> int:
    tag = Tag(name=name, sort_name=fold(name))
    db.session.add(tag)
    db.session.flush()
    return tag.id


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def tag_contacts(contact_ids: Sequence[int], text: str) -> int:
    """Put tags on contacts, new ones made on the way; how many contacts got one they had not. Raises NoTag."""
    changed: set[int] = set()
    tag_ids = [_tag_id(name) or _made(name) for name in read_tags(text)]
    for chunk in _chunks(contact_ids):
        for tag_id in tag_ids:
            tagged = sa.select(ContactTag.contact_id).where(
                ContactTag.tag_id == tag_id, ContactTag.contact_id.in_(chunk)
            )
            known = set(db.session.scalars(tagged))
            new = [contact_id for contact_id in chunk if contact_id not in known]
            insert_rows(ContactTag, [{"contact_id": contact_id, "tag_id": tag_id} for contact_id in new])
            changed.update(new)
    return len(changed)


def untag_contacts(contact_ids: Sequence[int], text: str) -> int:
    """Take tags off contacts; how many of them had one. Raises NoTag."""
    tag_ids = [tag_id for tag_id in (_tag_id(name) for name in read_tags(text)) if tag_id]
    changed: set[int] = set()
    for chunk in _chunks(contact_ids):
        held = sa.select(*ContactTag.__table__.c).where(
            ContactTag.tag_id.in_(tag_ids), ContactTag.contact_id.in_(chunk)
        )
        rows = [dict(row) for row in db.session.execute(held).mappings()]
        delete_rows(ContactTag, rows)
        changed.update(row["contact_id"] for row in rows)
    return len(changed)


def set_tags(contact_id: int, text: str) -> bool:
    """Let a contact have these tags and no others; whether that changed anything. Raises NoTag for a word of signs."""
    wanted = read_tags(text) if text.strip(" ,") else []
    held = db.session.scalars(
        sa.select(Tag.name).join(ContactTag, ContactTag.tag_id == Tag.id).where(ContactTag.contact_id == contact_id)
    ).all()
    folded = {fold(name) for name in wanted}
    gone = [name for name in held if fold(name) not in folded]
    taken = untag_contacts([contact_id], ",".join(gone)) if gone else 0
    given = tag_contacts([contact_id], ",".join(wanted)) if wanted else 0
    return bool(taken or given)
