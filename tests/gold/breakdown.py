"""Where a score comes from: found and missed figures by measure, by hedge and by newsroom.

Counting matches of cores belongs here; what a core is and the score itself are `score.py`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.gold.score import core, unique

Figure = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One group: figures annotated, extracted, and matched by their cores."""

    group: str
    gold: int
    extracted: int
    matched: int

    @property
    def f1(self) -> float:
        """F1 of cores; 0 where there is nothing."""
        return 2 * self.matched / max(1, self.gold + self.extracted)


def newsroom(article_id: str) -> str:
    """The set that an annotated article belongs to: `t7` of `t7-01-gulf-note`; the sample is `dev`."""
    head = article_id.split("-")[0]
    return head if head[:1] in ("t", "o") and head[1:].isdigit() else "dev"


def by_measure(gold: Mapping[str, Any], found: Iterable[Figure]) -> list[Row]:
    """Rows of measures: the measure is part of the core, so each group has both sides."""
    return _rows(gold, found, lambda _, figure: str(figure["measure"]))


def by_newsroom(gold: Mapping[str, Any], found: Iterable[Figure]) -> list[Row]:
    """Rows of the sets that the articles belong to."""
    return _rows(gold, found, lambda name, _: newsroom(name))


def by_hedge(gold: Mapping[str, Any], found: Iterable[Figure]) -> list[Row]:
    """Rows of hedges, each side by its own: a count read with another hedge has other bounds too."""
    return _rows(gold, found, lambda _, figure: str(figure["hedge"]))


def _rows(gold: Mapping[str, Any], found: Iterable[Figure], group: Callable[[str, Figure], str]) -> list[Row]:
    wanted, got = Counter[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    guesses: dict[str, list[Figure]] = {}
    for figure in found:
        guesses.setdefault(str(figure["article"]), []).append(figure)
    for name, entry in gold.items():
        for figure in unique(entry["figures"])[0]:
            wanted[(group(name, figure), name, *core(figure))] += 1
        for figure in unique(guesses.get(name, []))[0]:
            got[(group(name, figure), name, *core(figure))] += 1
    groups = sorted({key[0] for key in (*wanted, *got)})
    both = wanted & got
    return [
        Row(g, *(sum(n for key, n in told.items() if key[0] == g) for told in (wanted, got, both)))
        for g in groups
    ]


def table(title: str, rows: Iterable[Row]) -> str:
    """The rows as lines of text."""
    lines = [f"{title:14} {'gold':>6} {'found':>6} {'right':>6} {'F1':>6}"]
    lines += [f"{r.group:14} {r.gold:6} {r.extracted:6} {r.matched:6} {r.f1:6.3f}" for r in rows]
    return "\n".join(lines)
