"""What the check finds in words, values and likeness: rules without a database."""

from __future__ import annotations

import pytest

from crm.letters.lint.likeness import nearly_the_same
from crm.letters.lint.links import is_link_sound
from crm.letters.lint.texts import of_letter, of_wording
from crm.letters.lint.values import odd_values
from crm.letters.models import FindingCode, Severity

ENGLISH = (
    "Dear {{name}},\n\nwill you support the {{treaty}} when your chamber votes on it? Migrant workers and their "
    "families have waited for more than thirty years, and your voice would count for many of them.\n\nYours, {{ask}}"
)
FRENCH = (
    "Madame, Monsieur,\n\nsoutiendrez-vous la Convention lorsque votre chambre votera ? Les travailleurs migrants et "
    "leurs familles attendent depuis plus de trente ans, et votre voix compterait pour beaucoup."
)


def codes(subject: str, body: str, language: str = "en") -> dict[str, str]:
    """Code and detail of what a wording has."""
    return {each.code.value: each.detail for each in of_wording(subject, body, language)}


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ("Dear {name}, hello", "placeholder_left", "{name}"),
        ("Dear <<First Name>>, hello", "placeholder_left", "<<First Name>>"),
        ("Hello %(name)s", "placeholder_left", "%(name)s"),
        ("Dear friend,\n\nTODO: thank them", "odd_text", "TODO"),
        ("Dear [insert name], hello", "odd_text", "[insert name]"),
        ("Dear , hello", "odd_text", "Dear , hello"),
        ("It is  urgent", "odd_text", "It is urgent"),
        ("The treaty (of 1990 is old", "odd_text", "The treaty (of 1990 is old"),
        ("CafÃ© for all", "odd_text", "CafÃ© for all"),
        ("Read [this](http://localhost/page)", "broken_link", "http://localhost/page"),
        ("Read [this](https://example)", "broken_link", "https://example"),
        ("Read https://https://campaign.example/x", "broken_link", "https://https://campaign.example/x"),
        ("Read http:/campaign.example/x now", "broken_link", "http:/campaign.example/x"),
        ("Read [this](mailto:jo)", "broken_link", "mailto:jo"),
        ("![only a picture](https://campaign.example/p.png)", "", ""),
        ("{{name}}", "empty_text", ""),
        ("Points:\n\na) one\n\nb) two [1], «trois», todo el mundo, {{ask}}", "", ""),
        ("See [our page](https://campaign.example/a(b)?c=d#e) or write to <jo@campaign.example>", "", ""),
    ],
)
def test_what_is_wrong_with_words(body: str, code: str, detail: str) -> None:
    assert codes("To {{name}}", body) == ({code: detail} if code else {})


def test_a_text_in_another_language_than_it_is_said_to_be() -> None:
    assert codes("Hello", ENGLISH) == codes("Bonjour", FRENCH, "fr") == {}
    (found,) = of_wording("Bonjour", FRENCH, "en")
    assert (found.code, found.detail, found.weight) == (FindingCode.WRONG_LANGUAGE, "fr", Severity.BLOCKER)
    # A person wrote it for one reader; a letter in two languages; too short to tell.
    (by_hand,) = of_letter("Bonjour", FRENCH, "", "en")
    assert by_hand.weight is Severity.WARNING
    assert codes("Hello", f"{ENGLISH}\n\n{FRENCH}\n\n{FRENCH}") == {}
    assert codes("Bonjour", "Merci beaucoup", "en") == {}


def test_what_is_odd_in_values() -> None:
    fine = {"name": "Anna McDonald", "family_name": "Ng", "group": "EPP", "party": "SYRIZA", "ask": "to vote on 3 May"}
    assert odd_values(fine, fine.keys()) == []
    odd = {
        "name": "n/a",
        "given_name": "ANNA MARIA",
        "family_name": "Null",
        "group": "Group (of the Greens",
        "party": "ALLIANCE OF DEMOCRATS",
        "role": "{{role}}",
        "ask": "Ã©crire",
        "country": "Spain",
        "title": "—",
    }
    found = {each.code: each.detail.split(" · ") for each in odd_values(odd, odd.keys())}
    assert found[FindingCode.EMPTY_VALUE] == ["title: —"]
    assert {each.partition(":")[0] for each in found[FindingCode.ODD_VALUE]} == odd.keys() - {"country", "title"}


def test_two_letters_that_say_nearly_the_same() -> None:
    one, other = (ENGLISH.replace("{{name}}", name) for name in ("Ana Ruiz", "Bo Lund"))
    assert nearly_the_same(one, other)
    assert not nearly_the_same(one, FRENCH)


@pytest.mark.parametrize(
    ("address", "sound"),
    [
        ("https://campaign.example/", True),
        ("https://zürich.example:8443/a?b=c", True),
        ("mailto:jo@campaign.example?subject=x", True),
        ("https://192.168.0.1/", False),
        ("https://campaign.local/", False),
        ("https://campaign..example/", False),
        ("https://campaign.example:99999/", False),
        ("https://campaign.example/%7B%7Bname%7D%7D", False),
        ("ftp://campaign.example/", False),
        ("#top", False),
    ],
)
def test_links_by_how_they_are_written(address: str, sound: bool) -> None:
    assert is_link_sound(address) is sound
