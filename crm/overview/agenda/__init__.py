"""What waits for somebody: its sections, each a list with a count, as one reader sees them."""

from crm.overview.agenda.reader import Reader
from crm.overview.agenda.sections import (
    FIRST,
    MOST_COUNTED,
    Begun,
    Found,
    Section,
    first_look,
    first_of,
    page_of,
    sections_of,
)

__all__ = [
    "FIRST",
    "MOST_COUNTED",
    "Begun",
    "Found",
    "Reader",
    "Section",
    "first_look",
    "first_of",
    "page_of",
    "sections_of",
]
