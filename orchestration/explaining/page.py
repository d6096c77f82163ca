"""Explanations as one HTML page that needs nothing else: no script, no font, no network.

The template is `page.html.j2`; it escapes all that comes from an article, and the page's own policy lets a
browser load and run nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from orchestration.explaining.explanation import Explanation
from orchestration.explaining.marks import COUNTED, KIND_WORDS, Kind
from orchestration.explaining.wording import FIELDS, NONE, percent, rows_of

FOLDER, TEMPLATE = Path(__file__).parent, "page.html.j2"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER, encoding="utf-8"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template(TEMPLATE)


def render_page(explanations: Sequence[Explanation]) -> str:
    """The page of some articles, one after the other."""
    return _template().render(
        explanations=explanations, kinds=KIND_WORDS, Kind=Kind, counted=COUNTED, fields=FIELDS, blank=NONE,
        percent=percent, rows_of=rows_of,
    )  # fmt: skip
