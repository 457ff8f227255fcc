"""Which small form stands open in a contact's page, and the form itself, filled with what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_login import current_user

from crm.database import read_id
from crm.directory.models import Contact, ContactKind
from crm.directory.offices import Mandate, mandate_of, offices_of
from crm.directory.record import Record, posts_of, record_of
from crm.meanwhile import seen_in
from crm.overview.forms.contacts import details_form
from crm.overview.forms.mandates import PostForm, mandate_form, tie_form
from crm.overview.forms.parts import (
    IdentifierForm,
    OtherNameForm,
    OwnerForm,
    PointForm,
    SourceForm,
    addressing_form,
    languages_form,
)
from crm.salutations.examples import addresses
from crm.salutations.queries import addressee_of
from crm.salutations.terms import Address

# The parts of a page that are one form each; all others have rows of their own.
SINGLE = ("details", "owner", "languages", "addressing")


@dataclass(frozen=True)
class Editor:
    """The form that stands open: of which part, of which of its rows (None for a new one)."""

    part: str
    row_id: int | None
    form: Any
    # How letters address the contact, language by language: of the forms of address alone.
    addresses: Sequence[tuple[Address, Address]] = ()

    @property
    def seen(self) -> str:
        """What is stored of it now; nothing of a new row."""
        return seen_in(self.form) if self.row_id is not None or self.part in SINGLE else ""


def _found(rows: Any, row_id: int) -> Any:
    return next((row for row in rows if row.id == row_id), None)


def _mandate_editor(contact: Contact, row_id: int | None) -> Any:
    line: Mandate | None = mandate_of(contact.id, row_id) if row_id is not None else None
    if row_id is not None and line is None:
        return None
    organization_id = contact.id if contact.kind is ContactKind.ORGANIZATION else line.organization_id if line else None
    posts = posts_of(organization_id) if organization_id else []
    wanted = request.args.get("post", type=read_id)
    role = dict(posts).get(wanted) if wanted else None
    values = {"post_id": wanted, "role": role} if role else {}
    return mandate_form(contact.kind, line, posts, **values)


def _row_form(contact: Contact, part: str, row: Any) -> Any:
    """The form of a row that describes the contact; `row` None for a new one."""
    if part == "points":
        offices = offices_of(contact.id) if contact.kind is ContactKind.PERSON else []
        return PointForm(offices, obj=row)
    if part == "identifiers":
        return IdentifierForm(data={"scheme": row.text0, "value": row.text1} if row else None)
    if part == "names":
        keys = ("name", "language", "note", "start_date", "end_date")
        values = (row.text0, row.text1, row.text2, row.start, row.end) if row else ()
        return OtherNameForm(data=dict(zip(keys, values, strict=False)))
    if part == "sources":
        return SourceForm(data={"label": row.text0, "url": row.text1, "as_of": row.end} if row else None)
    if part == "posts":
        return PostForm(obj=row)
    return tie_form(contact.id, row, request.args.get("tie", ""))


def _rows_of(record: Record, part: str) -> Any:
    return {
        "points": record.points,
        "identifiers": record.identifiers,
        "names": record.other_names,
        "sources": record.sources,
        "posts": record.posts,
        "ties": record.ties,
    }[part]


def editor_of(contact: Contact, part: str, row_id: int | None) -> Editor | None:
    """The editor of a part or of one of its rows; None where there is no such row."""
    record = record_of(contact.id, current_user.team_id)
    form: Any = None
    if part == "details":
        form = details_form(contact, record)
    elif part == "owner":
        form = OwnerForm(obj=contact)
    elif part == "languages":
        form = languages_form(record.languages)
    elif part == "addressing":
        form = addressing_form(contact, record.languages)
    elif part == "memberships":
        form = _mandate_editor(contact, row_id)
    elif row_id is None:
        form = _row_form(contact, part, None)
    elif (row := _found(_rows_of(record, part), row_id)) is not None:
        form = _row_form(contact, part, row)
    if form is None:
        return None
    if part == "addressing":
        return Editor(part, row_id, form, addresses(addressee_of(contact), record.languages))
    return Editor(part, row_id, form)
