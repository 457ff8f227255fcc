"""The line below letters is there in every language that readers are served in."""

from __future__ import annotations

from crm.inbox.sentences import all_sentences
from crm.letters.footers import footer_in, footers


def test_there_is_a_sentence_in_every_language_of_the_page_it_leads_to() -> None:
    assert set(footers()) == set(all_sentences())
    assert len(set(footers().values())) == len(footers()) == 9
    # They fit into their column.
    assert all(sentence.endswith(":") and len(sentence) < 200 for sentence in footers().values())


def test_a_region_is_served_by_its_language_and_others_by_english() -> None:
    assert footer_in("pt-BR") == footers()["pt"]
    assert footer_in("fi") == footer_in("en") == footers()["en"]
