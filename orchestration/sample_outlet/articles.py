"""The sample articles: a folder of `<id>.txt` beside `<id>.json`, checked and read into records.

What a page looks like does not belong here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

ARTICLES = Path(__file__).parent / "articles"
SEOUL = timezone(timedelta(hours=9))
MOST_ARTICLES = 10_000
LARGEST = 1_000_000
"""Bytes of one file."""

REQUIRED = frozenset({"id", "title", "published", "author", "section"})
ALLOWED = REQUIRED | {"modified"}
ID = re.compile(r"[a-z0-9-]{1,100}")
LONGEST_HEADING = 70
SENTENCE_ENDS = tuple(".?!:;,\"”'’)…")
NO_HEADING_STARTS = tuple("•—–-*\"“'‘(")


class SampleArticleError(ValueError):
    """A folder of articles cannot be served; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph or sub-heading: its lines."""

    lines: tuple[str, ...]
    is_heading: bool


@dataclass(frozen=True, slots=True)
class SampleArticle:
    """One article; `published` and `modified` are moments in Seoul time."""

    id: str
    title: str
    published: datetime
    modified: datetime
    author: str
    section: str
    text: str

    @property
    def path(self) -> str:
        """Where it stands on the site."""
        return f"/{self.published:%Y/%m}/{self.id}/"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its paragraphs and sub-headings: what blank lines separate."""
        parts = (part.strip("\n") for part in self.text.split("\n\n"))
        return tuple(_block(part) for part in parts if part.strip())

    @property
    def teaser(self) -> str:
        """Its first paragraph on one line."""
        return " ".join(self.blocks[0].lines)


def load_articles(folder: Path | None = None) -> tuple[SampleArticle, ...]:
    """The folder's articles (the embedded ones by default), newest first. Raises SampleArticleError."""
    folder = folder or ARTICLES
    if not folder.is_dir():
        raise SampleArticleError(f"{folder}: no such folder")
    paths = sorted(folder.glob("*.json"))
    if len(paths) > MOST_ARTICLES:
        raise SampleArticleError(f"{folder}: more than {MOST_ARTICLES} articles")
    articles = [_load(path) for path in paths]
    return tuple(sorted(articles, key=lambda article: (article.published, article.id), reverse=True))


def _block(part: str) -> Block:
    lines = tuple(line.strip() for line in part.split("\n"))
    only = lines[0]
    is_heading = (
        len(lines) == 1
        and len(only) <= LONGEST_HEADING
        and not only.endswith(SENTENCE_ENDS)
        and not only.startswith(NO_HEADING_STARTS)
    )
    return Block(lines, is_heading)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise SampleArticleError(f"{path}: more than {LARGEST} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SampleArticleError(f"{path}: cannot be read: {error}") from error


def _fields(path: Path) -> Mapping[str, str]:
    """The keys of one JSON file, all of them texts that are not empty."""
    try:
        found = json.loads(_read(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise SampleArticleError(f"{path}: no JSON: {error}") from error
    if not isinstance(found, dict) or not found.keys() >= REQUIRED or not found.keys() <= ALLOWED:
        raise SampleArticleError(f"{path}: needs the keys {sorted(REQUIRED)} and may have 'modified'")
    for key, value in found.items():
        if not isinstance(value, str) or not value.strip():
            raise SampleArticleError(f"{path}: key '{key}': {value!r} is no text")
    if found["id"] != path.stem or not ID.fullmatch(path.stem):
        raise SampleArticleError(f"{path}: key 'id': must be the file's name, of a-z, 0-9 and -")
    return found


def _moment(path: Path, key: str, value: str, minute: int) -> datetime:
    """The moment in Seoul time; a day alone is that day at `minute` minutes past midnight."""
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(SEOUL) if moment.tzinfo else moment.replace(tzinfo=SEOUL)
    except (ValueError, OverflowError) as error:
        raise SampleArticleError(f"{path}: key '{key}': {value!r} is no ISO date or time") from error
    return moment + timedelta(minutes=minute) if len(value) == len("2024-02-27") else moment


def _load(path: Path) -> SampleArticle:
    fields = _fields(path)
    text = _read(path.with_suffix(".txt"))
    if not text.strip():
        raise SampleArticleError(f"{path.with_suffix('.txt')}: holds no text")
    # The time of day follows from the id, so that some pages came out before 09:00 in Seoul, which is
    # still the day before in UTC.
    minute = int.from_bytes(hashlib.sha256(fields["id"].encode()).digest()[:4]) % (24 * 60)
    published = _moment(path, "published", fields["published"], minute)
    modified = _moment(path, "modified", fields.get("modified", fields["published"]), minute)
    return SampleArticle(
        fields["id"], fields["title"], published, max(published, modified), fields["author"],
        fields["section"], text,
    )  # fmt: skip
