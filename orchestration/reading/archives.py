"""One WARC file to its tables: pre-filter, parse, extract. The one function that every engine runs.

Pages are led to their outlets and parsed as those of an inbox are, and their articles read as a run reads
them, so that the figures are the same. Where tables are written is the business of `outputs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import fsspec

from orchestration.extraction.extract import read_article
from orchestration.extraction.version import extractor_version
from orchestration.reading.prefilter import holds_word, may_name_home
from orchestration.reading.tables import Rows, Tables
from orchestration.reading.warcs import Answer, Reader, Trouble
from orchestration.records import Article, Reading
from orchestration.scraping.asking import PAGE_TYPES
from orchestration.scraping.page import Page, Visit
from orchestration.scraping.parse import parse
from orchestration.scraping.restore import Restorer
from orchestration.scraping.saved import INBOX
from orchestration.scraping.sources import SOURCES_FILE, load_sources
from orchestration.scraping.version import parser_version
from orchestration.scraping.wordpress import JSON_TYPE

LARGEST_PAGE = 3 * 1024 * 1024
"""Bytes of a page that is parsed: crawls cut pages at 1 MB, and a hostile one takes 80 times its size
as a tree.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How files are read: whether texts are kept, of which hosts (none: all), only pages that hold one of
    these words (none: all), and the file of outlets.
    """

    texts: bool = False
    hosts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    sources: Path = SOURCES_FILE

    def wants(self, url: str | None) -> bool:
        """Whether a page's host is one of those asked for, or lies under one."""
        if not self.hosts:
            return True
        try:
            host = (urlsplit(url or "").hostname or "").lower()
        except ValueError:
            return False
        return any(host == wanted or host.endswith(f".{wanted}") for wanted in self.hosts)


def versions() -> dict[str, str]:
    """Those of extractor and parser, which every row names."""
    return {"extractor_version": extractor_version(), "parser_version": parser_version()}


def opened(path: str) -> IO[bytes]:
    """A file, or an address as fsspec knows them, for reading. Raises OSError, ImportError."""
    if "://" not in path:
        return open(path, "rb")
    stream: IO[bytes] = fsspec.open(path, "rb").open()
    return stream


def read_warc(path: str, options: Options) -> Tables:
    """All that a file gives. Raises OSError where it cannot be opened; a broken record is a row of its
    counts.
    """
    with opened(path) as stream:
        return _Reading(path, options, Reader(stream)).tables()


@cache
def _restorer(sources: Path) -> Restorer:
    outlets = (INBOX, *(source for source in load_sources(sources) if not source.sample))
    return Restorer(outlets, "read", partial(parse, sources=outlets), parser_version())


class _Reading:
    """The reading of one file."""

    def __init__(self, path: str, options: Options, reader: Reader) -> None:
        self._options, self._reader = options, reader
        self._name = path.rstrip("/").rpartition("/")[2]
        self._rows = Rows(self._name, versions(), options.texts)
        self._restorer = _restorer(options.sources)
        self._pages = self._passed = 0
        self._left: list[Trouble] = []

    def tables(self) -> Tables:
        for offset, page in self._named_pages():
            for visit in self._restorer.visits(page, self._name, offset):
                self._read(offset, visit)
        reader = self._reader
        counted = {"records": reader.records, "pages": self._pages, "passed": self._passed}
        return self._rows.tables([*reader.troubles, *self._left], bytes=reader.bytes_read, **counted)

    def _named_pages(self) -> Iterator[tuple[int, Page]]:
        """The pages that pass the pre-filter."""
        for answer in self._reader.answers():
            if not self._options.wants(answer.url) or not self._may_be_read(answer):
                continue
            self._pages += 1
            if not may_name_home(answer.payload, answer.content_type) or not self._holds_word(answer):
                continue
            if page := self._page(answer):
                self._passed += 1
                yield answer.offset, page

    def _holds_word(self, answer: Answer) -> bool:
        words = self._options.words
        return not words or holds_word(answer.payload, answer.content_type, words)

    def _page(self, answer: Answer) -> Page | None:
        """The page of an answer; one that is too large or has no date is named among the troubles."""
        size, is_posts = len(answer.payload), (answer.content_type or "").lower().startswith(JSON_TYPE)
        if size > LARGEST_PAGE and not is_posts:
            self._left.append(
                Trouble(answer.offset, f"a page of {size} bytes; at most {LARGEST_PAGE} are parsed")
            )
            return None
        try:
            return answer.page()
        except ValueError:
            self._left.append(Trouble(answer.offset, "the record has no WARC-Date that can be read"))
            return None

    def _may_be_read(self, answer: Answer) -> bool:
        """Whether an answer is of a kind that holds articles; feeds do where an outlet's terms allow no
        more.
        """
        kind = answer.content_type
        if kind is None or PAGE_TYPES.match(kind) or kind.lower().startswith(JSON_TYPE):
            return True
        return any((answer.url or "") in source.feeds for source in self._restorer.sources)

    def _read(self, offset: int, visit: Visit) -> None:
        article = visit.parsed.article if visit.parsed else None
        reading, detail = _read_article(article) if article else (None, None)
        self._rows.add_page(offset, visit, reading, detail)


def _read_article(article: Article) -> tuple[Reading, str | None]:
    """What the extractor says of an article, and what went wrong: one text never ends a file."""
    try:
        return read_article(article), None
    except Exception as error:
        return Reading("failed"), f"{type(error).__name__}: {error}"[:500]
