"""Folding of text for search: no accents, no case, Latin letters."""

import re

from anyascii import anyascii


def fold(text: str) -> str:
    """The text in lower-case ASCII words: `Łukasz KOHUT` and `ŁUKASZ kohut` fold alike, `Νίκος` becomes `nikos`."""
    return " ".join(re.findall(r"[a-z0-9]+", anyascii(text).lower()))
