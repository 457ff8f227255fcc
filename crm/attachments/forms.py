"""A field for a file that is to be kept."""

from __future__ import annotations

from typing import Any

from flask_babel import format_decimal, gettext
from flask_wtf.file import FileField
from wtforms.validators import StopValidation

from crm.attachments.actions import FileRefused, inspect, size_limit
from crm.attachments.models import FILE_TYPES, Refusal


def refusal_text(reason: Refusal) -> str:
    """Why a file cannot be kept, and what to do."""
    texts: dict[Refusal, str] = {
        Refusal.EMPTY: gettext("This file is empty. Choose another one."),
        Refusal.TOO_LARGE: gettext(
            "This file is too large: at most %(megabytes)s MB can be kept.",
            megabytes=format_decimal(size_limit() // 1024 // 1024),
        ),
        Refusal.TYPE: gettext(
            "Files of this kind are not kept. Save it as PDF or as a picture; %(endings)s are kept.",
            endings=", ".join(sorted(FILE_TYPES)),
        ),
        Refusal.CONTENT: gettext("This file is not what its name says. Open it, and save it anew."),
    }
    return texts[reason]


class AttachmentField(FileField):  # type: ignore[misc]  # flask-wtf is untyped
    """A file that may be left out; `data` is its upload, for `attachments.actions.store`, or None."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["render_kw"] = {"accept": ",".join(f".{ending}" for ending in FILE_TYPES), **kwargs.get("render_kw", {})}
        super().__init__(*args, **kwargs)

    def pre_validate(self, form: Any) -> None:
        """Refuse what could not be kept while the rest of the form can still be mended."""
        if not self.data:
            return
        try:
            inspect(self.data)
        except FileRefused as refused:
            raise StopValidation(refusal_text(refused.reason)) from None
