"""Reads one post of a WordPress answer: its parts, as `html` gives those of a page.

The text is the outlet's own HTML without a theme around it, so nothing has to be searched for.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import unescape
from typing import Any

from orchestration.scraping.dates import Candidate, Rank
from orchestration.scraping.draft import Draft, cleaned
from orchestration.scraping.page import ParseError
from orchestration.scraping.prose import is_prose, one_line
from orchestration.scraping.sources import Source
from orchestration.scraping.tree import blocks, cut, grow

_FURNITURE = frozenset(("furniture", "caption", "byline"))
_MOST_AUTHORS = 20


def read_post(payload: bytes, source: Source) -> Draft:
    """The parts of a post. Raises ParseError where it holds no text."""
    record: dict[str, Any] = json.loads(payload)
    title = _plain(str(record.get("title", {}).get("rendered", "")))
    tree = grow(f"<html><body><article>{record['content']['rendered']}</article></body></html>")
    lines = [block.text.lstrip("\n") for block in blocks(tree)]
    cut(tree, _FURNITURE)
    paragraphs = cleaned([b.text for b in blocks(tree)], title, source.zone, marked_up=True)
    if not any(is_prose(p) for p in paragraphs):
        raise ParseError("no_article", "the post holds no running text")
    return Draft(
        title,
        paragraphs,
        authors=_authors(record),
        candidates=_dates(record, source),
        credit_lines=tuple(line for line in (*lines[:3], *lines[-3:]) if len(line) < 400),
        language=source.language,
        canonical_url=record["link"],
        post_id=str(record["id"]),
    )


def _plain(markup: str) -> str:
    """A title without its markup."""
    return one_line("".join(grow(f"<p>{unescape(markup)}</p>").itertext()))


def _dates(record: dict[str, Any], source: Source) -> list[Candidate]:
    moment = datetime.fromisoformat(record["date_gmt"]).replace(tzinfo=UTC)
    zone = source.zone
    day = (moment.astimezone(zone) if zone else moment).date()
    return [Candidate(Rank.REST, day, f"REST date_gmt: {record['date_gmt']}Z")]


def _authors(record: dict[str, Any]) -> tuple[str, ...]:
    embedded = record.get("_embedded")
    told = embedded.get("author") if isinstance(embedded, dict) else None
    people = told[:_MOST_AUTHORS] if isinstance(told, list) else []
    names = [one_line(str(p["name"])[:200]) for p in people if isinstance(p, dict) and p.get("name")]
    return tuple(dict.fromkeys(name for name in names if name))
