"""What a line is about by its first word."""

from __future__ import annotations

import pytest
from flask import Flask

from crm.history.labels import guess_kind
from crm.history.models import InteractionKind


@pytest.mark.sqlite_only
def test_the_first_word_tells_the_kind(app: Flask) -> None:
    lines = {
        "Called about the hearing": InteractionKind.CALL,
        "MET, at last, over coffee": InteractionKind.MEETING,
        "Wrote to the assistant": InteractionKind.LETTER,
        "Replied: not before June": InteractionKind.REPLY,
        "Hearing in committee": InteractionKind.EVENT,
        "Heard that she will move": InteractionKind.NOTE,
        "She will move": InteractionKind.NOTE,
        "": InteractionKind.NOTE,
    }
    with app.test_request_context():
        assert {line: guess_kind(line) for line in lines} == lines
