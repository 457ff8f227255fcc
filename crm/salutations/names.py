"""Names as letters write them: what a roster keeps in capitals, in the letters of everyday use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from crm.salutations.tables import rows

# Small letters, then capitals to the end: McALLEN, MacMANUS, d'AMATI, hUIGINN.
_CAPITALS_AFTER = re.compile(r"^(?P<before>\W*(?:\w*[a-zà-öø-ÿ]['’ʼ]?))(?P<capitals>[^\W\d_a-zà-öø-ÿ].*)$")
# Two letters that may be capitals side by side; in most names there are none, and planning looks at thousands.
_PERHAPS_CAPITALS = re.compile(r"[^\W\d_a-zß-öø-ÿ]{2}")
_MC = re.compile(r"^MC(?=[^\W\d_]{3})")
# After these the name begins anew: O'Brien, Dell'Orto. Elsewhere an apostrophe is a letter: Mar'yana.
_ELIDED = frozenset({"O", "D", "L", "N", "M", "DELL", "DALL", "NELL", "SANT", "COLL", "DEGL"})
_APOSTROPHE = re.compile(r"(['’ʼ])")
# Where I without a dot is a letter of its own.
_DOTLESS = frozenset({"TR", "AZ"})
# Where IJ is one letter.
_LONG_IJ = frozenset({"NL", "BE"})
_NUMERAL = re.compile(r"^(?:II|III|IV|VI|VII|VIII|IX)$")
_VOWELS = frozenset("AEIOUYÀÁÂÃÄÅÆÈÉÊËÌÍÎÏÒÓÔÕÖØÙÚÛÜÝ")


@lru_cache(maxsize=1)
def _particles() -> Mapping[str, frozenset[str]]:
    """The small words of family names by country, in small letters."""
    return {code: frozenset(row["words"].split("|")) for row in rows("particles") for code in row["countries"].split()}


def _is_capitals(word: str) -> bool:
    """Whether the word is written in capitals; one letter says nothing, ß has had no capital of use."""
    letters = [letter for letter in word if letter.isalpha() and letter != "ß"]
    return len(letters) > 1 and all(letter == letter.upper() and letter != letter.lower() for letter in letters)


def _lower(text: str, country: str | None) -> str:
    if country in _DOTLESS:
        text = text.replace("I", "ı")
    return text.replace("İ", "i").replace("ẞ", "ß").lower()


def _capitalised(part: str, country: str | None) -> str:
    """One run of capitals between hyphens and apostrophes."""
    if country in _LONG_IJ and part.startswith("IJ"):
        return f"IJ{_lower(part[2:], country)}"
    if found := _MC.match(part):
        return f"Mc{_capitalised(part[found.end() :], country)}"
    # As a whole, for a last sigma is told by where it stands.
    small = _lower(part, country)
    first = next((place for place, letter in enumerate(part) if letter.isalpha()), 0)
    return part[: first + 1] + small[first + 1 :] if len(small) == len(part) else part[:1] + small[1:]


def _in_parts(word: str, country: str | None) -> str:
    shown = []
    for joined in word.split("-"):
        pieces = _APOSTROPHE.split(joined)
        begun = [_capitalised(pieces[0], country)]
        for place in range(1, len(pieces), 2):
            fresh = pieces[place - 1] in _ELIDED
            begun += [pieces[place], (_capitalised if fresh else _lower)(pieces[place + 1], country)]
        shown.append("".join(begun))
    return "-".join(shown)


def _is_initials(word: str) -> bool:
    letters = [letter for letter in word if letter.isalpha()]
    return "." in word or (len(letters) == 2 and _is_capitals(word) and not set(letters) & _VOWELS)


def _word(word: str, country: str | None, last: bool) -> str:
    # One capital is a small word between others too: Moinho E Pinto.
    if not last and word.isupper() and _lower(word, country) in _particles().get(country or "", ()):
        return _lower(word, country)
    if _is_capitals(word):
        if last:
            return _in_parts(word, country)
        return word if _is_initials(word) else _in_parts(word, country)
    found = _CAPITALS_AFTER.match(word)
    if found and _is_capitals(found["capitals"]):
        return found["before"] + _in_parts(found["capitals"], country)
    return word


def display_name(name: str, country: str | None = None) -> str:
    """The name with its words in capitals as everyday writing has them: `Ana ABADÍA JOVER` becomes `Ana Abadía Jover`.

    What is in mixed letters already stays, and so do initials (`J.`, `JD`), numerals and scripts without capitals.
    `country` (ISO 3166-1 alpha-2) tells which words are small there (`VON DER LEYEN`), that an I is dotless in Turkey,
    that IJ is one letter in the Netherlands; capitals cannot tell MacManus from Macmanus, so only Mc is divided.
    """
    if not _PERHAPS_CAPITALS.search(name):
        return name
    words = unicodedata.normalize("NFC", name).split()
    shown = []
    for place, word in enumerate(words, 1):
        kept = "." in word or _NUMERAL.match(word) is not None
        shown.append(word if kept else _word(word, country, place == len(words)))
    return " ".join(shown)
