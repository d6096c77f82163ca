"""Windows as arrays: what the encoder's graph takes, and which row of its answer means which pair of marks.

Shared by training and inference, so that both see the same. No labels and no model here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from orchestration.extraction.reader.windows import Window

Ints = npt.NDArray[np.int64]
PLACE, PERIOD, WHOLE = 0, 1, 2
"""Kinds of pairs: a count with its host, with its time, with the count that already includes it."""


@dataclass(slots=True)
class Tensors:
    """A few windows, padded. Positions are flat (row times width plus column); pairs point to counts.

    `ids`, `attention`, `segments`: (windows, width). `rows`, `opens`, `shuts`: (counts,). Others: (pairs,).
    """

    ids: Ints
    attention: Ints
    segments: Ints
    rows: Ints
    opens: Ints
    shuts: Ints
    pair_counts: Ints
    pair_marks: Ints
    pair_kinds: Ints

    def by_name(self) -> dict[str, Ints]:
        """The arrays by the names of the graph's inputs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def pairs_of(window: Window) -> Iterator[tuple[int, int, int, int]]:
    """Every pair to judge, in order: number of the judged count, kind, number of the mark, its position."""
    for number, mark in enumerate(window.judged):
        for index, place in enumerate(window.places):
            yield number, PLACE, index, place.at
        for index, period in enumerate(window.periods):
            yield number, PERIOD, index, period.at
        for index, other in enumerate(window.counts):
            if other.count.span != mark.count.span:
                yield number, WHOLE, index, other.opens


def tensors_of(windows: Sequence[Window]) -> Tensors:
    """One batch of a few windows."""
    width = max(len(window.ids) for window in windows)
    ids = np.zeros((len(windows), width), dtype=np.int64)
    attention, segments = np.zeros_like(ids), np.zeros_like(ids)
    marks: list[tuple[int, int, int]] = []
    pairs: list[tuple[int, int, int]] = []
    for row, window in enumerate(windows):
        length, first = len(window.ids), len(marks)
        ids[row, :length], segments[row, :length], attention[row, :length] = window.ids, window.segments, 1
        marks += [(row, row * width + mark.opens, row * width + mark.shuts) for mark in window.judged]
        pairs += [(first + number, row * width + at, kind) for number, kind, _, at in pairs_of(window)]
    counted, paired = _columns(marks), _columns(pairs)
    return Tensors(ids, attention, segments, *counted, *paired)


def _columns(rows: Sequence[tuple[int, int, int]]) -> tuple[Ints, Ints, Ints]:
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()
