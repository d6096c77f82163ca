"""Windows: what the reader sees of one sentence, with the rules' findings put in as marks.

A window is `[CLS] title and main places [SEP] sentences before [SEP] the sentence [SEP] the next one [SEP]`
as token ids, with the positions of its marked counts, places and periods. All counts of a sentence share
one window, so that one pass judges them all. No judgement is made here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tokenizers import Tokenizer

from orchestration.extraction.counts import Count
from orchestration.extraction.passage import Passage, is_foreign
from orchestration.extraction.periods import Period, find_periods
from orchestration.extraction.places import Place, find_places
from orchestration.records import Article, Span

COUNT_OPEN, COUNT_SHUT, PLACE, PERIOD, MAIN = (f"[unused{n}]" for n in (1, 2, 3, 4, 5))
MARKS = (COUNT_OPEN, COUNT_SHUT, PLACE, PERIOD, MAIN)
MAIN_PLACES = 2
"""Countries that the article names most, offered as hosts to a sentence that names none."""

TITLE_TOKENS, BEFORE_TOKENS, SENTENCE_TOKENS, AFTER_TOKENS = 24, 56, 128, 16
"""Bounds of a window's parts, in tokens of the encoder."""


@dataclass(frozen=True, slots=True)
class CountMark:
    """A marked count: the passage and count it stands for, and the positions of its two marks."""

    passage: int
    count: Count
    opens: int
    shuts: int


@dataclass(frozen=True, slots=True)
class PlaceMark:
    """A marked place and its position; `main` for one that the article as a whole offers."""

    place: Place
    at: int
    main: bool = False


@dataclass(frozen=True, slots=True)
class PeriodMark:
    """A marked time expression of a passage and its position."""

    passage: int
    period: Period
    at: int


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids, their segments (1: the sentence itself), the counts to judge, and all that is marked."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]
    judged: tuple[CountMark, ...]
    counts: tuple[CountMark, ...]
    places: tuple[PlaceMark, ...]
    periods: tuple[PeriodMark, ...]


@dataclass(slots=True)
class _Piece:
    """A run of token ids with its marks at positions in it."""

    ids: list[int]
    counts: list[CountMark] = field(default_factory=list)
    places: list[PlaceMark] = field(default_factory=list)
    periods: list[PeriodMark] = field(default_factory=list)

    def cut(self, start: int, stop: int) -> _Piece:
        """The piece's tokens from `start` to `stop`, with the marks that stand wholly there."""
        return _Piece(
            self.ids[start:stop],
            [
                CountMark(c.passage, c.count, c.opens - start, c.shuts - start)
                for c in self.counts
                if start <= c.opens and c.shuts < stop
            ],
            [PlaceMark(p.place, p.at - start, p.main) for p in self.places if start <= p.at < stop],
            [PeriodMark(p.passage, p.period, p.at - start) for p in self.periods if start <= p.at < stop],
        )


_SURROGATE = re.compile("[\ud800-\udfff]")


def _plain(text: str) -> str:
    """Text that cannot pass for a mark, and that can be encoded: JSON may hold half of a character."""
    return _SURROGATE.sub("\ufffd", text).replace("[", "(").replace("]", ")")


def _marked(passage: Passage, periods: Sequence[Period]) -> str:
    """The passage's text with its marks put in."""
    marks: list[tuple[int, int, str]] = []
    for count in passage.open_counts:
        marks.append((count.span.start, 2, COUNT_OPEN))
        marks.append((count.span.end, 0, COUNT_SHUT))
    marks += [(place.span.start, 1, PLACE) for place in passage.places]
    marks += [(period.span.start, 1, PERIOD) for period in periods]
    parts, at = [], passage.span.start
    for offset, _, mark in sorted(marks):
        parts += [_plain(passage.text[at:offset]), f" {mark} "]
        at = offset
    return "".join([*parts, _plain(passage.text[at : passage.span.end])])


class Windows:
    """Makes the windows of articles; `tokenizer` is the encoder's own, which knows the marks."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._mark = {mark: self._id(mark) for mark in MARKS}
        self._start, self._end = self._id("[CLS]"), self._id("[SEP]")

    def _id(self, piece: str) -> int:
        found: int | None = self._tokenizer.token_to_id(piece)
        if found is None:
            raise ValueError(f"the tokenizer does not know {piece}")
        return found

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _positions(self, ids: Sequence[int], mark: str) -> list[int]:
        return [index for index, token in enumerate(ids) if token == self._mark[mark]]

    def _piece(self, index: int, passage: Passage, published: date | None) -> _Piece:
        periods = _periods(passage, published)
        ids = self._encode(_marked(passage, periods))
        opens, shuts = self._positions(ids, COUNT_OPEN), self._positions(ids, COUNT_SHUT)
        return _Piece(
            ids,
            [CountMark(index, c, o, s) for c, o, s in zip(passage.open_counts, opens, shuts, strict=True)],
            [PlaceMark(p, at) for p, at in zip(passage.places, self._positions(ids, PLACE), strict=True)],
            [PeriodMark(index, p, a) for p, a in zip(periods, self._positions(ids, PERIOD), strict=True)],
        )

    def _title(self, article: Article, passages: Sequence[Passage]) -> _Piece:
        places = main_places(article, passages)
        names = "".join(f" {MAIN} {_plain(place.name)}" for place in places)
        head = self._encode(_plain(article.title))[:TITLE_TOKENS]
        tail = self._encode(names) if places else []
        marks = [
            PlaceMark(p, len(head) + at, True)
            for p, at in zip(places, self._positions(tail, MAIN), strict=True)
        ]
        return _Piece([*head, *tail], places=marks)

    def of(self, article: Article, passages: Sequence[Passage]) -> list[Window]:
        """A window for each passage that holds a count (more where it is very long), in reading order."""
        title = self._title(article, passages)
        pieces: dict[int, _Piece] = {}

        def piece(index: int) -> _Piece:
            if index not in pieces:
                pieces[index] = self._piece(index, passages[index], article.published)
            return pieces[index]

        found: list[Window] = []
        for index, passage in enumerate(passages):
            if passage.open_counts:
                before = _joined([piece(i) for i in range(max(0, index - 2), index)])
                after = piece(index + 1) if index + 1 < len(passages) else _Piece([])
                found += self._build(title, before, piece(index), after)
        return found

    def _build(self, title: _Piece, before: _Piece, main: _Piece, after: _Piece) -> Iterable[Window]:
        before = before.cut(max(0, len(before.ids) - BEFORE_TOKENS), len(before.ids))
        after = after.cut(0, AFTER_TOKENS)
        for group in _groups(main.counts):
            start, stop = _around(group, len(main.ids))
            yield self._window(title, before, main.cut(start, stop), after, {c.count.span for c in group})

    def _window(
        self, title: _Piece, before: _Piece, main: _Piece, after: _Piece, asked: Collection[Span]
    ) -> Window:
        ids, segments = [self._start], [0]
        counts: list[CountMark] = []
        places: list[PlaceMark] = []
        periods: list[PeriodMark] = []
        judged: list[CountMark] = []
        for part in (title, before, main, after):
            shift = len(ids)
            moved = [CountMark(c.passage, c.count, c.opens + shift, c.shuts + shift) for c in part.counts]
            counts += moved
            judged += [c for c in moved if part is main and c.count.span in asked]
            places += [PlaceMark(p.place, p.at + shift, p.main) for p in part.places]
            periods += [PeriodMark(p.passage, p.period, p.at + shift) for p in part.periods]
            ids += [*part.ids, self._end]
            segments += [int(part is main)] * (len(part.ids) + 1)
        return Window(
            tuple(ids), tuple(segments), tuple(judged), tuple(counts), tuple(places), tuple(periods)
        )


def _periods(passage: Passage, published: date | None) -> list[Period]:
    if published is None:
        return []
    return find_periods(passage.text, passage.span.start, passage.span.end, published, False)


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    whole = _Piece([])
    for piece in pieces:
        shift = len(whole.ids)
        whole.counts += [
            CountMark(c.passage, c.count, c.opens + shift, c.shuts + shift) for c in piece.counts
        ]
        whole.places += [PlaceMark(p.place, p.at + shift, p.main) for p in piece.places]
        whole.periods += [PeriodMark(p.passage, p.period, p.at + shift) for p in piece.periods]
        whole.ids += piece.ids
    return whole


def _groups(counts: Sequence[CountMark]) -> list[list[CountMark]]:
    """Counts that fit into one window, in order; a sentence of usual length is one group."""
    groups: list[list[CountMark]] = []
    for count in counts:
        if groups and count.shuts - groups[-1][0].opens < SENTENCE_TOKENS:
            groups[-1].append(count)
        else:
            groups.append([count])
    return groups


def _around(group: Sequence[CountMark], length: int) -> tuple[int, int]:
    """The slice of a sentence of `length` tokens that holds a group, with as much around it as fits."""
    spare = SENTENCE_TOKENS - (group[-1].shuts + 1 - group[0].opens)
    start = max(0, min(group[0].opens - spare // 2, length - SENTENCE_TOKENS))
    return start, min(length, start + SENTENCE_TOKENS)


def main_places(article: Article, passages: Sequence[Passage]) -> list[Place]:
    """The foreign countries or regions that title and text name most, the first mention of each."""
    named = [*find_places(article.title, 0, len(article.title)), *(p for one in passages for p in one.places)]
    foreign = [place for place in named if is_foreign(place)]
    votes = Counter((p.countries, p.region) for p in foreign)
    ranked = [key for key, _ in votes.most_common(MAIN_PLACES)]
    return [next(p for p in foreign if (p.countries, p.region) == key) for key in ranked]
