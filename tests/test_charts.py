"""Charts are well-formed, say what they show, and mirror for right-to-left languages."""

from xml.etree import ElementTree

import pytest

from crm.charts import BAR, ROW, WIDTH, Step, funnel

SVG = "{http://www.w3.org/2000/svg}"
STEPS = [
    Step("Identified", 400, "400"),
    Step("<Contacted>", 100, "100", "25%"),
    Step("Delivered", 0, "0", "0%", strong=True),
]


def parsed(*, right_to_left: bool = False) -> ElementTree.Element:
    drawn = str(funnel("f", 'A "funnel"', "Identified: 400; …", STEPS, right_to_left=right_to_left))
    return ElementTree.fromstring(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_a_funnel_names_and_describes_itself() -> None:
    svg = parsed()
    assert svg.get("role") == "img"
    assert [svg.find(f"{SVG}{name}").text for name in ("title", "desc")] == ['A "funnel"', "Identified: 400; …"]  # type: ignore[union-attr]
    assert (svg.get("aria-labelledby") or "").split() == ["f-title", "f-description"]
    assert svg.get("viewBox") == f"0 0 {WIDTH} {2 * ROW + BAR}"
    assert not [node for node in svg.iter() if "style" in node.attrib]


def test_bars_are_as_wide_as_their_values() -> None:
    bars = parsed().findall(f"{SVG}rect")
    widths = [float(bar.get("width") or 0) for bar in bars]
    assert widths[1] == pytest.approx(widths[0] / 4)
    assert widths[2] < 2
    middles = {round(float(bar.get("x") or 0) + width / 2, 3) for bar, width in zip(bars, widths, strict=True)}
    assert len(middles) == 1


def test_labels_change_sides_for_right_to_left_languages() -> None:
    def place(right_to_left: bool, words: str) -> str | None:
        texts = parsed(right_to_left=right_to_left).iter(f"{SVG}text")
        return next(text.get("x") for text in texts if text.text == words)

    assert (place(False, "<Contacted>"), place(True, "<Contacted>")) == ("0", str(WIDTH))
    assert (place(False, "25%"), place(True, "25%")) == (str(WIDTH), "0")
