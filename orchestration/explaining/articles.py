"""What `laborledger explain` is given: a text, or articles as JSON as `laborledger extract` takes them.

Reading and checking the input belong here; every complaint names the file and the cure.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from orchestration.extraction.jsonl import LineError, parse_article
from orchestration.records import Article

MOST_BYTES = 8 * 1024 * 1024
"""Of one input: it is shown whole, and nobody reads more."""

JSON_NAMES, TEXT_NAMES = (".json", ".jsonl", ".ndjson"), (".txt", ".text", ".md")
_LOOKS_LIKE_JSON = re.compile(r"\s*(?:\[\s*)?\{")
_LOOKS_LIKE_HTML = re.compile(r"\s*<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_WANTED = '{"id", "title", "published", "text"}, one a line'


class InputError(ValueError):
    """The input holds no article; the message names the file, what is wrong, and the cure."""


def read_articles(
    path: Path | None, title: str | None = None, published: date | None = None
) -> list[Article]:
    """The articles of a file, or of stdin where `path` is None; `title` and `published` go before its own.

    Raises InputError.
    """
    name = str(path) if path else "standard input"
    text = _text(name, _bytes(name, path))
    found = list(_articles(name, text)) if _is_json(path, text) else [_plain_article(name, path, text)]
    if not found:
        raise InputError(f"{name} holds no article; give articles as JSON: {_WANTED}")
    return [
        replace(a, title=a.title if title is None else title, published=published or a.published)
        for a in found
    ]


def _bytes(name: str, path: Path | None) -> bytes:
    try:
        if path is None:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise InputError(
            f"{name} is larger than {MOST_BYTES:,} bytes; give fewer articles, as with head -n 100"
        )
    return content


def _text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no UTF-8 text (byte {error.start:,}); save it as UTF-8") from error
    if not text.strip():
        raise InputError(f"{name} is empty; give a text, or articles as JSON: {_WANTED}")
    return text


def _is_json(path: Path | None, text: str) -> bool:
    """By the name where it tells, else by the first character."""
    suffix = path.suffix.lower() if path else ""
    if suffix in (*JSON_NAMES, *TEXT_NAMES):
        return suffix in JSON_NAMES
    return bool(_LOOKS_LIKE_JSON.match(text))


def _plain_article(name: str, path: Path | None, text: str) -> Article:
    """A text as an article, in the form that `records.Article` wants."""
    if _LOOKS_LIKE_HTML.match(text):
        raise InputError(f"{name} is an HTML page; `laborledger parse` makes an article of it")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return Article(path.stem if path else "stdin", "", None, unicodedata.normalize("NFC", lines))


def _articles(name: str, text: str) -> Iterator[Article]:
    """Each article of a JSON text, whether an object, a list of them, or one a line."""
    for where, record in _records(name, text):
        try:
            yield parse_article(record)
        except LineError as error:
            raise InputError(f"{where}: {error}; an article is {_WANTED}") from error


def _records(name: str, text: str) -> list[tuple[str, str]]:
    """Each object's JSON, and where it stands."""
    try:
        whole = json.loads(text)
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply to hold articles") from error
    except ValueError as error:
        lines = [(f"{name}:{n}", line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) > 1 and _is_whole(lines[0][1]):
            return lines
        raise InputError(
            f"{name} is no JSON: {error}; articles are {_WANTED}; save a text that begins so as NAME.txt"
        ) from error
    if isinstance(whole, list):
        return [(f"{name}: article {n}", json.dumps(item)) for n, item in enumerate(whole, 1)]
    return [(name, text)]


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
