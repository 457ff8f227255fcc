"""What stands before a name in an address: how it says one is addressed, and what a letter keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from crm.salutations.tables import rows
from crm.salutations.terms import Gender
from crm.text import fold

_ACADEMIC, _EXCELLENCY = "academic", "excellency"


@lru_cache(maxsize=1)
def _known() -> Mapping[str, Mapping[str, str]]:
    return {fold(row["label"]): row for row in rows("honorifics")}


@lru_cache(maxsize=1024)
def told_gender(honorific: str | None) -> Gender | None:
    """The form a civil title asks for (Ms, Mr, Mx); None for any other."""
    known = _known().get(fold(honorific)) if honorific else None
    return Gender(known["means"]) if known and known["means"] not in (_ACADEMIC, _EXCELLENCY) else None


@lru_cache(maxsize=1024)
def academic_title(honorific: str, language: str) -> str:
    """What a letter writes before the family name; nothing for civil titles and excellencies, which the forms tell.

    A title that the table does not know is written as it stands with the contact.
    """
    known = _known().get(fold(honorific))
    if known is None:
        return honorific
    return known.get(language, "") if known["means"] == _ACADEMIC else ""
