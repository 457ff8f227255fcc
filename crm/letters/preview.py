"""A wording as one reader would get it, with filled and missing fields marked: the compiled text that is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from crm.letters.footers import OWN_LINK, footer_in
from crm.letters.placeholders import PLACEHOLDERS
from crm.letters.rendering import Problem, ProblemKind, compile_wording
from crm.outbox.footers import text_with

_FILLED = Markup('<mark class="filled" title="{}">{}</mark>')
_MISSING = Markup('<mark class="missing" title="{}">{}</mark>')
# What is not written yet is seen anyway.
_UNSAID = frozenset({ProblemKind.EMPTY_SUBJECT, ProblemKind.EMPTY_BODY})


@dataclass(frozen=True)
class Preview:
    """Safe HTML of the parts of a letter, the line below it, the wording's faults, the reader's empty placeholders."""

    subject: Markup
    text: Markup
    html: Markup
    footer: str
    problems: Sequence[Problem]
    empty: Sequence[str]


def preview_of(subject: str, body: str, language: str, values: Mapping[str, str]) -> Preview:
    """Preview a wording with one reader's values; a field without a value shows its name instead."""
    compiled = compile_wording(subject, body, language)

    def show(name: str) -> str:
        token = f"{{{{{name}}}}}"
        value = values.get(name)
        return _FILLED.format(token, value) if value else _MISSING.format(token, token)

    shown = compiled.preview(show)
    empty = sorted(name for name in compiled.fields if name in PLACEHOLDERS and not values.get(name))
    problems = [problem for problem in compiled.problems if problem.kind not in _UNSAID]
    footer = footer_in(language)
    text = text_with(escape(footer), shown.text, escape(OWN_LINK))
    # The literal parts are sanitised HTML or escaped by the compiler, the fields by the markup they stand in.
    parts = (Markup(shown.subject), Markup(text), Markup(shown.html))  # noqa: S704
    return Preview(*parts, f"{footer} {OWN_LINK}", problems, empty)
