"""Reads and checks a sources file: the outlets as data.

What a source is belongs here; how it is asked does not. A wrong file is refused whole, naming file,
line, source, key, value and what is allowed.
"""

from __future__ import annotations

import difflib
import json
import re
import reprlib
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

SHAPE = "a sources file is a list of [[source]] blocks"
SOURCES_FILE = Path(__file__).with_name("sources.toml")


class SourceError(ValueError):
    """A sources file is wrong; the message names file, line, key and what is allowed."""


def _is_http(url: str) -> str:
    if not re.match(r"https?://[^/\s]+", url):
        raise ValueError("must be an address that begins with http:// or https://")
    _ = urlsplit(url).port  # raises ValueError for a port that is none
    return url


def _is_http_or_none(url: str) -> str:
    return _is_http(url) if url else url


@cache
def known_zones() -> frozenset[str]:
    """The zones that are known here; to list them looks into hundreds of files."""
    return frozenset(available_timezones())


def _is_zone(name: str) -> str:
    if name not in known_zones():
        close = difflib.get_close_matches(name, sorted(known_zones()), n=1)
        raise ValueError(
            "must be a time zone such as Asia/Seoul" + (f"; did you mean {close[0]}?" if close else "")
        )
    return name


def _is_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from error
    return pattern


def _is_css(selector: str) -> str:
    from cssselect import HTMLTranslator, SelectorError

    try:
        HTMLTranslator().css_to_xpath(selector)
    except SelectorError as error:
        raise ValueError(f"must be a CSS selector: {error}") from error
    return selector


Url = Annotated[str, AfterValidator(_is_http)]
Css = Annotated[str, AfterValidator(_is_css)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selectors(_Strict):
    """CSS selectors of one outlet's article pages; where one is empty, the general way is used."""

    title: tuple[Css, ...] = ()
    body: tuple[Css, ...] = ()
    published: tuple[Css, ...] = ()
    author: tuple[Css, ...] = ()
    remove: tuple[Css, ...] = ()


class Source(_Strict):
    """One outlet: where it announces its articles, how politely to ask, what it calls itself."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
    name: Annotated[str, Field(min_length=1)]
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    timezone: Annotated[str, AfterValidator(_is_zone)]
    homepage: Url
    rest: Annotated[str, AfterValidator(_is_http_or_none)] = ""
    """The posts of a WordPress REST interface; where it gives them, nothing else is asked for."""
    feeds: tuple[Url, ...] = ()
    sitemaps: tuple[Url, ...] = ()
    listings: tuple[Url, ...] = ()
    """Pages that list articles, as a last resort; `{page}` in one counts from 1 up to `listing_pages`."""
    listing_pages: Annotated[int, Field(ge=1, le=500)] = 20
    article_url: Annotated[str, AfterValidator(_is_pattern)] = r"^https?://"
    keywords: tuple[str, ...] = ()
    """Where given, only announced articles whose title or address holds one of these are fetched."""
    selectors: Selectors = Selectors()
    credits: tuple[str, ...] = ()
    """Names under which other pages credit this outlet."""
    delay: Annotated[float, Field(ge=0, le=3600)] = 5.0
    budget: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Requests a run at most."""
    every_minutes: Annotated[int, Field(ge=5, le=100_000)] = 60
    """How long it is left alone by the hourly polling once it was looked at."""
    recheck_days: tuple[Annotated[int, Field(ge=0, le=3650)], ...] = (1, 7, 30)
    """So many days after it was first seen an article is asked for again, for edits; 0: in each run."""
    gone_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """An article that is announced no more is asked for once in so many days, whether it is still there."""
    terms: str = ""
    """What may be stored, and where it says so."""
    stores: Literal["page", "text", "abstract"] = "page"
    """What its terms allow: pages in the archive and texts; texts alone; headline, day and abstract alone."""
    republishes: tuple[str, ...] = ()
    """Ids of outlets whose stories it prints."""
    days_as_written: bool = False
    """Whether a page's own days are kept as they stand: for pages whose outlet is not known."""
    verified: bool = False
    local: bool = False
    """Whether it may live on this machine or a private network."""
    sample: bool = False

    @property
    def zone(self) -> ZoneInfo | None:
        """The outlet's own time zone: the publication day is its day. None: the day as the page writes it."""
        return None if self.days_as_written else ZoneInfo(self.timezone)

    @property
    def addresses(self) -> frozenset[tuple[str, int]]:
        """Host and port of each of its configured addresses."""
        given = (self.homepage, self.rest, *self.feeds, *self.sitemaps, *self.listings)
        parts = [urlsplit(url) for url in given if url]
        return frozenset((p.hostname or "", p.port or (443 if p.scheme == "https" else 80)) for p in parts)

    def wants(self, url: str, told: str) -> bool:
        """Whether an announced address is one of its articles, and `told` of it holds one of its keywords."""
        text = f"{told} {url}".lower()
        return bool(re.match(self.article_url, url)) and (
            not self.keywords or any(word.lower() in text for word in self.keywords)
        )

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that its configured addresses name."""
        return frozenset(host for host, _ in self.addresses)


class _File(_Strict):
    source: tuple[Source, ...]


def load_sources(path: Path) -> tuple[Source, ...]:
    """The outlets of a sources file, in its order. Raises SourceError."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SourceError(f"{path}: no TOML: {error}") from error
    try:
        # As JSON, since only there pydantic can be strict and yet take an array for a tuple.
        sources = _File.model_validate_json(json.dumps(raw, default=str), strict=True).source
    except ValidationError as error:
        raise SourceError("\n".join(_explained(path, text, raw, e) for e in error.errors())) from None
    if not sources:
        raise SourceError(f"{path}:1: key 'source': there is no outlet; {SHAPE}")
    _check_together(path, text, sources)
    return sources


def _check_together(path: Path, text: str, sources: tuple[Source, ...]) -> None:
    """What only the whole file shows: repeated ids, and outlets that announce nothing."""
    seen: set[str] = set()
    for place, source in enumerate(sources):
        where = f"{path}:{_line(text, place, 'id')}: source {source.id!r}"
        if source.id in seen:
            raise SourceError(f"{where}: key 'id': another source has this id already; ids differ")
        if source.id == "inbox":
            raise SourceError(f"{where}: key 'id': 'inbox' is the name of saved pages; choose another")
        if not (source.rest or source.feeds or source.sitemaps or source.listings):
            raise SourceError(f"{where} needs 'rest', 'feeds', 'sitemaps' or 'listings'; it has none of them")
        if source.stores == "abstract" and not source.feeds:
            raise SourceError(f"{where}: key 'stores': abstracts come from feeds; it has none")
        if source.sample and not source.local:
            raise SourceError(f"{where}: key 'sample': a sample outlet is local; add local = true")
        seen.add(source.id)


def _line(text: str, place: int, *keys: str) -> int:
    """The line of the first of `keys` that the file's nth [[source]] block has, or else the block's own."""
    blocks = [m.start(1) for m in re.finditer(r"^[ \t]*(\[\[[ \t]*source[ \t]*\]\])", text, re.MULTILINE)]
    if place >= len(blocks):
        return 1
    end = blocks[place + 1] if place + 1 < len(blocks) else len(text)
    at = blocks[place]
    for key in keys:
        named = re.compile(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", re.MULTILINE)
        if found := named.search(text, at, end):
            return text.count("\n", 0, found.end()) + 1
    return text.count("\n", 0, at) + 1


def _explained(path: Path, text: str, raw: dict[str, Any], error: Any) -> str:
    """One pydantic error as a person reads it: file, line, source, key, value, what is allowed."""
    place = error["loc"]
    if place[0] != "source" or len(place) < 2 or not isinstance(place[1], int):
        return f"{path}:1: key {place[0]!r}: {error['msg']}; {SHAPE}"
    block = raw["source"][place[1]]
    keys = [part for part in place[2:] if isinstance(part, str)]
    key = keys[-1] if keys else None
    who = block.get("id", f"number {place[1] + 1}") if isinstance(block, dict) else f"number {place[1] + 1}"
    where = f"{path}:{_line(text, place[1], *keys[::-1])}: source {who!r}"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key {key!r}{_allowed(key or '', keys)}"
    if error["type"] == "missing":
        return f"{where} needs the key {key!r}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{where}: key {key!r} is {reprlib.repr(error['input'])}: {message}"


def _allowed(key: str, keys: list[str]) -> str:
    model = Selectors if len(keys) > 1 else Source
    close = difflib.get_close_matches(key, model.model_fields, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"{meant} Allowed: {', '.join(sorted(model.model_fields))}"
