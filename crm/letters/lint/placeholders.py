"""Finds what was to be filled in and was not: braces of placeholders, and the marks of those who write by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crm.letters.lint.found import Found
from crm.letters.models import FindingCode

# Braces in pairs, and the placeholders of other programs that people paste from.
_LEFT = re.compile(
    r"\{\{[^{}\n]*(?:\}\})?|\}\}|\{[A-Za-z_][\w .-]{0,40}\}|<<[^<>\n]{1,40}>>|«[A-Z][A-Za-z]*_[A-Za-z_]+»|%\(\w+\)s"
)
# [Name], [insert date]; a link's words are gone by now, and footnotes are numbers.
_TO_FILL_IN = re.compile(r"\[(?=[^\]\n]*[^\W\d_]{2})[^\]\n]{2,60}\]|\b(?:XXX+|T(?:ODO|BC|BD))\b|\b[Ll]orem ipsum\b")
_QUOTED = 60


def placeholders_left(text: str) -> Iterator[Found]:
    """Placeholders that stand in the words as they are, and square brackets that look like one."""
    for place in dict.fromkeys(match[0] for match in _LEFT.finditer(text)):
        yield Found(FindingCode.PLACEHOLDER_LEFT, place[:_QUOTED])
    for place in dict.fromkeys(match[0] for match in _TO_FILL_IN.finditer(text)):
        yield Found(FindingCode.ODD_TEXT, place[:_QUOTED])
