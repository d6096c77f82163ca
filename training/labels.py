"""Gold articles to labels: which marked count is which gold figure, and what the reader should say of it.

The gold files are `score.py`'s: NAME.txt beside NAME.json. No tensors here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.counts import Count
from orchestration.extraction.passage import Passage, read_passages
from orchestration.extraction.periods import find_periods
from orchestration.extraction.places import Place
from orchestration.extraction.reader.tensors import PERIOD, PLACE, WORK, Key, Mark, pairs_of
from orchestration.extraction.reader.windows import PeriodMark, Window, Windows
from orchestration.records import Article, Measure, Status
from tests.gold.breakdown import newsroom

MEASURES = (None, *Measure)
STATUSES = tuple(Status)
IGNORED = -100
LOOSE = 1.5
"""How far beyond its bound an open count may still mean the same number."""


@dataclass(slots=True)
class Gold:
    """One annotated article with the extractor's passages and, by count span, the gold figure's index."""

    article: Article
    figures: list[dict[str, Any]]
    passages: list[Passage]
    aligned: dict[tuple[int, int], int] = field(default_factory=dict)
    missed: list[int] = field(default_factory=list)

    @property
    def newsroom(self) -> str:
        """The set an article belongs to: what stands before its first dash."""
        return newsroom(self.article.id)


def load_gold(folders: Iterable[Path]) -> list[Gold]:
    """The annotated articles of some folders, in the order of their names."""
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            told = json.loads(path.read_text(encoding="utf-8"))
            text = path.with_suffix(".txt").read_text(encoding="utf-8")
            article = Article(told["id"], told["title"], date.fromisoformat(told["published"]), text)
            gold = Gold(article, told["figures"], read_passages(text))
            _align(gold)
            found.append(gold)
    return found


def _align(gold: Gold) -> None:
    """Give each figure its count: in its quote, with its bounds; else one that shares a bound."""
    taken: set[tuple[int, int]] = set()
    for index, figure in enumerate(gold.figures):
        start = gold.article.text.find(figure["quote"])
        inside = [c for c in _counts(gold.passages) if start <= c.span.start < start + len(figure["quote"])]
        free = [c for c in inside if (c.span.start, c.span.end) not in taken]
        best = max(free, key=lambda count: _likeness(count, figure), default=None)
        if best is None or _likeness(best, figure) == 0:
            gold.missed.append(index)
            continue
        taken.add((best.span.start, best.span.end))
        gold.aligned[best.span.start, best.span.end] = index


def _counts(passages: Iterable[Passage]) -> list[Count]:
    return [count for passage in passages for count in passage.open_counts]


def _likeness(count: Count, figure: dict[str, Any]) -> int:
    """3: both bounds; 2: a shared bound where the other is open in one; 0: another number."""
    if (count.low, count.high) == (figure["low"], figure["high"]):
        return 4 if str(count.hedge) == figure["hedge"] else 3
    ours = {count.low, count.high} - {None}
    return 2 if ours & ({figure["low"], figure["high"]} - {None}) else 0


@dataclass(slots=True)
class Example:
    """A window with labels: for each judged count, and for each group of its pairs (1: linked, 0: not)."""

    window: Window
    measures: list[int]
    statuses: list[int]
    sectors: list[list[int] | None]
    links: dict[tuple[int, int, Key], int]


def examples(gold: Gold, windows: Windows) -> list[Example]:
    """The labelled windows of an article."""
    return [_example(gold, window) for window in windows.of(gold.article, gold.passages)]


def _example(gold: Gold, window: Window) -> Example:
    told = [_figure(gold, mark.count) for mark in window.judged]
    codes = sector_codes()
    return Example(
        window,
        [_measure(gold, mark.count, figure) for mark, figure in zip(window.judged, told, strict=True)],
        [IGNORED if f is None else STATUSES.index(Status(f["status"])) for f in told],
        [None if f is None else [int(code in f["sectors"]) for code in codes] for f in told],
        _links(gold, window, told),
    )


def _links(
    gold: Gold, window: Window, told: Sequence[dict[str, Any] | None]
) -> dict[tuple[int, int, Key], int]:
    """Labels of groups of pairs: linked where one of its pairs is."""
    found: dict[tuple[int, int, Key], int] = {}
    for number, mark in pairs_of(window):
        label = _link(gold, window, window.judged[number].count, mark, told[number])
        group = (number, mark.kind, mark.key)
        if label != IGNORED:
            found[group] = max(found.get(group, 0), label)
    return found


def _link(gold: Gold, window: Window, count: Count, mark: Mark, figure: dict[str, Any] | None) -> int:
    if figure is None:
        retold = retold_figure(gold, count)
        return _hosts(retold, window.places[mark.index].place) if retold and mark.kind == PLACE else IGNORED
    if mark.kind == PLACE:
        return _hosts(figure, window.places[mark.index].place)
    if mark.kind == PERIOD:
        return _when(gold, figure, window.periods[mark.index])
    if mark.kind == WORK:
        return IGNORED
    return _whole(gold, figure, window.counts[mark.index].count)


def _figure(gold: Gold, count: Count) -> dict[str, Any] | None:
    index = gold.aligned.get((count.span.start, count.span.end))
    return None if index is None else gold.figures[index]


def retold_figure(gold: Gold, count: Count) -> dict[str, Any] | None:
    """The one figure whose number a count that is aligned to none tells again."""
    if count.singular or (count.span.start, count.span.end) in gold.aligned:
        return None
    same = [f for f in gold.figures if (count.low, count.high) == (f["low"], f["high"])]
    return same[0] if len(same) == 1 else None


def _measure(gold: Gold, count: Count, figure: dict[str, Any] | None) -> int:
    """The measure's index, 0 for none; a count that may retell a figure loosely teaches nothing."""
    if figure := figure or retold_figure(gold, count):
        return MEASURES.index(Measure(figure["measure"]))
    retold = any(_overlaps(count, f) for f in gold.figures) and not count.singular
    return IGNORED if retold else 0


def is_right(gold: Gold, count: Count) -> int:
    """The measure's index that a count should get (0: none), or -1 where that is not known."""
    index = gold.aligned.get((count.span.start, count.span.end))
    label = _measure(gold, count, None if index is None else gold.figures[index])
    return -1 if label == IGNORED else label


def _overlaps(count: Count, figure: dict[str, Any]) -> bool:
    """Whether a count may be a figure told again: the same number, or a looser wording around it."""
    low, high = figure["low"] or figure["high"], figure["high"] or figure["low"]
    least = count.low if count.low is not None else (count.high or 0) / LOOSE
    most = count.high if count.high is not None else (count.low or 0) * LOOSE
    return bool(least <= low and high <= most)


def _hosts(figure: dict[str, Any], place: Place) -> int:
    named = bool(set(place.countries) & set(figure["countries"]))
    return int(
        named or (place.region is not None and not place.countries and place.region == figure["region"])
    )


def _when(gold: Gold, figure: dict[str, Any], mark: PeriodMark) -> int:
    wanted = (figure["period_start"], figure["period_end"])
    if wanted == (None, None):
        return 0
    planned = figure["status"] == "planned"
    return int(wanted in _readings(gold, mark, planned))


def _readings(gold: Gold, mark: PeriodMark, planned: bool) -> Sequence[tuple[str | None, str | None]]:
    """What the time expression means for a plan or for what is told as done."""
    passage = gold.passages[mark.passage]
    published = gold.article.published
    assert published is not None
    found = find_periods(passage.text, passage.span.start, passage.span.end, published, planned)
    return [
        (p.start and p.start.isoformat(), p.end and p.end.isoformat())
        for p in found
        if p.span.start == mark.period.span.start
    ]


def _whole(gold: Gold, figure: dict[str, Any], other: Count) -> int:
    index = gold.aligned.get((other.span.start, other.span.end))
    whole = None if figure["part_of"] is None else gold.figures[figure["part_of"]]
    if index is None and whole is not None and retold_figure(gold, other) is whole:
        return IGNORED
    return int(index is not None and index == figure["part_of"])
