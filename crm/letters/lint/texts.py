"""What is wrong with a text: of a wording, whose placeholders are not filled in, or of a letter edited by hand."""

from __future__ import annotations

from functools import lru_cache

from crm.letters.lint.found import Found, together
from crm.letters.lint.language import wrong_language
from crm.letters.lint.links import broken_links
from crm.letters.lint.placeholders import placeholders_left
from crm.letters.lint.slips import slips
from crm.letters.models import FindingCode
from crm.letters.rendering import CompiledWording, compile_wording

# A value, to rules that look at the words around it.
_VALUE = "N"


def _of_words(subject: str, text: str, html: str, language: str, own_words: str, *, by_hand: bool) -> list[Found]:
    found = []
    if not subject.strip() or not any(letter.isalnum() for letter in own_words):
        found.append(Found(FindingCode.EMPTY_TEXT))
    whole = f"{subject}\n\n{text}"
    return together(
        [
            *found,
            *placeholders_left(whole),
            *slips(whole),
            *broken_links(text, html),
            *wrong_language(own_words, language, by_hand=by_hand),
        ]
    )


def _filled(segments: tuple[str, ...], value: str) -> str:
    parts = list(segments)
    parts[1::2] = [value] * (len(segments) // 2)
    return "".join(parts)


def of_compiled(compiled: CompiledWording, language: str) -> list[Found]:
    """What is wrong with a wording, whoever reads it."""
    subject, text, html = (_filled(part, _VALUE) for part in (compiled.subject, compiled.text, compiled.html))
    return _of_words(subject, text, html, language, _filled(compiled.text, " "), by_hand=False)


@lru_cache(maxsize=128)
def of_wording(subject: str, body: str, language: str) -> tuple[Found, ...]:
    """The same, of a wording as it was written."""
    return tuple(of_compiled(compile_wording(subject, body, language), language))


def of_letter(subject: str, text: str, html: str, language: str) -> list[Found]:
    """What is wrong with the words of one letter that a person wrote for its reader."""
    return _of_words(subject, text, html, language, text, by_hand=True)
