"""Whose story a page says it is: the outlet that a republished article comes from.

Only a page's credits count: its byline, dateline, boilerplate and copyright line. That an article cites
an outlet in its running text says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from orchestration.scraping.chrome import Kind, furniture, is_byline
from orchestration.scraping.draft import Draft
from orchestration.scraping.sources import Source
from orchestration.scraping.tables import load_table

_LONGEST_CREDIT = 400
_DATELINE = re.compile(r"^[^()\n]{2,70}\((?P<name>[^()]{2,40})\)\s?(?:--|[-–—=:])")
_BYLINE = re.compile(r"^by:?\s+(?:the\s+)?", re.IGNORECASE)


@lru_cache(maxsize=8)
def _names(sources: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[tuple[str, str], ...]:
    """Folded credit and source id, the longest credit first."""
    rows = [(credit.casefold(), source) for source, credits in sources for credit in credits]
    return tuple(sorted(rows, key=lambda row: -len(row[0])))


def find_origin(draft: Draft, source: Source, sources: Sequence[Source]) -> str | None:
    """The id of the outlet whose story this is; None where it is the page's own, or the page does not say."""
    names = _names(tuple((s.id, s.credits) for s in sources if s.credits))
    found = _credited(draft, names) or _addressed(draft, source, sources)
    return found if found != source.id else None


def _credited(draft: Draft, names: Sequence[tuple[str, str]]) -> str | None:
    for line in _credit_lines(draft):
        folded = " ".join(line.casefold().replace("’", "'").split())
        if origin := _by_form(folded, names) or _by_byline(line, names) or _whole(folded, names):
            return origin
    return _by_dateline(draft.paragraphs[:2], names)


def _credit_lines(draft: Draft) -> Iterable[str]:
    """Lines that may be credits: furniture but captions, and short paragraphs at both ends of the text."""
    ends = [*draft.paragraphs[:1], *draft.paragraphs[-2:]]
    lines = [line for line in draft.credit_lines if furniture(line) is not Kind.CAPTION]
    return [line for line in (*lines, *ends) if len(line) <= _LONGEST_CREDIT]


def _by_form(line: str, names: Sequence[tuple[str, str]]) -> str | None:
    for form, place in load_table("credit_forms", ("form", "place")):
        before, after = form.split("{}")
        at = line.find(before) if place == "line" else (0 if line.startswith(before) else -1)
        if at < 0:
            continue
        rest = line[at + len(before) :].lstrip("0123456789-– ").removeprefix("the ").removeprefix("by ")
        for name, origin in names:
            if rest.startswith(name) and _ends(rest, len(name)) and rest[len(name) :].startswith(after):
                return origin
    return None


def _ends(text: str, at: int) -> bool:
    """Whether a name ends at `at`: no letter goes on."""
    return at >= len(text) or not text[at].isalnum() or text[at] >= "가"


def _by_byline(line: str, names: Sequence[tuple[str, str]]) -> str | None:
    if not is_byline(line):
        return None
    rest = _BYLINE.sub("", line.casefold())
    return next((o for name, o in names if rest.startswith(name) and _ends(rest, len(name))), None)


def _whole(line: str, names: Sequence[tuple[str, str]]) -> str | None:
    """A line that is nothing but an outlet in brackets: "(Yonhap)"."""
    if not (line.startswith(("(", "[")) and line.endswith((")", "]"))):
        return None
    return next((origin for name, origin in names if line[1:-1].strip() == name), None)


def _by_dateline(paragraphs: Sequence[str], names: Sequence[tuple[str, str]]) -> str | None:
    for paragraph in paragraphs:
        found = _DATELINE.match(paragraph[:140])
        credit = found["name"].casefold().strip() if found else ""
        if origin := next((origin for name, origin in names if credit == name), None):
            return origin
    return None


def _addressed(draft: Draft, source: Source, sources: Sequence[Source]) -> str | None:
    """For a saved page: the outlet whose article address, or whose name, the page itself bears."""
    if source.id != "inbox":
        return None
    any_address = Source.model_fields["article_url"].default
    others = [o for o in sources if o.id != source.id]
    for other in others:
        if other.article_url != any_address and re.match(other.article_url, draft.canonical_url or ""):
            return other.id
    site = (draft.site_name or "").casefold()
    named = (o.id for o in others if site and site in {c.casefold() for c in (o.name, *o.credits)})
    return next(named, None)
