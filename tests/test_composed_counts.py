"""Any number, however it is written, hedged and framed, comes back with its bounds and hedge.

A case is composed of a number with its words, a hedge, a noun phrase and a sentence; what it must give
follows from the parts alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.extraction.counts import find_numbers
from orchestration.extraction.text import tokenize

UNITS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True)
class Told:
    """A count as it is worded, and what it must give."""

    words: str
    low: int | None
    high: int | None
    hedge: str = "exact"


def under_hundred(number: int) -> str:
    """The words of a number below a hundred."""
    if number < 20:
        return UNITS[number - 1]
    return TENS[number // 10 - 2] + (f"-{UNITS[number % 10 - 1]}" if number % 10 else "")


def spelled(number: int) -> str:
    """The words of a number below a million."""
    parts = []
    if number >= 1000:
        parts.append(f"{spelled(number // 1000)} thousand")
        number %= 1000
    if number >= 100:
        parts.append(f"{UNITS[number // 100 - 1]} hundred")
        number %= 100
    if number:
        parts.append(("and " if parts else "") + under_hundred(number))
    return " ".join(parts)


def exact(words: str, number: int) -> Told:
    return Told(words, number, number)


separated = st.integers(2, 999_999).map(lambda n: exact(f"{n:,}", n))
dotted = st.integers(1, 999).map(lambda n: exact(f"{n}.000", n * 1000))
spaced = st.integers(1, 999).map(lambda n: exact(f"{n} 000", n * 1000))
in_words = st.integers(2, 999_999).map(lambda n: exact(spelled(n), n))
mixed = st.integers(2, 99).map(lambda n: exact(f"{n} thousand", n * 1000))
hyphened = st.integers(2, 99).map(lambda n: exact(f"{n}-thousand", n * 1000))
suffixed = st.integers(2, 99).map(lambda n: exact(f"{n}k", n * 1000))
decimal = st.integers(11, 99).filter(lambda n: n % 10).map(lambda n: exact(f"{n / 10} thousand", n * 100))
halves = st.integers(2, 19).map(lambda n: exact(f"{UNITS[n - 1]} and a half thousand", n * 1000 + 500))
dozens = st.integers(2, 12).map(lambda n: exact(f"{UNITS[n - 1]} dozen", n * 12))
hundreds = st.integers(11, 19).map(lambda n: exact(f"{UNITS[n - 1]} hundred", n * 100))
articles = st.sampled_from(
    [
        *(exact("a dozen", 12), exact("half a dozen", 6), exact("a half-dozen", 6)),
        *(exact("a hundred", 100), exact("a thousand", 1000), exact("half a million", 500_000)),
    ]
)
numbers = st.one_of(
    *(separated, dotted, spaced, in_words, mixed, hyphened),
    *(suffixed, decimal, halves, dozens, hundreds, articles),
)

bounds = st.tuples(st.integers(2, 900), st.integers(1, 99)).map(lambda pair: (pair[0], sum(pair)))
ranges = st.one_of(
    bounds.map(lambda b: Told(f"{b[0]} to {b[1]}", *b, "range")),
    bounds.map(lambda b: Told(f"{b[0]}-{b[1]}", *b, "range")),
    bounds.map(lambda b: Told(f"{b[0]}–{b[1]}", *b, "range")),
    bounds.map(lambda b: Told(f"between {b[0]} and {b[1]}", *b, "range")),
    bounds.map(lambda b: Told(f"{spelled(b[0])} to {spelled(b[1])}", *b, "range")),
    bounds.map(lambda b: Told(f"{b[0]} to {b[1]} thousand", b[0] * 1000, b[1] * 1000, "range")),
    bounds.map(lambda b: Told(f"{b[0]},000 to {b[1]},000", b[0] * 1000, b[1] * 1000, "range")),
    st.integers(2, 98).map(lambda n: Told(f"{n}-{n + 1},000", n * 1000, (n + 1) * 1000, "range")),
    st.integers(2, 9).map(lambda n: Told(f"{UNITS[n - 1]} or {UNITS[n]}", n, n + 1, "range")),
)
vague = st.sampled_from(
    [
        *(Told("several", 3, 9, "vague"), Told("a few", 3, 9, "vague"), Told("a handful of", 3, 9, "vague")),
        *(Told("dozens of", 24, 99, "vague"), Told("scores of", 24, 99, "vague")),
        *(Told("several dozen", 36, 99, "vague"), Told("hundreds of", 200, 999, "vague")),
        *(Told("a few hundred", 300, 999, "vague"), Told("thousands of", 2000, 9999, "vague")),
        *(Told("several thousand", 3000, 9999, "vague"), Told("tens of thousands of", 20000, 99999, "vague")),
    ]
)

ABOUT = ("about", "around", "some", "roughly", "approximately", "perhaps", "nearly", "almost", "close to")
AT_LEAST = ("at least", "more than", "over", "no fewer than", "upwards of", "a minimum of", "well over")
AT_MOST = ("up to", "as many as", "at most", "no more than", "fewer than", "less than", "under")
AFTER = {"or so": "about", "or more": "at_least", "or fewer": "at_most", "at most": "at_most"}
LATE = {
    "at least": "at_least",
    "or more": "at_least",
    ", at most": "at_most",
    ", give or take": "about",
    "or so": "about",
}


def hedged(told: Told, hedge: str) -> Told:
    """A count under a hedge: a range and a vague wording keep their own."""
    if told.hedge in ("range", "vague"):
        return told
    low = None if hedge == "at_most" else told.low
    high = None if hedge == "at_least" else told.high
    return replace(told, low=low, high=high, hedge=hedge)


leading = st.sampled_from(
    [
        *((cue, "about") for cue in ABOUT),
        *((cue, "at_least") for cue in AT_LEAST),
        *((cue, "at_most") for cue in AT_MOST),
        *((f"{cue} about", "at_least") for cue in ("at least", "more than")),
        ("up to about", "at_most"),
    ]
)


@st.composite
def hedged_before(draw: st.DrawFn) -> Told:
    told, (cue, hedge) = draw(st.one_of(numbers, ranges, vague)), draw(leading)
    return hedged(replace(told, words=f"{cue} {told.words}"), hedge)


@st.composite
def hedged_after(draw: st.DrawFn) -> Told:
    told, cue = draw(numbers), draw(st.sampled_from(sorted(AFTER)))
    return hedged(replace(told, words=f"{told.words} {cue}"), AFTER[cue])


NOUNS = (
    *("workers", "North Korean workers", "loggers", "young seamstresses", "construction workers", "men"),
    *("North Koreans", "of its cooks", "additional labourers", "more builders", "skilled IT workers"),
)
FRAMES = (
    "{} left for Russia.",
    "Pyongyang sent {} to the yard.",
    "The mill, which is in Jilin, employs {}.",
    "“There are {} in the camp,” he said.",
    "DOHA — {} were flown home, the embassy said.",
    "On May 14, 2019, {} came by train.",
    "They pay $200 for each of {} there.",
    "Under Resolution 2397, {} had to leave within 24 months.",
    "Kuwait: {}.",
)


def found(text: str) -> list[tuple[int | None, int | None, str]]:
    """Bounds and hedge of the open counts of a text."""
    counts = find_numbers(tokenize(text, 0, len(text)))
    return [(c.low, c.high, str(c.hedge)) for c in counts if c.is_open and not c.singular]


def framed(frame: str, told: Told, noun: str, late: str = "") -> str:
    words = told.words.removesuffix(" of") if noun.startswith("of ") else told.words
    phrase = f"{words} {noun}{late if late.startswith(',') or not late else f' {late}'}"
    start = frame.startswith("{}") or "— {}" in frame
    return frame.format(phrase[0].upper() + phrase[1:] if start else phrase)


wordings = st.one_of(numbers, ranges, vague, hedged_before(), hedged_after())


@settings(max_examples=600, deadline=None)
@given(wordings, st.sampled_from(NOUNS), st.sampled_from(FRAMES))
def test_a_composed_count_gives_its_bounds_and_hedge(told: Told, noun: str, frame: str) -> None:
    assert found(framed(frame, told, noun)) == [(told.low, told.high, told.hedge)]


@settings(max_examples=200, deadline=None)
@given(numbers, st.sampled_from(sorted(LATE)), st.sampled_from(FRAMES))
def test_a_hedge_may_stand_behind_the_noun(told: Told, cue: str, frame: str) -> None:
    wanted = hedged(told, LATE[cue])
    assert found(framed(frame, told, "workers", cue)) == [(wanted.low, wanted.high, wanted.hedge)]


@settings(max_examples=200, deadline=None)
@given(wordings, wordings)
def test_a_hedge_belongs_to_one_of_two_counts(one: Told, other: Told) -> None:
    text = f"China has {one.words} loggers while Russia has {other.words} builders."
    assert found(text) == [(told.low, told.high, told.hedge) for told in (one, other)]


@settings(max_examples=200, deadline=None)
@given(st.lists(wordings, min_size=2, max_size=4))
def test_a_list_gives_each_of_its_counts(told: list[Told]) -> None:
    places = ("Russia", "China", "Mongolia", "Qatar")
    items = (f"{place} ({one.words} workers)" for place, one in zip(places, told, strict=False))
    assert found(", ".join(items)) == [(one.low, one.high, one.hedge) for one in told]


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 9), st.integers(10, 300), leading)
def test_groups_times_their_size_are_the_count(times: int, size: int, cue: tuple[str, str]) -> None:
    wanted = hedged(exact("", times * size), cue[1])
    text = f"They sent {UNITS[times - 1]} groups of {cue[0]} {size} workers each."
    assert found(text) == [(wanted.low, wanted.high, wanted.hedge)]
