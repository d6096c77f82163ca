"""What the reader says of each judged count: probabilities over measures, status, sectors and links.

Turning raw answers (logits) into opinions belongs here; what is made of an opinion is for `judge`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.counts import Count
from orchestration.extraction.periods import Period
from orchestration.extraction.places import Place
from orchestration.extraction.reader.tensors import PERIOD, PLACE, WHOLE, pairs_of
from orchestration.extraction.reader.windows import Window
from orchestration.records import Measure, Status

Floats = npt.NDArray[np.float32]
MEASURES = tuple(Measure)
STATUSES = tuple(Status)


@dataclass(frozen=True, slots=True)
class Opinion:
    """One judged count: the probability of each measure (the rest is none) and status, of each sector,
    and of each link to a marked place, period or other count. A place with `True` is not of the sentences
    shown but offered as one that the article names most.
    """

    passage: int
    count: Count
    measures: dict[Measure, float]
    statuses: dict[Status, float]
    sectors: dict[str, float]
    places: tuple[tuple[Place, float, bool], ...]
    periods: tuple[tuple[int, Period, float], ...]
    wholes: tuple[tuple[Count, float], ...]


@dataclass(frozen=True, slots=True)
class Logits:
    """The graph's answer for a batch; rows are counts (pairs for `pairs`), the first measure is none."""

    measures: Floats
    statuses: Floats
    sectors: Floats
    pairs: Floats


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)


def opinions(windows: Sequence[Window], logits: Logits, temperature: float = 1.0) -> Iterator[Opinion]:
    """The opinions of a batch, in its order of windows and counts; `temperature` calibrates measures."""
    measures, statuses = _softmax(logits.measures / temperature), _softmax(logits.statuses)
    sectors, pairs = _sigmoid(logits.sectors), _sigmoid(logits.pairs)
    row = pair = 0
    for window in windows:
        links: list[dict[int, list[tuple[int, float]]]] = [
            {PLACE: [], PERIOD: [], WHOLE: []} for _ in window.judged
        ]
        for number, kind, index, _ in pairs_of(window):
            links[number][kind].append((index, float(pairs[pair])))
            pair += 1
        for mark, linked in zip(window.judged, links, strict=True):
            yield Opinion(
                mark.passage,
                mark.count,
                dict(zip(MEASURES, measures[row, 1:].tolist(), strict=True)),
                dict(zip(STATUSES, statuses[row].tolist(), strict=True)),
                dict(zip(sector_codes(), sectors[row].tolist(), strict=True)),
                tuple((window.places[i].place, p, window.places[i].main) for i, p in linked[PLACE]),
                tuple((window.periods[i].passage, window.periods[i].period, p) for i, p in linked[PERIOD]),
                tuple((window.counts[i].count, p) for i, p in linked[WHOLE]),
            )
            row += 1
