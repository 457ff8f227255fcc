"""What templates and style sheets must hold, read from their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[1]
EXTENDS = re.compile(r'{% extends "([^"]+)" %}')
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Those that others extend.
PARENTS = [
    ROOT / "templates" / name
    for name in sorted({name for path in TEMPLATES for name in EXTENDS.findall(path.read_text())})
]
SHEETS = sorted((ROOT / "static").glob("*.css"))

JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
LETTERS = re.compile(r"[^\W\d_]{2,}")
SAID_ALOUD = {"aria-label", "title", "placeholder", "alt", "data-label", "data-confirm"}
# Elements whose text is data or a name of a thing.
DATA_ELEMENTS = {"bdi", "code", "kbd", "pre", "script", "style", "time", "title"}
VOID_ELEMENTS = {"br", "hr", "img", "input", "link", "meta", "path", "circle", "rect", "use", "line"}

PHYSICAL = re.compile(
    r"(?:^|[\s;{])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|left|right)(?:-[a-z]+)?\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)"
    r"|border-(?:top|bottom)-(?:left|right)-radius"
)
SIDES = re.compile(r"(?:^|[\s;{])(?:margin|padding|inset)\s*:\s*([^;}]+)")

# Words of a scale that need no style of their own.
PLAIN_CLASSES = {"info", "neutral", "success"}


class _Words(HTMLParser):
    """Collects the literal words of a template, outside gettext."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: set[str] = set()
        self.open: list[bool] = []
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [f"{name}={value}" for name, value in attrs if name in SAID_ALOUD and LETTERS.search(value or "")]
        self.classes.update(word for word in (given.get("class") or "").split() if "0" not in word)
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if tag not in VOID_ELEMENTS:
            self.open.append(tag in DATA_ELEMENTS or "data-raw" in given)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID_ELEMENTS and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if LETTERS.search(data) and not any(self.open):
            self.found.append(data.strip())


def _read(template: Path) -> _Words:
    parser = _Words()
    # What Jinja puts in counts as one word without letters; a condition around an attribute leaves the attribute.
    text = template.read_text()
    parser.feed(JINJA.sub(lambda piece: "0" if piece.group().startswith("{{") else "", text))
    return parser


def test_there_is_something_to_read() -> None:
    assert len(TEMPLATES) >= 5
    assert len(SHEETS) >= 5


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_word_of_a_template_goes_through_gettext(template: Path) -> None:
    assert _read(template).found == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_has_no_inline_script_or_style(template: Path) -> None:
    assert _read(template).inline == []
    assert "javascript:" not in template.read_text()


def test_every_class_of_a_template_has_its_style() -> None:
    """A class nobody styles is a misspelt one, or a screen nobody has looked at."""
    styled = set(re.findall(r"\.([a-z][a-z0-9-]*)", "".join(sheet.read_text() for sheet in SHEETS)))
    used = {template.name: _read(template).classes - styled - PLAIN_CLASSES for template in TEMPLATES}
    assert any(_read(template).classes for template in TEMPLATES)
    assert {name: classes for name, classes in used.items() if classes} == {}


def _left_behind(node: nodes.Node) -> Iterator[str]:
    """Names a template sets outside of any block, macro or `with`: the blocks of its children find them changed."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Assign | nodes.AssignBlock):
            targets = child.target.items if isinstance(child.target, nodes.Tuple) else [child.target]
            yield from (target.name for target in targets if isinstance(target, nodes.Name))
        elif isinstance(child, nodes.If):
            yield from _left_behind(child)


def _names_left_behind(source: str) -> list[str]:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    return list(_left_behind(environment.parse(source)))


@pytest.mark.parametrize("template", PARENTS, ids=lambda path: path.name)
def test_a_page_finds_what_its_view_gave_it(template: Path) -> None:
    assert _names_left_behind(template.read_text()) == []


def test_the_reading_of_names_sees_what_it_must() -> None:
    assert _names_left_behind("{% if a %}{% set b = 1 %}{% endif %}{% set c, d = e %}") == ["b", "c", "d"]
    assert (
        _names_left_behind("{% with b = 1 %}{% set c = b %}{% endwith %}{% block d %}{% set e = 1 %}{% endblock %}")
        == []
    )
    assert {path.name for path in PARENTS} >= {"layout.html"}


def test_the_reading_of_templates_sees_what_it_must(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        """<p onclick="x()" style="left: 0" {% if a %}title="Words"{% endif %}>Said {{ _("fine") }}</p>"""
        "<script>x</script>"
    )
    seen = _read(bad)
    assert seen.found == ["title=Words", "Said 0"]
    assert seen.inline == ["onclick", "style", "script"]


def _physical(text: str) -> list[str]:
    """Declarations that name left or right, or give them two values in a shorthand of four."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = [match.group().strip() for match in PHYSICAL.finditer(text)]
    for match in SIDES.finditer(text):
        values = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", "", match.group(1)).split()
        if len(values) == 4 and values[1] != values[3]:
            found.append(match.group().strip())
    return found


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_style_sheets_know_no_left_and_right(sheet: Path) -> None:
    """Logical properties only, so that a page mirrors by its `dir` alone."""
    assert _physical(sheet.read_text()) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_style_sheets_load_nothing(sheet: Path) -> None:
    assert "@import" not in sheet.read_text()
    assert re.findall(r'url\((?!"data:)', sheet.read_text()) == []


@pytest.mark.parametrize(
    "rule",
    [
        "a{margin-left: 0}",
        "a {left:0}",
        "a { text-align: right }",
        "a{border-right: 0}",
        "a{padding: 0 1px 0 2px;}",
        "a{margin: 0 calc(1px + (2px * 3)) 0 0}",
    ],
)
def test_the_reading_of_style_sheets_sees_what_it_must(rule: str) -> None:
    assert len(_physical(rule)) == 1
