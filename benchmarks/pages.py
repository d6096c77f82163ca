"""Parsing pages of unknown outlets beside trafilatura alone, on the same pages in the same process.

Both read the house's saved HTML pages, in turns, so that what slows the machine slows both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from orchestration.scraping.page import Page, ParseError
from orchestration.scraping.parse import read_page
from orchestration.scraping.sources import Source

SAVED = Path(__file__).parents[1] / "tests" / "pages"
UNKNOWN = Source(
    id="unknown", name="Unknown", language="en", timezone="UTC", homepage="https://unknown.example/"
)
MENUS = (40, 80, 120, 200)
"""Links of the menus of the made pages: the outlets of the press have so many."""
FETCHED_AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def saved_pages(folder: Path = SAVED) -> list[bytes]:
    """The saved HTML pages, by name."""
    return [path.read_bytes() for path in sorted(folder.glob("*/page.html"))]


def press_pages(bodies: Sequence[str]) -> list[bytes]:
    """Pages of 40 to 90 KB around some texts, most of it menus, teasers, scripts and styles."""
    return [_press_page(text, links) for text, links in zip(bodies, MENUS, strict=True)]


def _press_page(text: str, links: int) -> bytes:
    sentences = text.split(". ")
    body = "".join(f"<p>{'. '.join(sentences[i : i + 3])}.</p>" for i in range(0, len(sentences), 3))
    menu = "".join(
        f'<li class="menu-item"><a href="/s/{i}"><span>Section {i}</span></a></li>' for i in range(links)
    )
    teasers = "".join(
        f'<div class="card"><a href="/n/{i}"><img src="/{i}.jpg"><h3>Another story, number {i}</h3></a>'
        f'<p class="teaser">A teaser of it, about the mayor of town number {i}.</p></div>'
        for i in range(links // 4)
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><title>Men on the farm</title>'
        '<meta property="article:published_time" content="2024-02-27T08:00:00Z">'
        f"<script>{'var a = 1;' * 2000}</script><style>{'.a{b:c}' * 1500}</style></head>"
        f'<body><nav><ul>{menu}</ul></nav><div class="content-main"><h1>Men on the farm</h1>{body}</div>'
        f"<aside>{teasers}</aside><footer><ul>{menu}</ul></footer></body></html>"
    ).encode()


def ours(payload: bytes) -> None:
    """A page as the pipeline reads it, of an outlet without selectors."""
    with suppress(ParseError):
        read_page(Page("https://unknown.example/a", payload, "text/html; charset=utf-8", FETCHED_AT), UNKNOWN)


def theirs(payload: bytes) -> None:
    """The same page as trafilatura alone reads it."""
    from trafilatura import bare_extraction

    bare_extraction(payload, favor_precision=True, with_metadata=True)


def speed_ratio(pages: Sequence[bytes], seconds: float) -> float:
    """How many times as fast as trafilatura alone we read the pages, by processor time."""
    readers: tuple[Callable[[bytes], None], ...] = (ours, theirs)
    for page in pages:  # what is loaded or compiled once is not measured
        for read in readers:
            read(page)
    spent = [0.0, 0.0]
    while sum(spent) < seconds:
        for page in pages:
            for which, read in enumerate(readers):
                begun = time.process_time()
                read(page)
                spent[which] += time.process_time() - begun
    return spent[1] / spent[0]
