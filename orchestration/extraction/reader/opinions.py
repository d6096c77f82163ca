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
from orchestration.extraction.reader.tensors import PERIOD, PLACE, WHOLE, WORK, Key, Pairs, pairs_of
from orchestration.extraction.reader.windows import Window
from orchestration.records import Measure, Status

Floats = npt.NDArray[np.float32]
MEASURES = tuple(Measure)
STATUSES = tuple(Status)


@dataclass(frozen=True, slots=True)
class PlaceLink:
    """A place as a host: `p` for its country (or region) by all mentions shown, `own` by this mention."""

    place: Place
    p: float
    own: float
    main: bool = False


@dataclass(frozen=True, slots=True)
class PeriodLink:
    """A time expression of a passage, and the probability that it tells when the counted thing happens."""

    passage: int
    period: Period
    p: float


@dataclass(frozen=True, slots=True)
class WholeLink:
    """Another count, and the probability that it already includes the judged one."""

    count: Count
    p: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """One judged count: the probability of each measure (the rest is none) and status, of each sector,
    and of each link to a place, a time or another count.
    """

    passage: int
    count: Count
    measures: dict[Measure, float]
    statuses: dict[Status, float]
    sectors: dict[str, float]
    places: tuple[PlaceLink, ...] = ()
    periods: tuple[PeriodLink, ...] = ()
    wholes: tuple[WholeLink, ...] = ()

    @property
    def figure(self) -> float:
        """The probability that the count is a figure at all."""
        return sum(self.measures.values())


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
    row = start = 0
    for window in windows:
        pairs = pairs_of(window)
        n, stop = len(window.judged), start + int(pairs.paired.sum())
        links = _Links(pairs, logits.pairs[start:stop])
        work = _sigmoid(logits.sectors[row : row + n] + links.works())
        for number in range(n):
            yield _opinion(
                window, number, measures[row + number], statuses[row + number], work[number], links
            )
        row, start = row + n, stop


class _Links:
    """The pairs' logits of a window as a table of judged counts and marks, alone and pooled by their keys."""

    def __init__(self, pairs: Pairs, told: Floats) -> None:
        self.marks = pairs.marks
        alone = np.full(pairs.paired.shape, -30.0, dtype=np.float32)
        alone[pairs.paired] = np.clip(told, -30, 30)
        numbers: dict[tuple[int, Key], int] = {}
        groups = [numbers.setdefault((mark.kind, mark.key), len(numbers)) for mark in self.marks]
        odds = np.zeros((len(alone), len(numbers)), dtype=np.float64)
        for column, group in enumerate(groups):
            odds[:, group] += np.exp(alone[:, column].astype(np.float64))
        self._odds, self._numbers = odds, numbers
        self.alone: list[list[float]] = _sigmoid(alone).tolist()
        self.pooled: list[list[float]] = (odds / (1 + odds))[:, groups].tolist()

    def works(self) -> Floats:
        """What the words for work add to the logits of each sector, (counts, codes)."""
        codes = sector_codes()
        added = np.zeros((len(self._odds), len(codes)), dtype=np.float32)
        for (kind, key), number in self._numbers.items():
            if kind == WORK:
                added[:, codes.index(str(key[0]))] = np.log(self._odds[:, number])
        return added

    def of(self, number: int, kind: int) -> Iterator[tuple[int, float, float]]:
        """Index of each mark of a kind, with its probability pooled and alone, for a judged count."""
        for column, mark in enumerate(self.marks):
            if mark.kind == kind:
                yield mark.index, self.pooled[number][column], self.alone[number][column]


def _opinion(
    window: Window, number: int, measures: Floats, statuses: Floats, work: Floats, links: _Links
) -> Opinion:
    mark = window.judged[number]
    places = ((window.places[i], p, own) for i, p, own in links.of(number, PLACE))
    periods = ((window.periods[i], p) for i, p, _ in links.of(number, PERIOD))
    wholes = ((window.counts[i].count, p) for i, p, _ in links.of(number, WHOLE))
    return Opinion(
        mark.passage,
        mark.count,
        dict(zip(MEASURES, measures[1:].tolist(), strict=True)),
        dict(zip(STATUSES, statuses.tolist(), strict=True)),
        dict(zip(sector_codes(), work.tolist(), strict=True)),
        tuple(PlaceLink(m.place, p, own, m.main) for m, p, own in places),
        tuple(PeriodLink(m.passage, m.period, p) for m, p in periods),
        tuple(WholeLink(count, p) for count, p in wholes if count.span != mark.count.span),
    )
