"""Windows as arrays: what the encoder's graph takes, and which row of its answer means which pair of marks.

Shared by training and inference, so that both see the same. No labels and no model here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestration.extraction.reader.windows import Window

Ints = npt.NDArray[np.int64]
PLACE, PERIOD, WORK, WHOLE = 0, 1, 2, 3
"""Kinds of pairs: a count with its host, its time, its work, with the count that already includes it."""
KINDS = 4
STEPS = (1, 3, 6, 11, 21, 41, 81, 161)
"""Distances in tokens from which two marks of a pair are one step further apart."""
FARS = 2 * (len(STEPS) + 1) + 1
"""Signed steps, and one more for a place that stands in no sentence."""
MOST_BETWEEN = 2
TIES = 2 * (MOST_BETWEEN + 1)
"""Whether two marks share a sentence, and how many other counts stand between them."""

Key = tuple[object, ...]


@dataclass(slots=True)
class Tensors:
    """A few windows, padded. Positions are flat (row times width plus column); pairs point to counts.

    `ids`, `attention`, `types`: (windows, width). `rows`, `firsts`, `lasts`: (counts,). Others: (pairs,).
    `pair_kinds` holds kind and distance in one number: kind * FARS + step; `pair_ties` kind and tie.
    """

    ids: Ints
    attention: Ints
    types: Ints
    rows: Ints
    firsts: Ints
    lasts: Ints
    pair_counts: Ints
    pair_marks: Ints
    pair_kinds: Ints
    pair_ties: Ints

    def by_name(self) -> dict[str, Ints]:
        """The arrays by the names of the graph's inputs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a count may be linked to: kind, number among its kind, position, passage (-1: in no sentence), and
    `key`, which marks share that mean the same country, time or work.
    """

    kind: int
    index: int
    at: int
    passage: int
    key: Key


def marks_of(window: Window) -> list[Mark]:
    """Everything that the judged counts of a window may be linked to, in the order of their pairs."""
    marks = [Mark(PLACE, i, m.at, m.passage, m.place.host) for i, m in enumerate(window.places)]
    marks += [
        Mark(PERIOD, i, m.at, m.passage, (m.period.start, m.period.end)) for i, m in enumerate(window.periods)
    ]
    marks += [Mark(WORK, i, m.at, m.passage, (m.code,)) for i, m in enumerate(window.works)]
    return marks + [Mark(WHOLE, i, m.first, m.passage, (i,)) for i, m in enumerate(window.counts)]


@dataclass(slots=True)
class Pairs:
    """The pairs of a window: every judged count (rows) with every mark (columns) where `paired`."""

    marks: list[Mark]
    paired: npt.NDArray[np.bool_]

    def __iter__(self) -> Iterator[tuple[int, Mark]]:
        """Number of the judged count and mark, in the order of the graph's rows."""
        rows, columns = np.nonzero(self.paired)
        return (
            (row, self.marks[column]) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        )


def pairs_of(window: Window) -> Pairs:
    """All pairs of a window; no count is paired with itself."""
    marks = marks_of(window)
    numbers = {mark.count.span: index for index, mark in enumerate(window.counts)}
    own = np.array([numbers[mark.count.span] for mark in window.judged])
    columns = np.array([mark.index if mark.kind == WHOLE else -1 for mark in marks])
    return Pairs(marks, own[:, None] != columns[None, :])


def _steps(first: Ints, at: Ints, passage: Ints) -> Ints:
    """How far marks stand from counts: 0 for nowhere, then before them, then behind them."""
    apart = np.searchsorted(STEPS, np.abs(at - first), side="right")
    return np.where(passage < 0, 0, 1 + apart + (len(STEPS) + 1) * (at > first))


def _ties(first: Ints, at: Ints, starts: Ints, same: npt.NDArray[np.bool_]) -> Ints:
    low, high = np.minimum(first, at), np.maximum(first, at)
    between = np.searchsorted(starts, high, side="left") - np.searchsorted(starts, low, side="right")
    return np.asarray(np.minimum(between, MOST_BETWEEN) + (MOST_BETWEEN + 1) * same, dtype=np.int64)


def _column(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)[:, None]


def _paired(window: Window) -> tuple[Ints, Ints, Ints, Ints]:
    """For each pair of a window: judged count, position of the mark, kind with step, kind with tie."""
    pairs = pairs_of(window)
    kinds, at, passage = (_row(pairs.marks, name) for name in ("kind", "at", "passage"))
    first = _column([mark.first for mark in window.judged])
    starts = np.array([mark.first for mark in window.counts if not mark.count.singular], dtype=np.int64)
    same = passage == _column([mark.passage for mark in window.judged])
    told: list[Any] = [
        np.arange(len(window.judged))[:, None],
        at,
        kinds * FARS + _steps(first, at, passage),
        kinds * TIES + _ties(first, at, starts, same),
    ]
    counts, marks, steps, ties = (np.broadcast_to(part, pairs.paired.shape)[pairs.paired] for part in told)
    return counts, marks, steps, ties


def _row(marks: Sequence[Mark], name: str) -> Ints:
    return np.array([getattr(mark, name) for mark in marks], dtype=np.int64)[None, :]


def tensors_of(windows: Sequence[Window]) -> Tensors:
    """One batch of a few windows; each judges at least one count."""
    width = max(len(window.ids) for window in windows)
    ids = np.zeros((len(windows), width), dtype=np.int64)
    attention, types = np.zeros_like(ids), np.zeros_like(ids)
    counted: list[tuple[int, int, int]] = []
    paired: list[tuple[Ints, Ints, Ints, Ints]] = []
    for row, window in enumerate(windows):
        length, first, shift = len(window.ids), len(counted), row * width
        ids[row, :length], types[row, :length], attention[row, :length] = window.ids, window.types, 1
        counted += [(row, shift + mark.first, shift + mark.last) for mark in window.judged]
        counts, marks, steps, ties = _paired(window)
        paired.append((counts + first, marks + shift, steps, ties))
    rows = np.array(counted, dtype=np.int64).T.copy()
    return Tensors(
        ids, attention, types, *rows, *(np.concatenate(part) for part in zip(*paired, strict=True))
    )
