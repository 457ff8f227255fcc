"""Charts are well-formed, say what they show, and mirror for right-to-left languages."""

from xml.etree import ElementTree

import pytest

from crm.charts import EUROPE, Node, Step, Tile, Way, funnel, tile_map, ways
from crm.charts.funnel import BAR, ROW, WIDTH

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


def ways_drawn(*, right_to_left: bool = False) -> ElementTree.Element:
    ada, bo, cai = Node(1, "Ada", "with us"), Node(2, "Bo & a very long name indeed"), Node(3, "Cai", strong=True)
    found = [Way((ada, bo, cai), (True, False)), Way((ada, cai), (True,))]
    drawn = str(ways("w", "Ways", "Ada knows Bo", found, right_to_left=right_to_left))
    return ElementTree.fromstring(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_ways_draw_each_box_once_and_dash_what_is_weak() -> None:
    svg = ways_drawn()
    assert [svg.find(f"{SVG}{name}").text for name in ("title", "desc")] == ["Ways", "Ada knows Bo"]  # type: ignore[union-attr]
    assert len(list(svg.iter(f"{SVG}rect"))) == 3
    lines = list(svg.iter(f"{SVG}path"))
    assert [("stroke-dasharray" in line.attrib) for line in lines] == [False, True, False]
    written = [each.text for each in svg.iter(f"{SVG}text")]
    assert written[2:4] == ["Bo & a very long name", "indeed"]
    assert not [node for node in svg.iter() if "style" in node.attrib]


def test_ways_run_in_the_direction_of_reading() -> None:
    def places(svg: ElementTree.Element) -> list[float]:
        return [float(box.get("x") or 0) for box in svg.iter(f"{SVG}rect")]

    there, back = places(ways_drawn()), places(ways_drawn(right_to_left=True))
    assert there == sorted(there)
    assert back == there[::-1]
    with pytest.raises(ValueError, match="nothing to draw"):
        ways("w", "Ways", "", [], right_to_left=False)


def test_a_map_of_tiles_has_a_place_for_each_state_and_says_what_it_shows() -> None:
    assert len(set(EUROPE.values())) == len(EUROPE)
    tiles = [Tile("ES", "Spain: neither", "neither", ringed=True), Tile("AL", "Albania: party", "party")]
    drawn = str(tile_map("europe", "Europe", "Parties: Albania", [*tiles, Tile("BR", "Brazil: neither", "neither")]))
    svg = ElementTree.fromstring(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    assert [group.get("class") for group in svg.iter(f"{SVG}g")] == ["tile tile-neither ringed", "tile tile-party"]
    assert [each.text for each in svg.iter(f"{SVG}title")] == ["Europe", "Spain: neither", "Albania: party"]
