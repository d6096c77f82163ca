"""The stream of `laborledger extract`: articles as JSON lines in, figures (and rejects) as JSON lines out.

Only the reading and writing of lines belongs here; a bad line becomes an error line and the run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic_core import from_json

from orchestration.extraction.extract import Read, study
from orchestration.extraction.rejects import list_rejects
from orchestration.records import Article, Figure, Reject

_UNPRINTED = ("count_text", "count_start", "count_end", "confidence")
"""Fields of a figure that the ledger keeps and the stream does not carry."""


class LineError(ValueError):
    """A line is no article; the message says what is wrong and what is wanted. `id` where readable."""

    def __init__(self, message: str, id: str | None = None) -> None:
        super().__init__(message)
        self.id = id


def _text(record: dict[str, Any], key: str, default: str | None, id: str | None) -> str:
    value = record.get(key, default)
    if type(value) is str:  # nearly always
        return value
    value = default if value is None and default is not None else value
    if not isinstance(value, str):
        raise LineError(f'"{key}" must be a string; it is {_shown(value)}', id)
    return value


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]


def _published(record: dict[str, Any], id: str | None) -> date | None:
    value = record.get("published")
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        wanted = '"published" must be an ISO date such as "2024-02-27", or null'
        raise LineError(f"{wanted}; it is {_shown(value)}", id) from None


def _loads(line: str | bytes) -> Any:
    """The line's JSON by pydantic's parser, which is several times as fast as the standard library's.

    That one takes what the first refuses (half of a character), and says what is wrong with the rest. Bytes
    that are no UTF-8 become an escape that JSON refuses, and with it the line.
    """
    try:
        return from_json(line)
    except (ValueError, TypeError):
        return json.loads(line if isinstance(line, str) else line.decode("utf-8", "backslashreplace"))


def parse_article(line: str | bytes) -> Article:
    """One line as an Article. Raises LineError."""
    try:
        record = _loads(line)
    except RecursionError:
        raise LineError("the line is nested too deeply to be an article") from None
    except ValueError as error:
        raise LineError(f"the line is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise LineError("the line must hold a JSON object with id, title, published and text")
    name = record.get("id")
    if not isinstance(name, str) or not name:
        raise LineError(f'"id" must be a string that is not empty; it is {_shown(name)}')
    return Article(
        id=name,
        title=_text(record, "title", "", name),
        published=_published(record, name),
        text=_text(record, "text", None, name),
        language=_text(record, "language", "en", name),
    )


def _dumps(record: dict[str, object]) -> str:
    """JSON that any stream can carry: a lone surrogate is escaped."""
    line = json.dumps(record, ensure_ascii=False)
    return line if line.isprintable() or _encodable(line) else json.dumps(record)


def _encodable(line: str) -> bool:
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def figure_record(article_id: str, index: int, figure: Figure) -> dict[str, object]:
    """One output line of the stream, as a dictionary: dates in ISO form, tuples as lists."""
    fields = {k: v for k, v in asdict(figure).items() if k not in _UNPRINTED}
    plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in fields.items()}
    return {"article": article_id, "index": index, **plain}


def reject_record(article_id: str, reject: Reject) -> dict[str, object]:
    """A number that is no figure as one output line of the stream, as a dictionary."""
    fields = ("number", "start", "end", "sentence", "reason", "probability")
    return {"article": article_id, "reject": True, **{name: getattr(reject, name) for name in fields}}


def _records(article: Article, rejects: bool, read: Read | None) -> Iterator[dict[str, object]]:
    """What is told of one article: its figures, then, where asked for, its rejects."""
    done = study(article, read)
    for index, figure in enumerate(done.figures):
        yield figure_record(article.id, index, figure)
    for reject in list_rejects(article.text, done.resolved.refused) if rejects else ():
        yield reject_record(article.id, reject)


def extract_lines(
    lines: Iterable[str | bytes],
    errors: list[int] | None = None,
    rejects: bool = False,
    read: Read | None = None,
) -> Iterator[str]:
    """Figures of the articles in `lines` (text, or UTF-8 as it comes), one JSON object a line, in the order
    of the input; with `rejects`, after an article's figures its numbers near workers that are none.

    A line that is no article gives `{"id", "line", "error"}`; its number (from 1) is appended to
    `errors`, so that the caller can end with exit status 1. Blank lines are passed over. `read` stands
    in for the shipped reader.
    """
    for number, line in enumerate(lines, start=1):
        if not line or line.isspace():
            continue
        try:
            article = parse_article(line)
        except LineError as error:
            if errors is not None:
                errors.append(number)
            yield _dumps({"id": error.id, "line": number, "error": str(error)})
            continue
        yield from (_dumps(record) for record in _records(article, rejects, read))
