"""The grammar of numbers: words and digits to bounds, without hedges and without what is counted.

`read_amount` knows "1.5 thousand", "4-5,000", "between two and three hundred", "half a dozen" and
the vague wordings of `lexicon/counts.csv`. Hedges and head nouns belong to `counts`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.lexicon import load
from orchestration.extraction.text import PhraseIndex, Token
from orchestration.records import Hedge

_WHOLE = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,9}")
_DECIMAL = re.compile(r"\d{1,6}\.\d{1,3}")
_DASHES = ("-", "–", "‑")
LARGEST = 2_000_000
"""No statement about workers abroad counts more; a larger number is money or a slip."""


@dataclass(frozen=True, slots=True)
class NumberWord:
    """A row of `number_words.csv`: `kind` is unit, tens or scale."""

    word: str
    value: int
    kind: str


@dataclass(frozen=True, slots=True)
class CountWording:
    """A row of `counts.csv`: a wording with bounds of its own."""

    wording: str
    low: int
    high: int
    hedge: Hedge

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.wording!r} has low {self.low} above high {self.high}")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in tokens `first` up to `stop`, with its bounds; the hedge is exact, range, about or vague."""

    first: int
    stop: int
    low: int
    high: int
    hedge: Hedge


@dataclass(frozen=True, slots=True)
class _Single:
    value: float
    stop: int
    scale: int
    digits: bool


@cache
def _words() -> dict[str, NumberWord]:
    return {row.word: row for row in load("number_words", NumberWord)}


@cache
def _wordings() -> PhraseIndex[CountWording]:
    return PhraseIndex((row.wording, row) for row in load("counts", CountWording))


def _word(tokens: Sequence[Token], index: int) -> NumberWord | None:
    return _words().get(tokens[index].lower) if index < len(tokens) else None


def _scale(tokens: Sequence[Token], index: int) -> tuple[int, int]:
    """The scale words from `index` on: their product and the index after them."""
    product, stop = 1, index
    while True:
        step = stop + 1 if stop + 1 < len(tokens) and tokens[stop].lower in _DASHES else stop
        word = _word(tokens, step)
        if word is None or word.kind != "scale" or product * word.value > 10**9:
            return product, stop
        product, stop = product * word.value, step + 1


def _spelled(tokens: Sequence[Token], index: int) -> _Single | None:
    """A number in words: "twenty-three", "a hundred and five", "two dozen", "one thousand"."""
    if tokens[index].lower in ("a", "half"):
        return _article_scale(tokens, index)
    word = _word(tokens, index)
    if word is not None and word.kind == "scale" and not _stands_alone(tokens, index):
        return None
    return None if word is None else _compound(tokens, index)


def _stands_alone(tokens: Sequence[Token], index: int) -> bool:
    """Whether a scale word is a number by itself: "another thousand", "the hundred and fifty"."""
    return index > 0 and tokens[index - 1].lower in ("another", "the", "last", "first", "further", "extra")


def _compound(tokens: Sequence[Token], index: int) -> _Single | None:
    """The number words from `index` on, added up as they are spoken."""
    total, current, stop, last, scaled = 0, 0, index, "", 1
    while stop < len(tokens) and stop - index < 12:
        step = stop
        if (
            last
            and tokens[step].lower in (*_DASHES, "and")
            and (last == "scale" or tokens[step].lower != "and")
        ):
            step += 1
        word = _word(tokens, step)
        if (
            word is None
            or (word.kind == "unit" and last == "unit")
            or (word.kind == "tens" and last in ("unit", "tens"))
        ):
            break
        if word.kind == "scale":
            if tokens[step - 1].lower == "and" and step > stop:
                break
            current, scaled = max(1, current) * word.value, word.value
            if word.value >= 1000:
                total, current = total + current, 0
        else:
            current += word.value
        stop, last = step + 1, word.kind
    return _Single(total + current, stop, scaled, False) if last and total + current else None


def _article_scale(tokens: Sequence[Token], index: int) -> _Single | None:
    """ "a dozen", "a hundred and five", "half a dozen"."""
    half = tokens[index].lower == "half"
    start = index + half
    if half and (start >= len(tokens) or tokens[start].lower != "a"):
        return None
    word = _word(tokens, start + 1)
    if word is None or word.kind != "scale":
        return None
    rest = _compound(tokens, start + 1)
    if rest is None:
        return None
    return _Single(rest.value / 2 if half else rest.value, rest.stop, rest.scale, False)


def _single(tokens: Sequence[Token], index: int) -> _Single | None:
    """One number at `index`, digits or words, with its scale."""
    if index >= len(tokens):
        return None
    raw = tokens[index].raw
    if not raw[0].isdigit():
        return _spelled(tokens, index)
    product, stop = _scale(tokens, index + 1)
    if _WHOLE.fullmatch(raw) and raw.isascii():
        return _Single(int(raw.replace(",", "")) * product, stop, product, True)
    if _DECIMAL.fullmatch(raw) and raw.isascii() and product > 1:
        return _Single(float(raw) * product, stop, product, True)
    return None


def _spread(low: _Single, high: _Single, tokens: Sequence[Token]) -> float:
    """The lower bound of a range whose scale is told once: "10-20 thousand", "4-5,000"."""
    if low.scale == 1 and high.scale > 1 and low.value * high.scale < high.value:
        return low.value * high.scale
    told_once = "," in tokens[high.stop - 1].raw and low.digits and high.digits
    if told_once and low.value < high.value // 1000 and high.value % 1000 == 0:
        return low.value * 1000
    return low.value


def _upper(tokens: Sequence[Token], low: _Single, joiners: tuple[str, ...]) -> _Single | None:
    if low.stop >= len(tokens) or tokens[low.stop].lower not in joiners:
        return None
    return _single(tokens, low.stop + 1)


def _pair(tokens: Sequence[Token], index: int, low: _Single, joiners: tuple[str, ...]) -> Amount | None:
    high = _upper(tokens, low, joiners)
    if high is None:
        return None
    bottom = _spread(low, high, tokens)
    narrow = tokens[low.stop].lower != "or" or high.value <= 3 * bottom
    if not (0 < bottom < high.value <= LARGEST and narrow):
        return None
    return Amount(index, high.stop, int(bottom), int(high.value), Hedge.RANGE)


def skip_number(tokens: Sequence[Token], index: int) -> int:
    """The index after whatever number begins at `index`, read_amount's or not; `index` where none does."""
    single = _single(tokens, index)
    return single.stop if single else index


def read_amount(tokens: Sequence[Token], index: int) -> Amount | None:
    """The number that begins at token `index`, or None; zero and numbers above LARGEST are none."""
    if tokens[index].lower == "between" and (low := _single(tokens, index + 1)):
        if pair := _pair(tokens, index, low, ("and", "to", *_DASHES)):
            return pair
        return None
    if hit := _wordings().match(tokens, index):
        stop, row = hit
        return Amount(index, stop, row.low, row.high, row.hedge)
    low_ = _single(tokens, index)
    if low_ is None:
        return None
    if pair := _pair(tokens, index, low_, (*_DASHES, "to", "or")):
        return pair
    if not 0 < low_.value <= LARGEST or low_.value != int(low_.value):
        return None
    return Amount(index, low_.stop, int(low_.value), int(low_.value), Hedge.EXACT)
