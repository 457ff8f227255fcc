"""The sentences that readers of letters see are the same in every language."""

from __future__ import annotations

import re
from pathlib import Path

from crm.inbox.sentences import all_sentences, sentences_in

_USED = re.compile(r'say\("([a-z_]+)"|"((?:again|correct)_(?:done|empty|long))"')
_ROOT = Path(__file__).parents[2]


def test_every_language_has_every_sentence_with_its_blanks() -> None:
    known = all_sentences()
    assert set(known) == {"en", "fr", "es", "ar", "de", "it", "pt", "nl", "pl"}
    english = known["en"].sentences
    for say in known.values():
        assert set(say.sentences) == set(english), say.language
        for name, text in say.sentences.items():
            assert text.strip()
            assert sorted(re.findall(r"%\(\w+\)s", text)) == sorted(re.findall(r"%\(\w+\)s", english[name])), name
    assert [code for code, say in known.items() if say.direction == "rtl"] == ["ar"]


def test_no_sentence_is_missing_or_idle() -> None:
    files = [*(_ROOT / "templates" / "inbox").glob("*.html"), _ROOT / "crm" / "inbox" / "views.py"]
    text = "\n".join(file.read_text() for file in files)
    used = {name for found in _USED.findall(text) for name in found if name}
    # Named by a condition in the template, or of another language.
    used |= {"stop_title", "stopped_title", "object_done_title", "stopped_words", "object_done", "name"}
    assert used == set(all_sentences()["en"].sentences)


def test_names_in_a_sentence_are_escaped() -> None:
    said = sentences_in("fr")("letter_from", sender="<b>Zoé</b>")
    assert "<bdi>&lt;b&gt;Zoé&lt;/b&gt;</bdi>" in said
    assert sentences_in("pt-BR", "fr").language == "pt"
    assert sentences_in("xx", None, "").language == "en"
