"""Tells whether a text is in its language, by py3langid: a model of n-grams that comes with the library.

It was trained on texts of the European Union among others, and asks nobody. It is loaded where a text is first looked
at, which takes half a second and 100 MB, and so in the desk worker alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from crm.letters.lint.found import Found
from crm.letters.models import FindingCode, Severity
from crm.places.countries import LANGUAGES

# Of shorter texts nobody can tell; on longer ones the model is right more than nineteen times in twenty.
FEWEST_LETTERS, FEWEST_OF_PARAGRAPH = 80, 40
_LIKELY, _CERTAIN = 0.8, 0.98
_ADDRESSES = re.compile(r"\S+@\S+|\(?https?://\S+|www\.\S+")


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier


@lru_cache(maxsize=256)
def language_of(text: str) -> tuple[str, float]:
    """Code and probability of the language of a text, among those letters are written in."""
    language, probability = _identifier().classify(text)
    return str(language), float(probability)


def _letters(text: str) -> int:
    return sum(letter.isalpha() for letter in text)


def wrong_language(text: str, language: str, *, by_hand: bool) -> Iterator[Found]:
    """Words in another language than they are said to be in.

    One that is certain blocks, unless part of the text is in its language (there are letters in two), or a person wrote
    it for this one reader.
    """
    words = _ADDRESSES.sub(" ", text)
    if language not in LANGUAGES or _letters(words) < FEWEST_LETTERS:
        return
    found, probability = language_of(words)
    if found == language or probability < _LIKELY:
        return
    paragraphs = [each for each in words.split("\n\n") if _letters(each) >= FEWEST_OF_PARAGRAPH]
    if any(language_of(each)[0] == language for each in paragraphs):
        return
    certain = probability >= _CERTAIN and not by_hand
    yield Found(FindingCode.WRONG_LANGUAGE, found, Severity.BLOCKER if certain else Severity.WARNING)
