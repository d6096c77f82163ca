"""Reads saved text: what a browser's "save as text" or a plain copy of a page gives.

There is no markup, so the headline, the body and the furniture around them are told by their form.
Wordings of furniture do not belong here; they are rows of `chrome.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise

from orchestration.scraping.chrome import Kind, furniture, is_byline, is_weather
from orchestration.scraping.dates import Candidate, is_date_line, visible_candidates
from orchestration.scraping.draft import Draft, cleaned
from orchestration.scraping.page import ParseError
from orchestration.scraping.people import names_in_byline
from orchestration.scraping.prose import folded, is_prose, is_sentence, normalise, one_line

MOST_LINES = 20_000
_LINK = re.compile(r" ?<(?:https?://|mailto:|/)[^<>\s]{0,2000}>")
"""The address that some browsers write behind a link's words."""
_LONGEST_HEADLINE = 220
_NARROWEST, _WIDEST = 50, 100
"""Widths between which a text is taken for one that was wrapped line by line."""
_TITLE_LABELS = ("title", "headline", "제목")
_REACH = 12
"""Lines beyond the body in which a date may still be the article's own."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in the lines of a page: `lines[start:end]` is the body; `title_at` may be None."""

    lines: Sequence[str]
    title_at: int | None
    start: int
    end: int


def read_plain(text: str, zone: tzinfo | None) -> Draft:
    """The parts of a saved text. Raises ParseError where no line of it reads as running text."""
    layout = lay_out(unwrapped(text), zone)
    title = _bare_title(layout)
    paragraphs = cleaned(layout.lines[layout.start : layout.end], title, zone)
    outside = [line for line in layout.lines if furniture(line) is not None]
    bylines = (line for line in outside if furniture(line) is Kind.BYLINE)
    authors = [name for line in bylines for name in names_in_byline(line)]
    return Draft(
        title,
        paragraphs,
        authors=tuple(dict.fromkeys(authors)),
        candidates=dates_around(layout, zone),
        credit_lines=tuple(outside),
    )


def unwrapped(text: str) -> list[str]:
    """The paragraphs and single lines of a text, wrapped lines joined, blank ones and addresses gone."""
    lines = normalise(text).split("\n")[:MOST_LINES]
    bare = (one_line(_LINK.sub("", line)) for line in _rejoined(lines))
    return [line for line in bare if line]


def _rejoined(lines: Sequence[str]) -> Sequence[str]:
    """The lines, or where they were wrapped to a width the paragraphs that they made."""
    width = max((len(line) for line in lines if not _LINK.search(line)), default=0)
    if not _NARROWEST <= width <= _WIDEST:
        return lines
    full = [
        bool(line) and len(line) + 1 + len(after.split(" ", 1)[0]) > width for line, after in pairwise(lines)
    ]
    cut_off = [is_full and not is_sentence(line) for line, is_full in zip(lines, full, strict=False)]
    if sum(cut_off) * 2 < sum(full):  # the long lines are whole sentences: paragraphs of their own
        return lines
    joined: list[list[str]] = []
    for at, line in enumerate(lines):
        if line and at and full[at - 1]:
            joined[-1].append(line)
        elif line:
            joined.append([line])
    return [" ".join(parts) for parts in joined]


def lay_out(lines: Sequence[str], zone: tzinfo | None) -> Layout:
    """Find headline and body in the lines of a page. Raises ParseError where there is no running text."""
    start = next((i for i, line in enumerate(lines) if is_prose(line) and furniture(line) is None), None)
    if start is None:
        raise ParseError("no_article", "the page holds no running text, so no article")
    title_at = _headline(lines, start, zone)
    if title_at is None and _asks(lines, start):
        title_at, start = start, start + 1
    return Layout(lines, title_at, start, _end_of_body(lines, start))


def _asks(lines: Sequence[str], start: int) -> bool:
    """Whether the first running line is a headline that ends in a question or exclamation mark."""
    if start + 1 >= len(lines) or len(lines[start]) > 140 or lines[start][-1] not in "?!":
        return False
    return any(is_prose(line) and furniture(line) is None for line in lines[start + 1 : start + 6])


def _is_candidate(line: str, zone: tzinfo | None) -> bool:
    wide = sum(c >= "\u1100" for c in line)
    long_enough = len(line.split()) >= 4 or wide >= 8
    return (
        long_enough
        and len(line) <= _LONGEST_HEADLINE
        and furniture(line) is None
        and not is_date_line(line, zone)
    )


def _headline(lines: Sequence[str], start: int, zone: tzinfo | None) -> int | None:
    """The headline's place before the body: a repeated line, else the first of the last run of long ones."""
    found = [i for i in range(max(0, start - 200), start) if _is_candidate(lines[i], zone)]
    keys = {i: folded(lines[i]) for i in found}
    repeated = [i for i in found if any(j != i and keys[j].startswith(keys[i]) for j in found)]
    if repeated:
        return repeated[-1]
    place = None
    for i in reversed(found):
        if place is not None and any(_is_menu(lines[k], zone) for k in range(i + 1, place)):
            break
        place = i
    return place


def _is_menu(line: str, zone: tzinfo | None) -> bool:
    """Whether a line is a menu's: a few words that are neither a date nor a byline."""
    return not (is_date_line(line, zone) or is_byline(line))


def _bare_title(layout: Layout) -> str:
    """The headline without the marks and the label that a copy may give it."""
    if layout.title_at is None:
        return ""
    line = one_line(layout.lines[layout.title_at]).strip("#*_= ")
    label, colon, rest = line.partition(":")
    return rest.strip() if colon and label.casefold() in _TITLE_LABELS else line


def _end_of_body(lines: Sequence[str], start: int) -> int:
    """Where the body ends at the latest: at the first end marker after running text."""
    for i in range(start + 1, len(lines)):
        if furniture(lines[i]) is Kind.END:
            return i
    return len(lines)


def dates_around(layout: Layout, zone: tzinfo | None) -> list[Candidate]:
    """What the visible dates beside headline and body say; those in running text say nothing."""
    lines = layout.lines
    title_at = layout.title_at if layout.title_at is not None else layout.start
    told: list[tuple[str, bool]] = []
    for i in [*range(title_at, _end_of_own(layout)), *_before(title_at)]:
        line = lines[i]
        if i >= layout.start and is_prose(line) and furniture(line) is None:
            continue
        if not _is_todays(lines, i):
            told.append((line, i < title_at))
    return list(visible_candidates(told, zone))


def _end_of_own(layout: Layout) -> int:
    """Where the lines end that may speak of the article: a box of other stories has dates of its own."""
    lines = layout.lines
    last = max((i for i in range(layout.start, layout.end) if is_prose(lines[i])), default=layout.start)
    others = (Kind.RELATED, Kind.END)
    return next((i for i in range(last, layout.end) if furniture(lines[i]) in others), layout.end)


def near(layout: Layout) -> Sequence[str]:
    """The lines that may speak of the article: from a little above its headline to the end of its own."""
    first = layout.start if layout.title_at is None else layout.title_at
    return layout.lines[max(0, first - _REACH) : _end_of_own(layout)]


def _before(title_at: int) -> range:
    return range(title_at - 1, max(-1, title_at - 1 - _REACH), -1)


def _is_todays(lines: Sequence[str], at: int) -> bool:
    """Whether a line stands beside a temperature: then its date is that of the day it was looked at."""
    return any(is_weather(line) for line in lines[max(0, at - 1) : at + 2])
