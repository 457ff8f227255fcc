"""The form by which addresses are added: typed, from a file, or both."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import StringField, TextAreaField
from wtforms.validators import Length, Optional

from crm.suppressions.actions import LONGEST_NOTE
from crm.suppressions.labels import UNREADABLE
from crm.suppressions.reading import AddressList, Unreadable, read_list, read_typed, text_of


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class SuppressForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Addresses that must not be written to, and why; `found` is what was read of them."""

    addresses = TextAreaField(
        _l("Addresses"), [Length(max=20_000, message=_l("That is too long: use a file."))], filters=[_stripped]
    )
    file = FileField(_l("Or a file of them"), [Optional()])
    note = StringField(
        _l("Why"),
        [Length(max=LONGEST_NOTE, message=_l("At most 200 characters."))],
        filters=[_stripped],
        description=_l("Such as: asked on the phone. Do not name the person: this stays when all else is erased."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found: list[AddressList] = []

    def _read_typed(self) -> bool:
        if not self.addresses.data:
            return True
        typed = read_typed(str(self.addresses.data))
        if typed.refused:
            # Nobody sees in the list which one is missing: all of them, or none.
            words = "; ".join(f"“{piece}”" for piece in typed.refused)
            self.addresses.errors = [gettext("This is no address: %(words)s. Nothing was added yet.", words=words)]
            return False
        self.found.append(typed)
        return True

    def _read_file(self) -> bool:
        if not self.file.data:
            return True
        try:
            self.found.append(read_list(text_of(self.file.data.read())))
        except Unreadable as unreadable:
            self.file.errors = [UNREADABLE[unreadable.reason]]
            return False
        return True

    def validate(self, extra_validators: Any = None) -> bool:
        """Read what was given; both fields may hold something, one must."""
        if not super().validate(extra_validators):
            return False
        if not self.addresses.data and not self.file.data:
            self.addresses.errors = [gettext("Type at least one address, or choose a file.")]
            return False
        return all([self._read_typed(), self._read_file()])
