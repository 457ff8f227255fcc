"""What stands below letters is there in every language that readers are served in, and says who writes."""

from __future__ import annotations

import pytest
from flask import Flask

from config import Settings
from crm.inbox.sentences import all_sentences
from crm.letters.footers import footer_in, words
from crm.outbox.footers import html_with, text_with
from crm.outbox.models import OutgoingMessage

pytestmark = pytest.mark.sqlite_only


def test_there_are_words_in_every_language_of_the_page_they_lead_to() -> None:
    for name, said in words().items():
        assert set(said) == set(all_sentences()), name
        assert len(set(said.values())) == 9
    assert all(sentence.endswith(":") for sentence in words()["end"].values())


def test_a_region_is_served_by_its_language_and_others_by_english(app: Flask) -> None:
    assert footer_in("pt-BR") == words()["end"]["pt"]
    assert footer_in("fi") == footer_in("en") == words()["end"]["en"]


def test_who_writes_stands_first_and_all_of_it_fits_into_its_column(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = settings.model_copy(update={"controller": "x" * 150, "transparency_register": "123456789012345-67"})
    monkeypatch.setitem(app.extensions, "settings", longest)
    column = OutgoingMessage.__table__.c.footer.type
    assert max(len(footer_in(language)) for language in words()["end"]) <= getattr(column, "length", 0)
    own = settings.model_copy(update={"controller": "Us & Co, Rue 1", "transparency_register": "123456-78"})
    monkeypatch.setitem(app.extensions, "settings", own)
    assert footer_in("fr").splitlines() == [
        "Us & Co, Rue 1",
        "Registre de transparence de l’UE: 123456-78",
        words()["end"]["fr"],
    ]
    assert text_with(footer_in("fr"), "Bonjour", "LINK").startswith("Bonjour\n\n-- \nUs & Co, Rue 1\nRegistre")
    assert '<span dir="auto">Us &amp; Co, Rue 1</span><br>' in html_with(footer_in("fr"), "<body></body>", "LINK")
