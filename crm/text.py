"""Folding of text for search: no accents, no case, Latin letters."""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

# Greek letters that sound together, spelled as Greek passports (ELOT 743) and newspapers spell them: the library goes
# letter by letter, and nobody looks for Papadopoylos.
_GREEK = re.compile(r"[αεηο]υ(?P<voiceless>(?=[θκξπστφχψ]))?|γ(?=[γξχ])|\bμπ|\bντ")
# Greek, Hebrew and Arabic: their accents, points and vowel signs are left out at will.
_MARKED = re.compile(r"[\u0370-\u03ff\u0590-\u06ff\u1f00-\u1fff]")
_SPELLED = {"γ": "n", "μπ": "b", "ντ": "d"}
_APOSTROPHES = str.maketrans("", "", "'`")


def _spelled(found: re.Match[str]) -> str:
    letters = found[0]
    if letters == "ου":
        return "ou"
    if letters in _SPELLED:
        return _SPELLED[letters]
    return {"α": "a", "ε": "e", "η": "i"}[letters[0]] + ("f" if found["voiceless"] is not None else "v")


def _latin(text: str) -> str:
    if _MARKED.search(text):
        text = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
        # The last sigma is a letter as any other: in capitals it is one and the same.
        text = _GREEK.sub(_spelled, text.lower().replace("ς", "σ"))
    return anyascii(text).translate(_APOSTROPHES)


# The names of institutions, groups and countries come again with every person of a roster.
@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """The text in lower-case ASCII words: `Łukasz KOHUT` and `ŁUKASZ kohut` fold alike, `Νίκος` becomes `nikos`.

    An apostrophe divides no word: `O’Neill` becomes `oneill`.
    """
    return " ".join(re.findall(r"[a-z0-9]+", _latin(text).lower()))
