"""The stream of `laborledger parse`: saved pages as JSON lines in, articles as JSON lines out.

Only the reading and writing of lines belongs here; a bad line becomes an error line and the run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.records import Article
from orchestration.scraping.page import Page, ParseError
from orchestration.scraping.parse import read_page
from orchestration.scraping.saved import INBOX, SavedFileError, read_file
from orchestration.scraping.sources import SOURCES_FILE, Source, load_sources


class LineError(ValueError):
    """A line gives no article; the message says what is wrong and what is wanted. `id` where readable."""

    def __init__(self, message: str, id: str | None = None) -> None:
        super().__init__(message)
        self.id = id


def parse_lines(lines: Iterable[str], errors: list[int] | None = None) -> Iterator[str]:
    """The article of each page in `lines`, one JSON object a line, in the order of the input.

    A line without a page, or a page without an article, gives `{"id", "line", "error"}`; its number
    (from 1) is appended to `errors`, so that the caller can end with exit status 1. An article without a
    day of publication has `published` null. Blank lines are passed over.
    """
    outlets = {source.id: source for source in (INBOX, *load_sources(SOURCES_FILE))}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _dumps(_answer(line, outlets))
        except LineError as error:
            if errors is not None:
                errors.append(number)
            yield _dumps({"id": error.id, "line": number, "error": str(error)})


def _answer(line: str, outlets: Mapping[str, Source]) -> dict[str, object]:
    """The output record of one line. Raises LineError, whatever the page does."""
    record = _record(line)
    name: str = record["id"]
    url, path = _text(record, "url", name), _text(record, "path", name)
    if path is None:
        raise LineError('"path" must be a string, the path of a saved page; it is missing', name)
    source = _source(record, name, outlets)
    try:
        page = Page(url, read_file(Path(path)), None, datetime.now(UTC), path=path)
        return article_record(name, read_page(page, source, tuple(outlets.values())))
    except (SavedFileError, ParseError) as error:
        raise LineError(f"{path}: {error.detail}", name) from None
    except Exception as error:
        raise LineError(
            f"{path}: the page cannot be parsed: {type(error).__name__}: {error}"[:500], name
        ) from error


def _record(line: str) -> dict[str, Any]:
    """One line as a record with an id. Raises LineError."""
    try:
        record = json.loads(line)
    except RecursionError:
        raise LineError("the line is nested too deeply to be a page") from None
    except ValueError as error:
        raise LineError(f"the line is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise LineError("the line must hold a JSON object with id, url and path")
    name = record.get("id")
    if not isinstance(name, str) or not name:
        raise LineError(f'"id" must be a string that is not empty; it is {_shown(name)}')
    return record


def _text(record: dict[str, Any], key: str, id: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise LineError(f'"{key}" must be a string; it is {_shown(value)}', id)
    return value or None


def _source(record: dict[str, Any], id: str, outlets: Mapping[str, Source]) -> Source:
    """The outlet that a line names, by default that of saved pages. Raises LineError."""
    name = _text(record, "source", id) or INBOX.id
    if name not in outlets:
        raise LineError(f'"source" is {_shown(name)}; known outlets are {", ".join(sorted(outlets))}', id)
    return outlets[name]


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]


def article_record(id: str, article: Article) -> dict[str, object]:
    """One output line of the stream, as a dictionary; `published` is an ISO date or None."""
    return {
        "id": id,
        "url": article.url,
        "title": article.title,
        "published": article.published.isoformat() if article.published else None,
        "text": article.text,
        "language": article.language,
        "authors": list(article.authors),
        "canonical_url": article.canonical_url,
        "date_evidence": article.date_evidence,
    }


def _dumps(record: dict[str, object]) -> str:
    """JSON that any stream can carry: a lone surrogate is escaped."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(record)
    return line
