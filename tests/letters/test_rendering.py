from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.letters.placeholders import PLACEHOLDERS, clean_value
from crm.letters.rendering import CompiledWording, EmptyValues, Problem, ProblemKind, compile_wording

VALUES = {name: placeholder.example for name, placeholder in PLACEHOLDERS.items()}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(document: str) -> _Reader:
    reader = _Reader()
    reader.feed(document.partition("<body")[2])
    return reader


def compiled(body: str, subject: str = "Subject", language: str = "en") -> CompiledWording:
    return compile_wording(subject, body, language)


def test_markdown_and_values_in_both_parts() -> None:
    letter = compiled("Dear **{{name}}**,\n\n- one\n- {{ country }}\n\n[Read](https://x.example/a)").render(VALUES)
    assert letter.text == "Dear Anna Kowalska,\n\n- one\n- Poland\n\nRead (https://x.example/a)\n"
    assert "<strong>Anna Kowalska</strong>" in letter.html
    assert "<li>Poland</li>" in letter.html
    assert '<a href="https://x.example/a">Read</a>' in letter.html


def test_each_placeholder_of_the_list_is_filled() -> None:
    body = "\n".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
    letter = compiled(body).render(VALUES)
    assert letter.text.split("\n")[:-1] == [placeholder.example for placeholder in PLACEHOLDERS.values()]
    assert compiled(body).problems == ()


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{party}}",
    "{{unknown}}",
    "**bold** _x_ [a](https://evil.example) `code`",
    "# Heading",
    "&lt;b&gt; &amp; O'Neil",
    "{0} {subject} %s %(name)s",
    "\\1 \\g<0> $1",
    "https://evil.example/?a=b&c=d",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_text_and_nothing_else(value: str) -> None:
    letter = compiled("Dear **{{name}}**,\n\n{{name}}", subject="To {{name}}").render({**VALUES, "name": value})
    assert letter.subject == f"To {value}"
    assert letter.text == f"Dear {value},\n\n{value}\n"
    reader = read(letter.html)
    assert reader.tags == ["div", "p", "strong", "p"]
    assert reader.text.count(value) == 2
    assert html.unescape(re.findall("<title>(.*?)</title>", letter.html)[0]) == f"To {value}"


@given(value=st.text(min_size=1, max_size=80))
def test_any_text_survives_as_itself(value: str) -> None:
    clean = clean_value(value)
    if not clean:
        return
    letter = compiled("A {{name}} Z", subject="{{name}}").render({**VALUES, "name": clean})
    assert letter.subject == clean
    assert letter.text == f"A {clean} Z\n"
    assert f"<p>A {html.escape(clean)} Z</p>" in letter.html


def test_a_value_is_cleaned_to_one_line() -> None:
    assert clean_value("Eve\r\nBcc: all@x.example") == "Eve Bcc: all@x.example"
    assert clean_value("  Ana\t\x00Ruiz\u2028 \u202eevil\ue0000\ue001 ") == "Ana Ruiz evil0"
    assert clean_value(None) == clean_value(" \n") == ""
    assert clean_value("Łukasz O’Neil نور") == "Łukasz O’Neil نور"


def test_raw_html_of_the_author_is_shown_not_run() -> None:
    letter = compiled("<script>alert(1)</script>\n\nHi <img src=x onerror=y> {{name}}").render(VALUES)
    assert read(letter.html).tags == ["div", "p", "p"]
    assert "<script>" in letter.text


def test_images_are_not_fetched() -> None:
    letter = compiled("![our logo](https://x.example/pixel.png)").render(VALUES)
    assert "pixel.png" not in letter.html + letter.text
    assert letter.text == "our logo\n"


def test_a_new_line_is_a_new_line() -> None:
    letter = compiled("Jo Martin\nOur campaign").render(VALUES)
    assert letter.text == "Jo Martin\nOur campaign\n"
    assert "Jo Martin<br>\nOur campaign" in letter.html


def test_plain_text_of_every_block() -> None:
    source = (
        "# Head\n\n> quoted\n> twice\n\n1. one\n2. two\n   - inner\n\n```\ncode  here\n```\n\n---\n\n"
        "*a* _b_ ~~c~~ `d` 5 * 3 snake_case_word\n\n<mail@x.example> https://x.example/y 1986\\. Yes"
    )
    assert compiled(source).render(VALUES).text == (
        "Head\n\n> quoted\n> twice\n\n1. one\n2. two\n   - inner\n\n    code  here\n\n--------\n\n"
        "a b c d 5 * 3 snake_case_word\n\nmail@x.example https://x.example/y 1986. Yes\n"
    )


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl")])
def test_the_document_names_language_and_direction(language: str, direction: str) -> None:
    assert f'<html lang="{language}" dir="{direction}">' in compiled("x", language=language).render(VALUES).html


@pytest.mark.parametrize("name", ["group", "name"])
def test_an_empty_value_blocks_the_letter_and_is_named(name: str) -> None:
    with pytest.raises(EmptyValues) as caught:
        compiled("{{name}} {{group}}").render({**VALUES, name: ""})
    assert caught.value.names == [name]


@pytest.mark.parametrize(
    ("subject", "body", "problem"),
    [
        ("s", "Dear {{nmae}}", Problem(ProblemKind.UNKNOWN_PLACEHOLDER, "nmae")),
        ("s", "Dear {{first name}}", Problem(ProblemKind.UNKNOWN_PLACEHOLDER, "first name")),
        ("s", "Dear {{Name}}", Problem(ProblemKind.UNKNOWN_PLACEHOLDER, "Name")),
        ("s", "Dear {{}}", Problem(ProblemKind.UNKNOWN_PLACEHOLDER, "{{}}")),
        ("To {{nmae}}", "b", Problem(ProblemKind.UNKNOWN_PLACEHOLDER, "nmae")),
        ("s", "one\nDear {{name}, ok", Problem(ProblemKind.OPEN_BRACES, "Dear {{name}, ok")),
        ("To name}}", "b", Problem(ProblemKind.OPEN_BRACES, "To name}}")),
        ("s", "[a](https://x.example/{{name}})", Problem(ProblemKind.PLACEHOLDER_IN_LINK)),
        ("s", "https://x.example/{{name}}", Problem(ProblemKind.PLACEHOLDER_IN_LINK)),
        ("s", '[a](https://x.example "{{name}}")', Problem(ProblemKind.PLACEHOLDER_IN_LINK)),
        ("s", "[a](javascript:alert(1))", Problem(ProblemKind.UNSAFE_LINK)),
        (" ", "b", Problem(ProblemKind.EMPTY_SUBJECT)),
        ("s", " \n ", Problem(ProblemKind.EMPTY_BODY)),
    ],
)
def test_a_fault_of_the_wording_is_named(subject: str, body: str, problem: Problem) -> None:
    assert compile_wording(subject, body, "en").problems == (problem,)


def test_a_preview_shows_each_field_in_its_place() -> None:
    wording = compiled("Dear {{name}}, {{nope}} <b>", subject="<i> {{name}}")
    preview = wording.preview(lambda name: f"<mark>{name}</mark>")
    assert preview.subject == "&lt;i&gt; <mark>name</mark>"
    assert preview.text == "Dear <mark>name</mark>, <mark>nope</mark> &lt;b&gt;\n"
    assert preview.html == "<p>Dear <mark>name</mark>, <mark>nope</mark> &lt;b&gt;</p>\n"


def test_private_characters_of_the_author_do_not_make_places() -> None:
    letter = compiled("a \ue0000\ue001 {{name}} \ue0007\ue001", subject="\ue0000\ue001 s").render(VALUES)
    assert letter.text == "a 0 Anna Kowalska 7\n"
    assert letter.subject == "0 s"


@pytest.mark.parametrize("line", ["{{salutation}},", "**{{ salutation }}**:", "{{closing}} ,", "{{salutation}}،"])
def test_a_line_that_ends_in_its_own_mark_takes_no_other(line: str) -> None:
    (problem,) = compile_wording("s", f"{line}\n\nwords", "en").problems
    assert problem.kind is ProblemKind.MARK_TWICE
    body = "{{salutation}}\n\nwe ask you, {{title}}, for words.\n\n{{closing}}\nJo"
    assert not compile_wording("s", body, "en").problems
