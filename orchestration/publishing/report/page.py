"""The report as one HTML page that needs nothing else: no script, no font, no network.

What each section says of itself is worded in `sections.csv` and laid out in `page.html.j2`, which escapes
all that comes from an outlet; the page's own policy lets a browser load and run nothing. Charts are drawn in
`charts`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from orchestration.publishing.report.charts import Chart, told
from orchestration.publishing.report.data import HOSTS, PLANS, Report
from orchestration.publishing.report.palette import for_page

FOLDER, TEMPLATE = Path(__file__).parent, "page.html.j2"
MOST_ROWS = 400
"""Of the numbers beneath a chart."""
_SVG_TAG = re.compile(r"<svg[^>]*>")
_VIEW_BOX = re.compile(r'viewBox="[^"]*"')


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its anchor, heading, and how to read it."""

    id: str
    title: str
    how: str


@cache
def sections() -> tuple[Section, ...]:
    """The parts of the page in their order, from `sections.csv`."""
    with (FOLDER / "sections.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(Section(r["id"], r["title"], r["how"].format(hosts=HOSTS, plans=PLANS)) for r in rows)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER, encoding="utf-8"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template(TEMPLATE)


def render_page(
    report: Report, charts: Mapping[str, tuple[Chart, ...]], drawings: Mapping[str, str], version: str
) -> str:
    """The page: `drawings` are SVG by chart, `version` is that of the report's own code."""
    quality = {name: scores for name, scores in report.quality.items() if isinstance(scores, dict)}
    named = {chart.name: chart for section in charts.values() for chart in section}
    return _template().render(
        report=report, as_of=f"{report.as_of:%Y-%m-%d %H:%M}", sections=sections(), charts=charts,
        svg={name: Markup(_inlined(drawings[name], chart)) for name, chart in named.items()},
        told=told, quality=quality, version=version, most_rows=MOST_ROWS,
    )  # fmt: skip


def _inlined(svg: str, chart: Chart) -> str:
    """A drawing as part of the page: in its colours, scaled to its place, named for a screen reader."""
    opening = _SVG_TAG.search(svg)
    box = _VIEW_BOX.search(svg)
    if opening is None or box is None:
        raise ValueError(f"the drawing {chart.name} is no SVG")
    width = box[0].split()[2]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {box[0]} width="{width}" '
        f'aria-label="{escape(chart.title)}: {escape(chart.words)}">'
    )
    return for_page(head + '<g aria-hidden="true">' + svg[opening.end() :].replace("</svg>", "</g></svg>"))
