"""A wording as one reader would get it, with filled and missing fields marked: the compiled text that is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crm.letters.placeholders import PLACEHOLDERS
from crm.letters.rendering import Problem, ProblemKind, compile_wording

_FILLED = Markup('<mark class="filled" title="{}">{}</mark>')
_MISSING = Markup('<mark class="missing" title="{}">{}</mark>')
# What is not written yet is seen anyway.
_UNSAID = frozenset({ProblemKind.EMPTY_SUBJECT, ProblemKind.EMPTY_BODY})


@dataclass(frozen=True)
class Preview:
    """Safe HTML of the parts of a letter, the faults of the wording, and the reader's empty placeholders."""

    subject: Markup
    text: Markup
    html: Markup
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
    # The literal parts are sanitised HTML or escaped by the compiler, the fields by the markup they stand in.
    return Preview(Markup(shown.subject), Markup(shown.text), Markup(shown.html), problems, empty)  # noqa: S704
