"""The colours of the charts, by name: one drawing serves a light page, a dark one, and paper.

Charts are drawn in stand-in colours; here these are turned into the page's variables, or into fixed ones.
"""

from __future__ import annotations

import re

NAMES = ("ink", "dim", "grid", "land", "paper", "low", "plan", "done", "fail")
STANDS_IN = {name: f"#0a0b{number:02x}" for number, name in enumerate(NAMES, start=0x10)}
ON_PAPER = {
    "ink": "#1d1f21", "dim": "#5b6167", "grid": "#dddad2", "land": "#e6e2d8", "paper": "#ffffff",
    "low": "#1f5fbf", "plan": "#8a6100", "done": "#1a7f45", "fail": "#b3261e",
}  # fmt: skip
"""The light page's colours; `page.html.j2` has the same, and those of the dark one."""
_STAND_IN = re.compile("|".join(STANDS_IN.values()))
_NAMES = {colour: name for name, colour in STANDS_IN.items()}


def colour(name: str) -> str:
    """The stand-in that a chart uses for a colour of the palette."""
    return STANDS_IN[name]


def for_page(svg: str) -> str:
    """The drawing in the page's own colours, which follow the reader's scheme."""
    return _STAND_IN.sub(lambda found: f"var(--{_NAMES[found[0]]})", svg)


def for_paper(svg: str) -> str:
    """The drawing in fixed colours."""
    return _STAND_IN.sub(lambda found: ON_PAPER[_NAMES[found[0]]], svg)
