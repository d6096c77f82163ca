"""The steps of a run, without Dagster: collect articles, read figures. What the assets call.

Each works off what it has not yet done for this content and this version of itself, in batches, so
that a killed run loses one batch at most. The writer lock is held while a batch is stored, never
while an outlet is waited for.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from orchestration.extraction.extract import read_article
from orchestration.extraction.version import extractor_version
from orchestration.home import Home
from orchestration.ledger import Ledger, open_ledger
from orchestration.records import Article, Reading
from orchestration.scraping.archive import Archive
from orchestration.scraping.fetch import Fetcher
from orchestration.scraping.inbox import read_inbox
from orchestration.scraping.page import Visit
from orchestration.scraping.scrape import read_again, scrape
from orchestration.scraping.sources import SOURCES_FILE, Source, load_sources
from orchestration.scraping.version import parser_version
from orchestration.selection import LIVE, NONE, SAMPLE, Selection

logger = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 20
"""Pages or articles that are stored at once: what a kill can cost."""


def now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)


def in_batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of up to `size` items, as they come."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@dataclass(slots=True)
class Collected:
    """What one look at the selection gave: outcomes by source, pages by what their parse gave."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    pages: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    read_again: int = 0
    seconds: float = 0.0

    @property
    def is_blind(self) -> bool:
        """Whether outlets were asked, and none of them (nor the inbox) gave anything."""
        return bool(self.dead) and len(self.dead) == len(self.outcomes)

    def add(self, visit: Visit) -> None:
        """Count one request."""
        fetch = visit.fetch
        self.outcomes.setdefault(fetch.source_id, Counter())[fetch.outcome] += 1
        if visit.parsed:
            self.pages[visit.parsed.outcome] += 1
        for detail in (fetch.detail, visit.parsed.detail if visit.parsed else None):
            if detail:
                self.warn(f"{fetch.source_id}: {fetch.url}: {detail}")

    def warn(self, message: str) -> None:
        """Keep a message for the summary, and show it now."""
        self.warnings.append(message)
        logger.warning("%s", message)
