"""What becomes of text that people bring: without signs nobody sees; folded for search, without accents and case."""

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
# Soft hyphens, marks of direction and byte order, blanks without width: they come along from web pages and PDF files.
# Joiners are letters of a kind in Persian and Indic names, and stay between such letters.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
    "|(?<![\u0600-\u08ff\u0900-\u0dff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u08ff\u0900-\u0dff])"
)
# Blanks of other widths, which look like any other.
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def seen(text: str) -> str:
    """The text as it looks: no signs without a shape, plain blanks, letters and their accents in one (NFC)."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", _UNSEEN.sub("", text)))


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


def unaccented(text: str) -> str:
    """The text in lower-case ASCII, its dots and blanks kept: `José.Peña@andalucía` becomes `jose.pena@andalucia`."""
    return _latin(text).lower()


# The names of institutions, groups and countries come again with every person of a roster.
@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """The text in lower-case ASCII words: `Łukasz KOHUT` and `ŁUKASZ kohut` fold alike, `Νίκος` becomes `nikos`.

    An apostrophe divides no word: `O’Neill` becomes `oneill`.
    """
    return " ".join(re.findall(r"[a-z0-9]+", _latin(text).lower()))
