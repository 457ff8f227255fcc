"""What a line is about by its first words."""

from __future__ import annotations

import pytest
from flask import Flask

from crm.history.labels import guess_kind
from crm.history.models import InteractionKind


@pytest.mark.sqlite_only
def test_the_first_words_tell_the_kind(app: Flask) -> None:
    lines = {
        "Called about the hearing": InteractionKind.CALL,
        "MET, at last, over coffee": InteractionKind.MEETING,
        "Wrote to the assistant": InteractionKind.LETTER,
        "Replied: not before June": InteractionKind.REPLY,
        "Hearing in committee": InteractionKind.EVENT,
        "Heard that she will move": InteractionKind.NOTE,
        "Had a call: he asks for our figures": InteractionKind.CALL,
        "We had a very short phone call": InteractionKind.CALL,
        "Had him on the phone": InteractionKind.CALL,
        "I wrote to her": InteractionKind.LETTER,
        "E-mail to the office": InteractionKind.LETTER,
        "Had no reply": InteractionKind.NOTE,
        "Promised to call us": InteractionKind.NOTE,
        "– Lunch with her": InteractionKind.MEETING,
        "She will move": InteractionKind.NOTE,
        "": InteractionKind.NOTE,
    }
    with app.test_request_context():
        assert {line: guess_kind(line) for line in lines} == lines
