"""Windows: what the reader sees of an article, with the rules' findings as features of its tokens.

A window is `[CLS] title and main places [SEP] sentences [SEP]` as token ids, each with a type: plain text,
or part of a count, a place, a time or a word for work. Each count stands between two marks, which the
encoder learns to fill with what is said of it. It holds every sentence with a count, with what
stands around it, so that one pass judges all counts of an article of usual length; a longer one is read in
several windows. No judgement is made here.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from tokenizers import Tokenizer

from orchestration.extraction.attributes import Mention, find_works
from orchestration.extraction.counts import Count
from orchestration.extraction.passage import Passage, is_foreign, main_places
from orchestration.extraction.periods import Period, find_periods
from orchestration.extraction.places import Place, find_places
from orchestration.extraction.text import tokenize
from orchestration.records import Article, Span

TEXT, COUNT, PLACE, PERIOD, WORK, TITLE = range(6)
"""Types of tokens; where two overlap, the earlier kind of count, place, time and work is shown."""

COUNT_OPEN, COUNT_SHUT = "[unused1]", "[unused2]"
"""Pieces of the encoder's vocabulary that no text can hold."""
TITLE_TOKENS, UNIT_TOKENS, WINDOW_TOKENS, OVERLAP_TOKENS = 32, 160, 440, 80
"""Bounds in the encoder's tokens: of the title, of a sentence's piece, of a window, and of what a window
shows again of the one before."""
BEFORE, AFTER = 2, 1
"""Sentences shown before and after one that holds a count."""


@dataclass(frozen=True, slots=True)
class CountMark:
    """A count to judge: the passage and count it stands for, the positions of its two marks."""

    passage: int
    count: Count
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PlaceMark:
    """A place, its position and passage; `main`, of no passage, for one that the whole article offers."""

    place: Place
    at: int
    passage: int = -1
    main: bool = False


@dataclass(frozen=True, slots=True)
class PeriodMark:
    """A time expression of a passage and its position."""

    passage: int
    period: Period
    at: int


@dataclass(frozen=True, slots=True)
class WorkMark:
    """A wording that names a line of work, its sector code and its position."""

    code: str
    at: int
    passage: int = -1


@dataclass(slots=True)
class Window:
    """Token ids and their types, the marks at positions among them, and which counts to judge here."""

    ids: list[int] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    counts: list[CountMark] = field(default_factory=list)
    places: list[PlaceMark] = field(default_factory=list)
    periods: list[PeriodMark] = field(default_factory=list)
    works: list[WorkMark] = field(default_factory=list)
    judged: list[CountMark] = field(default_factory=list)

    def cut(self, start: int, stop: int) -> Window:
        """The tokens from `start` to `stop`, with the marks that begin there."""
        return Window(
            self.ids[start:stop],
            self.types[start:stop],
            [_moved(c, -start, stop - start - 1) for c in self.counts if start <= c.first < stop],
            [replace(p, at=p.at - start) for p in self.places if start <= p.at < stop],
            [replace(p, at=p.at - start) for p in self.periods if start <= p.at < stop],
            [replace(w, at=w.at - start) for w in self.works if start <= w.at < stop],
        )

    def add(self, other: Window, judged: bool = False) -> None:
        """Put another stretch behind this one; `judged` where its counts are to be judged here."""
        shift = len(self.ids)
        moved = [_moved(count, shift) for count in other.counts]
        self.ids += other.ids
        self.types += other.types
        self.counts += moved
        self.judged += moved if judged else []
        self.places += [replace(p, at=p.at + shift) for p in other.places]
        self.periods += [replace(p, at=p.at + shift) for p in other.periods]
        self.works += [replace(w, at=w.at + shift) for w in other.works]


def _moved(mark: CountMark, shift: int, most: int | None = None) -> CountMark:
    last = mark.last + shift
    return replace(mark, first=mark.first + shift, last=last if most is None else min(last, most))


_SURROGATE = re.compile("[\ud800-\udfff]")


def _plain(text: str) -> str:
    """Text of the same length that cannot pass for a special token, and that can be encoded: JSON may hold
    half of a character.
    """
    return _SURROGATE.sub("\ufffd", text).replace("[", "(").replace("]", ")")


@dataclass(slots=True)
class _Tokens:
    """A stretch of text as token ids, and where each stands in the text."""

    ids: list[int]
    starts: list[int]
    ends: list[int]
    types: list[int]

    def between(self, spans: Iterable[Span], opening: int, shutting: int) -> _Tokens:
        """The tokens with a mark before and behind each span; marks stand where their span does."""
        made, at = _Tokens([], [], [], []), 0
        for span in spans:
            first, stop = bisect_right(self.ends, span.start), bisect_left(self.starts, span.end)
            if at <= first < stop:
                made.extend(self, at, first)
                made.put(opening, span.start)
                made.extend(self, first, stop)
                made.put(shutting, span.end)
                at = stop
        made.extend(self, at, len(self.ids))
        return made

    def extend(self, other: _Tokens, start: int, stop: int) -> None:
        self.ids += other.ids[start:stop]
        self.starts += other.starts[start:stop]
        self.ends += other.ends[start:stop]
        self.types += other.types[start:stop]

    def put(self, piece: int, at: int) -> None:
        """A mark, of no length."""
        self.ids.append(piece)
        self.starts.append(at)
        self.ends.append(at)
        self.types.append(COUNT)

    def mark(self, span: Span, kind: int) -> tuple[int, int] | None:
        """First and last token of a span, typed as `kind` where they are plain; None where it has none."""
        first, stop = bisect_right(self.ends, span.start), bisect_left(self.starts, span.end)
        if first >= stop:
            return None
        for index in range(first, stop):
            if self.types[index] in (TEXT, TITLE):
                self.types[index] = kind
        return first, stop - 1


class Windows:
    """Makes the windows of articles; `tokenizer` is the encoder's own."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._start, self._end = self._id("[CLS]"), self._id("[SEP]")
        self._open, self._shut = self._id(COUNT_OPEN), self._id(COUNT_SHUT)

    def _id(self, piece: str) -> int:
        found: int | None = self._tokenizer.token_to_id(piece)
        if found is None:
            raise ValueError(f"the tokenizer does not know {piece}")
        return found

    def of(self, article: Article, passages: Sequence[Passage]) -> list[Window]:
        """The windows of an article in reading order; each open count is judged in one of them."""
        if not any(passage.open_counts for passage in passages):
            return []
        return list(self._packed(self._head(article, passages), self._units(article, passages)))

    def _tokens(self, text: str, start: int, end: int, kind: int = TEXT) -> _Tokens:
        told = self._tokenizer.encode(_plain(text[start:end]), add_special_tokens=False)
        offsets = told.offsets
        return _Tokens(
            list(told.ids),
            [start + a for a, _ in offsets],
            [start + b for _, b in offsets],
            [kind] * len(told.ids),
        )

    def _stretch(
        self, index: int, tokens: _Tokens, places: Iterable[Place], works: Iterable[Mention],
        counts: Iterable[CountMark] = (), periods: Iterable[PeriodMark] = (),
    ) -> Window:  # fmt: skip
        """Tokens with their marks; those of counts and times come with no position yet."""
        made = Window(tokens.ids, tokens.types)
        for count in counts:
            if at := tokens.mark(count.count.span, COUNT):
                first, last = self._marks_around(tokens.ids, *at)
                made.counts.append(replace(count, first=first, last=last))
        for place in places:
            if at := tokens.mark(place.span, PLACE):
                made.places.append(PlaceMark(place, at[0], index))
        for period in periods:
            if at := tokens.mark(period.period.span, PERIOD):
                made.periods.append(replace(period, at=at[0]))
        for work in works:
            if at := tokens.mark(work.span, WORK):
                made.works.append(WorkMark(work.code, at[0], index))
        return made

    def _marks_around(self, ids: Sequence[int], first: int, last: int) -> tuple[int, int]:
        """The marks on both sides of a count; its own tokens where it lies inside another."""
        opened = first > 0 and ids[first - 1] == self._open
        shut = last + 1 < len(ids) and ids[last + 1] == self._shut
        return first - opened, last + shut

    def _head(self, article: Article, passages: Sequence[Passage]) -> Window:
        """[CLS], the title and the names of the main places."""
        title, head = article.title, Window([self._start], [TITLE])
        words = find_works(tokenize(title, 0, len(title)))
        tokens = self._tokens(title, 0, len(title), TITLE)
        head.add(self._stretch(-1, tokens, find_places(title, 0, len(title)), words).cut(0, TITLE_TOKENS))
        for place in main_places(article, passages):
            name = self._tokens(place.name, 0, len(place.name), PLACE)
            head.add(
                Window(name.ids, name.types, places=[PlaceMark(place, 0, main=True)] if name.ids else [])
            )
        head.add(Window([self._end], [TITLE]))
        return head

    def _units(self, article: Article, passages: Sequence[Passage]) -> Iterator[list[Window]]:
        """Each shown passage, in pieces where it is very long; an empty list where some are left out."""
        shown, last = _shown(passages), -1
        for index in shown:
            if index != last + 1:
                yield []
            yield list(_pieces(self._unit(index, passages[index], article.published)))
            last = index

    def _unit(self, index: int, passage: Passage, published: date | None) -> Window:
        spans = [count.span for count in passage.open_counts]
        tokens = self._tokens(passage.text, passage.span.start, passage.span.end).between(
            spans, self._open, self._shut
        )
        counts = [CountMark(index, count, 0, 0) for count in passage.open_counts]
        periods = [PeriodMark(index, period, 0) for period in _periods(passage, published)]
        return self._stretch(index, tokens, passage.places, passage.works, counts, periods)

    def _packed(self, head: Window, units: Iterable[list[Window]]) -> Iterator[Window]:
        """Windows of at most WINDOW_TOKENS; each but the first begins with the end of the one before."""
        window, seen = _begun(head, []), list[Window]()
        for unit in units:
            seen = seen if unit else []
            if not unit and len(window.ids) > len(head.ids):
                window.add(Window([self._end], [TEXT]))
            for piece in unit:
                if len(window.ids) + len(piece.ids) + 1 > WINDOW_TOKENS:
                    if window.judged:
                        yield self._ended(window)
                    window = _begun(head, seen)
                window.add(piece, judged=True)
                seen.append(piece)
        if window.judged:
            yield self._ended(window)

    def _ended(self, window: Window) -> Window:
        window.add(Window([self._end], [TEXT]))
        return window


def _begun(head: Window, seen: Sequence[Window]) -> Window:
    """A window with its head and the last of what was seen, as context."""
    context = Window()
    for piece in seen[-BEFORE:]:
        context.add(piece)
    window = Window()
    window.add(head)
    window.add(context.cut(max(0, len(context.ids) - OVERLAP_TOKENS), len(context.ids)))
    return window


def _shown(passages: Sequence[Passage]) -> list[int]:
    """The first passage, those with counts and those around them, and what names a host or a line of work."""
    shown = {0}
    for index, passage in enumerate(passages):
        if passage.open_counts:
            shown.update(range(max(0, index - BEFORE), min(len(passages), index + AFTER + 1)))
        elif passage.works or any(is_foreign(place) for place in passage.places):
            shown.add(index)
    return sorted(shown)


def _pieces(unit: Window) -> Iterator[Window]:
    """A passage in stretches of at most UNIT_TOKENS, none cut inside a count."""
    start = 0
    while len(unit.ids) - start > UNIT_TOKENS:
        stop = start + UNIT_TOKENS
        inside = [c.first for c in unit.counts if start < c.first < stop <= c.last]
        stop = min(inside, default=stop)
        yield unit.cut(start, stop)
        start = stop
    yield unit.cut(start, len(unit.ids))


def _periods(passage: Passage, published: date | None) -> list[Period]:
    if published is None:
        return []
    return find_periods(passage.text, passage.span.start, passage.span.end, published, False)
