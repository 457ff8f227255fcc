"""Our own charts: SVG that reads aloud, mirrors for right-to-left languages and needs no style attribute."""

from crm.charts.course import Mark, course
from crm.charts.funnel import Step, funnel
from crm.charts.rows import Strip, strips
from crm.charts.stacked_bar import Share, stacked_bar
from crm.charts.tiles import EUROPE, Tile, tile_map
from crm.charts.ways import Node, Way, ways
from crm.charts.weeks import Pillar, marks, pillars

__all__ = [
    "EUROPE",
    "Mark",
    "Node",
    "Pillar",
    "Share",
    "Step",
    "Strip",
    "Tile",
    "Way",
    "course",
    "funnel",
    "marks",
    "pillars",
    "stacked_bar",
    "strips",
    "tile_map",
    "ways",
]
