"""What two spellings of one place's name share."""

from __future__ import annotations

from functools import lru_cache

from crm.text import fold


# A roster says the same few countries over and over.
@lru_cache(maxsize=8192)
def spelling_key(label: str) -> str:
    """Folded, without articles and the like: `St. Kitts & Nevis` is `Saint Kitts and Nevis`."""
    words = ["saint" if word == "st" else word for word in fold(label).split()]
    # A lone AND is the alpha-3 code of Andorra.
    return " ".join(word for word in words if word not in ("and", "the") or len(words) == 1)
