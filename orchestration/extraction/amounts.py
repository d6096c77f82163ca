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
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+")
_GROUP = re.compile(r"0\d\d")
DASHES = ("-", "–", "‑")
_JOINERS = (*DASHES, "~", "to", "or")
_BEFORE_A_SCALE = (
    *("another", "the", "last", "first", "further", "extra"),
    *("some", "about", "around", "nearly", "almost", "roughly", "over"),
)
_GUESSES = ("perhaps", "maybe", "possibly", "even")
"""Words that may stand before the upper end of a range: "200 or even 300"."""
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
class Change:
    """A row of `changes.csv`: a word that makes "from N to M" two counts, before and after."""

    word: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in tokens `first` up to `stop`, with its bounds; the hedge is exact, range, about or vague.

    `worded` where the bounds are those of a row of `counts.csv`.
    """

    first: int
    stop: int
    low: int
    high: int
    hedge: Hedge
    worded: bool = False


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
def _changes() -> frozenset[str]:
    return frozenset(row.word for row in load("changes", Change))


@cache
def _wordings() -> PhraseIndex[CountWording]:
    return PhraseIndex((row.wording, row) for row in load("counts", CountWording))


def _word(tokens: Sequence[Token], index: int) -> NumberWord | None:
    return _words().get(tokens[index].lower) if index < len(tokens) else None


def _scale(tokens: Sequence[Token], index: int) -> tuple[int, int]:
    """The scale words from `index` on: their product and the index after them."""
    product, stop = 1, index
    while True:
        step = stop + 1 if stop + 1 < len(tokens) and tokens[stop].lower in DASHES else stop
        word = _word(tokens, step)
        if word is None or word.kind != "scale" or product * word.value > 10**9:
            return product, stop
        product, stop = product * word.value, step + 1


def _spelled(tokens: Sequence[Token], index: int) -> _Single | None:
    """A number in words: "twenty-three", "a hundred and five", "two dozen", "one thousand"."""
    if half := _half(tokens, index):
        return half
    if tokens[index].lower == "a":
        return _article_scale(tokens, index)
    word = _word(tokens, index)
    if word is not None and word.kind == "scale" and not _stands_alone(tokens, index):
        return None
    return None if word is None else _compound(tokens, index)


def _stands_alone(tokens: Sequence[Token], index: int) -> bool:
    """Whether a scale word is a number by itself: "another thousand", "the hundred and fifty"."""
    return index > 0 and tokens[index - 1].lower in _BEFORE_A_SCALE


def _joined(tokens: Sequence[Token], stop: int, last: str) -> int:
    """The index of the next number word, over hyphens and, behind a scale, "and"."""
    step = _past_dash(tokens, stop)
    if last == "scale" and step < len(tokens) and tokens[step].lower == "and":
        step = _past_dash(tokens, step + 1)
    return step


def _compound(tokens: Sequence[Token], index: int) -> _Single | None:
    """The number words from `index` on, added up as they are spoken."""
    total, current, stop, last, scaled = 0, 0, index, "", 1
    while stop < len(tokens) and stop - index < 12:
        step = _joined(tokens, stop, last) if last else stop
        word = _word(tokens, step)
        if (
            word is None
            or (word.kind == "unit" and last == "unit")
            or (word.kind == "tens" and last in ("unit", "tens"))
        ):
            break
        if word.kind == "scale":
            if "and" in (token.lower for token in tokens[stop:step]):
                break
            current, scaled = max(1, current) * word.value, word.value
            if word.value >= 1000:
                total, current = total + current, 0
        else:
            current += word.value
        stop, last = step + 1, word.kind
    rest, stop = _rest(tokens, stop) if last == "scale" else (0, stop)
    return _Single(total + current + rest, stop, scaled, False) if last and total + current else None


def _rest(tokens: Sequence[Token], stop: int) -> tuple[int, int]:
    """Digits that end a number in words: "three-hundred-and-20"; hyphens must join them."""
    digits = _follows(tokens, stop, ("and",))
    hyphened = stop < len(tokens) and tokens[stop].raw in DASHES
    if not hyphened or digits is None:
        return 0, stop
    digits = _past_dash(tokens, digits)
    raw = tokens[digits].raw if digits < len(tokens) else ""
    return (int(raw), digits + 1) if raw.isascii() and raw.isdigit() and len(raw) <= 2 else (0, stop)


def _past_dash(tokens: Sequence[Token], index: int) -> int:
    """The index of the next word, over a hyphen: "half-a-dozen"."""
    return index + (index < len(tokens) and tokens[index].raw in DASHES)


def _follows(tokens: Sequence[Token], index: int, words: tuple[str, ...]) -> int | None:
    """The index after `words`, hyphenated or not, where they stand at `index`."""
    for word in words:
        index = _past_dash(tokens, index)
        if index >= len(tokens) or tokens[index].lower != word:
            return None
        index += 1
    return index


def _half(tokens: Sequence[Token], index: int) -> _Single | None:
    """ "half a dozen", "a half-dozen", "half a million"."""
    for words in (("half", "a"), ("a", "half"), ("half",)):
        if tokens[index].lower == words[0] and (stop := _follows(tokens, index + 1, words[1:])):
            product, end = _scale(tokens, _past_dash(tokens, stop))
            return _Single(product / 2, end, product, False) if product > 1 else None
    return None


def _article_scale(tokens: Sequence[Token], index: int) -> _Single | None:
    """ "a dozen", "a hundred and five"."""
    word = _word(tokens, index + 1)
    if word is None or word.kind != "scale":
        return None
    return _compound(tokens, index + 1)


def _digits(tokens: Sequence[Token], index: int) -> tuple[float, int] | None:
    """A number in digits, with the index after it: "1,500", "65.000", "10 000", "1.5"."""
    raw = tokens[index].raw
    if not raw.isascii():
        return None
    if (stop := _spaced(tokens, index)) > index + 1:
        return float("".join(token.raw for token in tokens[index:stop])), stop
    if _WHOLE.fullmatch(raw):
        return float(raw.replace(",", "")), stop
    dotted = _DOTTED.fullmatch(raw) and _scale(tokens, stop)[0] == 1
    if dotted:
        return float(raw.replace(".", "")), stop
    return (float(raw), stop) if _DECIMAL.fullmatch(raw) else None


def _spaced(tokens: Sequence[Token], index: int) -> int:
    """The index after digits in groups set off by a space; no number by itself begins with a zero."""
    stop = index + 1
    if not (tokens[index].raw.isdigit() and len(tokens[index].raw) <= 3):
        return stop
    while (
        stop < len(tokens)
        and _GROUP.fullmatch(tokens[stop].raw)
        and tokens[stop].start == tokens[stop - 1].end + 1
    ):
        stop += 1
    return stop


def _scaled(tokens: Sequence[Token], index: int) -> tuple[int, int]:
    """The scale behind digits: scale words, or a "k" that touches them."""
    touches = index < len(tokens) and tokens[index].start == tokens[index - 1].end
    if touches and tokens[index].lower == "k":
        return 1000, index + 1
    return _scale(tokens, index)


def _single(tokens: Sequence[Token], index: int) -> _Single | None:
    """One number at `index`, digits or words, with its scale."""
    if index >= len(tokens):
        return None
    if not tokens[index].raw[0].isdigit():
        single = _spelled(tokens, index)
        return _and_a_half(tokens, single) if single else None
    found = _digits(tokens, index)
    if found is None:
        return None
    value, stop = found
    product, end = _scaled(tokens, stop)
    return _and_a_half(tokens, _Single(round(value * product, 3), end, product, True))


def _and_a_half(tokens: Sequence[Token], single: _Single) -> _Single:
    """ "two and a half thousand"; without a scale behind it no whole number is left."""
    stop = _follows(tokens, single.stop, ("and", "a", "half")) if single.scale == 1 else None
    if stop is None:
        return single
    product, end = _scale(tokens, stop)
    return _Single((single.value + 0.5) * product, end, product, single.digits)


def _spread(low: _Single, high: _Single) -> float:
    """The lower bound of a range whose scale is told once: "10-20 thousand", "4-5,000"."""
    if low.scale == 1 and high.scale > 1 and low.value * high.scale < high.value:
        return low.value * high.scale
    told_once = low.digits and high.digits and high.value % 1000 == 0
    if told_once and low.scale == high.scale == 1 and low.value < high.value // 1000:
        return low.value * 1000
    return low.value


def _upper(tokens: Sequence[Token], low: _Single, joiners: tuple[str, ...]) -> _Single | None:
    """The number behind a joiner; "two- to three-thousand" has a hyphen before it."""
    stop = low.stop
    if stop + 1 < len(tokens) and tokens[stop].raw in DASHES and tokens[stop + 1].lower in ("to", "or"):
        stop += 1
    if stop >= len(tokens) or tokens[stop].lower not in joiners:
        return None
    guessed = stop + 1 < len(tokens) and tokens[stop + 1].lower in _GUESSES
    return _single(tokens, stop + 1 + guessed)


def is_bare_year(raw: str) -> bool:
    """Whether digits are written as a year is: four, without a comma, from 1900 to 2100."""
    return raw.isascii() and raw.isdigit() and len(raw) == 4 and 1900 <= int(raw) <= 2100


def _differ_in_form(tokens: Sequence[Token], index: int, high: _Single) -> bool:
    """ "34,000 in 2016 to 21,000": a year on the left, a count on the right."""
    return is_bare_year(tokens[index].raw) and not tokens[high.stop - 1].raw.isdigit()


def _tells_change(tokens: Sequence[Token], index: int) -> bool:
    """Whether "rose from" leads up to the number; "range from" and a bare "from" do not."""
    for start in range(index - 1, max(-1, index - 4), -1):
        if tokens[start].lower == "from":
            return any(token.lower in _changes() for token in tokens[max(0, start - 5) : start])
    return False


def _pair(tokens: Sequence[Token], index: int, low: _Single, joiners: tuple[str, ...]) -> Amount | None:
    high = _upper(tokens, low, joiners)
    if high is None or _differ_in_form(tokens, index, high) or _tells_change(tokens, index):
        return None
    bottom = _spread(low, high)
    if not 0 < bottom < high.value <= LARGEST or not (_is_whole(bottom) and _is_whole(high.value)):
        return None
    far = tokens[low.stop].lower == "or" and high.value > 3 * bottom
    if far or _is_decimal(tokens, high.stop - 1, high):
        return None
    return Amount(index, high.stop, int(bottom), int(high.value), Hedge.RANGE)


def _is_whole(value: float) -> bool:
    return value == int(value)


def skip_number(tokens: Sequence[Token], index: int) -> int:
    """The index after whatever number begins at `index`, read_amount's or not; `index` where none does."""
    single = _single(tokens, index)
    return single.stop if single else index


def read_amount(tokens: Sequence[Token], index: int) -> Amount | None:
    """The number that begins at token `index`, or None; zero and numbers above LARGEST are none."""
    if tokens[index].lower == "between" and (low := _single(tokens, index + 1)):
        if pair := _pair(tokens, index, low, ("and", *_JOINERS)):
            return pair
        return None
    if hit := _wordings().match(tokens, index):
        stop, row = hit
        return Amount(index, stop, row.low, row.high, row.hedge, worded=True)
    single = _single(tokens, index)
    if single is None:
        return None
    if pair := _pair(tokens, index, single, _JOINERS):
        return pair
    if not 0 < single.value <= LARGEST or not _is_whole(single.value) or _is_decimal(tokens, index, single):
        return None
    return Amount(index, single.stop, int(single.value), int(single.value), Hedge.EXACT)


def _is_decimal(tokens: Sequence[Token], index: int, single: _Single) -> bool:
    """Whether digits hold a decimal point and no scale makes them whole: "2.0"."""
    raw = tokens[index].raw
    return single.scale == 1 and bool(_DECIMAL.fullmatch(raw)) and not _DOTTED.fullmatch(raw)
