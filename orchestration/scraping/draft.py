"""What reading a page gives before it is an article: its parts, and the evidence that is still to be judged.

Also the one place where the paragraphs of a body are cleaned, whatever they were read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from orchestration.scraping.chrome import Kind, furniture
from orchestration.scraping.dates import Candidate, is_date_line
from orchestration.scraping.prose import folded, is_prose

_LONG = 40
"""Letters of a paragraph that no article repeats by chance."""
_LONGEST_MARKER = 40
_BULLETS = ("- ", "* ", "• ", "· ", "– ", "— ", "▲", "△", "▶", "■", "○", "●", "◦")


@dataclass(slots=True)
class Draft:
    """The parts of a page. `credit_lines` are the lines that may say whose story it is."""

    title: str
    paragraphs: list[str]
    authors: tuple[str, ...] = ()
    candidates: list[Candidate] = field(default_factory=list)
    credit_lines: tuple[str, ...] = ()
    language: str | None = None
    canonical_url: str | None = None
    post_id: str | None = None
    site_name: str | None = None


def is_list_item(line: str) -> bool:
    """Whether a short line is an item of the article's own list: a bullet, or a name and its number."""
    if line.startswith(_BULLETS) or (
        line[:3].rstrip(". )").isdigit() and line[:4].strip(". )0123456789") != line[:4]
    ):
        return any(c.isalpha() for c in line)
    name, separator, value = line.partition(":")
    if not separator:
        name, separator, value = line.partition(" | ")
    return bool(separator) and any(c.isdigit() for c in value) and any(c.isalpha() for c in name)


def cleaned(
    paragraphs: Sequence[str], title: str, zone: tzinfo | None, *, marked_up: bool = False
) -> list[str]:
    """The paragraphs that belong to the article.

    Furniture, date lines, repeats and the repeated title go; what follows an end marker goes; a heading
    stays where prose follows it. With `marked_up`, short lines at the end were marked as text and stay.
    """
    kept: list[str] = []
    waiting: list[str] = []
    aside = is_loose = False
    for at, raw in enumerate(paragraphs):
        line = raw.lstrip("\n")
        kind = furniture(line)
        if kind is Kind.END and kept and not (marked_up and _goes_on(paragraphs[at:], kept)):
            break
        if kind is Kind.RELATED or kind is Kind.END:
            aside = len(line) <= _LONGEST_MARKER  # a longer one holds the other story's headline itself
        if kind is not None or is_date_line(line, zone):
            is_loose = True
            continue
        text = line if is_loose else raw  # what it went on has gone
        is_loose = False
        if is_prose(line):
            kept += [*waiting, text]
            waiting, aside = [], False
        elif not aside:
            waiting.append(text)
    kept += [line for line in waiting if is_list_item(line) or marked_up]
    return _without_repeats(kept, title)


def _goes_on(rest: Sequence[str], kept: Sequence[str]) -> bool:
    """Whether the larger part of a marked-up text still follows: then the marker was a box within it."""
    return sum(map(is_prose, rest)) > sum(map(is_prose, kept))


def _without_repeats(paragraphs: Iterable[str], title: str) -> list[str]:
    seen: set[str] = set()
    kept: list[str] = []
    own_title = folded(title)
    for paragraph in paragraphs:
        key = folded(paragraph)
        if not key or (not kept and key == own_title) or (len(key) >= _LONG and key in seen):
            continue
        seen.add(key)
        kept.append(paragraph)
    return _without_summaries(kept)


def _without_summaries(paragraphs: list[str]) -> list[str]:
    """Without a paragraph that only strings together others: a container read beside its own parts."""
    keys = [folded(p) for p in paragraphs]
    long_keys = {k for k in keys if len(k) >= _LONG}

    def is_sum(at: int) -> bool:
        rest = keys[at]
        parts = [k for k in long_keys if k != rest and k in rest] if len(rest) >= 2 * _LONG else []
        return len(parts) > 1 and sum(map(len, parts)) * 10 >= len(rest) * 9

    if len(keys) > 300:
        return paragraphs
    return [p for at, p in enumerate(paragraphs) if not is_sum(at)]
