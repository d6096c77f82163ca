"""One entry of a feed as an article: headline, day and abstract, for outlets whose terms allow no more.

Reading entries belongs here; which outlets are read so, their block in `sources.toml` says.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from orchestration.scraping.dates import Candidate, Rank, read_stamp
from orchestration.scraping.discover import feed_entries
from orchestration.scraping.draft import Draft, cleaned
from orchestration.scraping.page import ParseError
from orchestration.scraping.prose import one_line
from orchestration.scraping.sources import Source
from orchestration.scraping.tree import blocks, grow

ENTRY_TYPE = "application/vnd.laborledger.entry+json"
LONGEST_ABSTRACT = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `payload` is its own JSON, keys sorted."""

    url: str
    title: str
    payload: bytes

    @property
    def sha256(self) -> str:
        """Of the payload."""
        return hashlib.sha256(self.payload).hexdigest()


def read_entries(body: bytes, at: str) -> list[Entry]:
    """The entries of a feed, in its order. Raises UnreadableAnnouncement."""
    found = []
    for url, told in feed_entries(body, at):
        record = {
            "link": url, "title": str(told.get("title") or ""), "published": str(told.get("published") or ""),
            "summary": str(told.get("summary") or "")[: 4 * LONGEST_ABSTRACT],
        }  # fmt: skip
        found.append(Entry(url, record["title"], json.dumps(record, sort_keys=True).encode()))
    return found


def entry_in(body: bytes, at: str, sha256: str) -> Entry | None:
    """The entry of an archived feed whose own JSON has this hash."""
    return next((entry for entry in read_entries(body, at) if entry.sha256 == sha256), None)


def read_entry(payload: bytes, source: Source) -> Draft:
    """The parts of an entry. Raises ParseError where it has no abstract."""
    record: dict[str, Any] = json.loads(payload)
    title = one_line("".join(grow(f"<p>{record['title']}</p>").itertext()))
    tree = grow(f"<html><body><article>{record['summary']}</article></body></html>")
    paragraphs = cleaned([b.text for b in blocks(tree)], title, source.zone, marked_up=True)
    if not paragraphs:
        raise ParseError("no_article", "the entry has no abstract")
    day = read_stamp(record["published"], source.zone)
    stamped = f"feed published: {record['published'][:40]}"
    return Draft(
        title,
        [paragraph[:LONGEST_ABSTRACT] for paragraph in paragraphs[:3]],
        candidates=[Candidate(Rank.FEED, day, stamped)] if day else [],
        language=source.language,
        canonical_url=record["link"],
    )
