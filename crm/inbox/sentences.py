"""The sentences of the pages that readers of letters see, in the languages letters are written in.

They are few and read by people who never chose a language here: one file a language, apart from the catalogs of the
screens. A test holds all files to the same sentences and the same blanks.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from markupsafe import Markup, escape

_FOLDER = Path(__file__).parent / "words"
FALLBACK = "en"


@dataclass(frozen=True)
class Sentences:
    """All sentences in one language; `say("stop_title")` is one of them."""

    language: str
    sentences: dict[str, str]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, for the page's `dir`."""
        return str(Locale(self.language).text_direction)

    def __call__(self, name: str, **blanks: Any) -> Markup:
        """The sentence as HTML, its blanks filled with escaped names that keep their own direction."""
        filled = {blank: Markup("<bdi>{}</bdi>").format(value) for blank, value in blanks.items()}
        return escape(self.sentences[name]) % filled if filled else Markup(escape(self.sentences[name]))  # noqa: S704 - escaped here


@cache
def all_sentences() -> dict[str, Sentences]:
    """The sentences by language, the fallback first."""
    return {
        file.stem: Sentences(file.stem, tomllib.loads(file.read_text(encoding="utf-8")))
        for file in sorted(_FOLDER.glob("*.toml"), key=lambda file: (file.stem != FALLBACK, file.stem))
    }


def sentences_in(*wished: str | None) -> Sentences:
    """Those of the first wish that there is; `pt-BR` is served by `pt`."""
    known = all_sentences()
    for wish in wished:
        language = (wish or "").replace("_", "-").partition("-")[0].lower()
        if language in known:
            return known[language]
    return known[FALLBACK]
