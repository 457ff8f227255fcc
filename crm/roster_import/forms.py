"""Forms of imports: the file, the day it describes, and whether it is complete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, RadioField, SelectField
from wtforms.validators import Optional, ValidationError

from crm import i18n
from crm.roster_import.readers.columns import FIELDS, SEAT

# Of text files that do not say it themselves, by the names Python has for them; "" is for finding out.
ENCODINGS = {
    "": _l("I am not sure: find out from the file"),
    "utf-8": _l("Unicode (UTF-8)"),
    "cp1252": _l("Western (Windows-1252)"),
    "cp1250": _l("Central European (Windows-1250)"),
    "cp1251": _l("Cyrillic (Windows-1251)"),
    "koi8-r": _l("Cyrillic (KOI8-R)"),
    "cp1253": _l("Greek (Windows-1253)"),
    "cp1254": _l("Turkish (Windows-1254)"),
    "cp1255": _l("Hebrew (Windows-1255)"),
    "cp1256": _l("Arabic (Windows-1256)"),
    "cp1257": _l("Baltic (Windows-1257)"),
    "mac_roman": _l("Western, of old Macs (Mac Roman)"),
    "cp850": _l("Western, of DOS (850)"),
}


class Extent(StrEnum):
    """Whether a roster names everyone."""

    BY_FILE = "by_file"
    COMPLETE = "complete"
    PARTIAL = "partial"


EXTENT_OF = {Extent.BY_FILE: None, Extent.COMPLETE: True, Extent.PARTIAL: False}


class _ReadingForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """How a file is to be read."""

    as_of = DateField(
        _l("Which day does it describe?"),
        [Optional()],
        description=_l(
            "A list is right on a certain day. Leave this empty if you do not know: then it is the day in the file's "
            "name, else the latest start of an office in it, else today."
        ),
    )
    extent = RadioField(
        _l("Who is in the file?"),
        choices=[
            (Extent.BY_FILE.value, _l("I am not sure: find out from the file")),
            (Extent.COMPLETE.value, _l("Everybody in one institution: whoever is missing has left it")),
            (
                Extent.PARTIAL.value,
                _l("Some contacts, of one institution or several: nobody leaves because the file does not name them"),
            ),
        ],
        default=Extent.BY_FILE.value,
    )

    encoding = SelectField(
        _l("Letters of the file"),
        choices=list(ENCODINGS.items()),
        default="",
        # The form of an upload has no such field.
        coerce=lambda value: value or "",
        validate_choice=False,
        description=_l("Only where letters look wrong, such as Ã© for é: which ones is the file written in?"),
    )

    def validate_as_of(self, field: DateField) -> None:
        """Refuse days to come."""
        if isinstance(field.data, date) and field.data > i18n.today():
            raise ValidationError(gettext("That day is still to come."))

    @property
    def asked(self) -> dict[str, Any]:
        """What the choices mean for the import; see `Import.asked`."""
        as_of = self.as_of.data.isoformat() if self.as_of.data else None
        encoding = self.encoding.data if self.encoding.data in ENCODINGS else None
        return {
            "as_of": as_of,
            "complete": EXTENT_OF[Extent(self.extent.data)],
            "columns": None,
            "encoding": encoding or None,
        }


class UploadForm(_ReadingForm):
    """A new file."""

    file = FileField(_l("File"), [FileRequired(_l("Choose a file."))])


class ReadAgainForm(_ReadingForm):
    """The same file, read as of another day or as another kind of roster."""


class MappingForm(_ReadingForm):
    """What the columns of a table hold; the fields of the columns themselves are `column-0`, `column-1`, …"""

    keep = BooleanField(_l("Keep this for files with the same columns"), default=True)

    def columns(self, header: Sequence[str]) -> list[str]:
        """The field chosen for each column, "" for one that is left out or names no field we know."""
        chosen = [request.form.get(f"column-{index}", "") for index in range(len(header))]
        return [name if name in FIELDS or name == SEAT else "" for name in chosen]
