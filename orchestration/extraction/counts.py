"""Finds the numbers of a text that may count people: bounds, hedge and what they count.

`find_numbers` gives all numbers, those that plainly measure something else (money, time, things) with a
reason code; `find_counts` the others. Whether a count is a figure is for `judge`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest

from orchestration.extraction.amounts import Amount, read_amount, skip_number
from orchestration.extraction.count_sieve import SINGULAR, may_open
from orchestration.extraction.forms import Form, find_reason
from orchestration.extraction.heads import ELIDED, GROUP, PEOPLE, Head, find_head, group_before
from orchestration.extraction.hedges import BOUNDS, Cue, bounded, cue_after, hedges_before, weigh
from orchestration.extraction.lexicon import load
from orchestration.extraction.text import Token, tokenize
from orchestration.records import Hedge, Span

_SHARED = ("age", "label", "money", "share", "length")
"""What a number hands on to a bare one beside it: "aged 28 and 31"."""
_OUT_OF = (["in"], ["out", "of"], ["in", "every"], ["of", "every"], ["out", "of", "every"])
_LISTED = ([","], ["and"], [",", "and"])
_CHAIN_WORDS = 6
"""How many words may stand between two counts of one list."""
_ADVERBS = ("abroad", "overseas", "there", "here", "now", "today", "altogether")
_EACH = (("each",), ("apiece",), ("in", "each"), ("to", "each"))


@dataclass(frozen=True, slots=True)
class Reason:
    """A row of `reject_reasons.csv`; `is_proved` where the form alone shows that no people are counted."""

    code: str
    is_proved: bool
    meaning: str


@cache
def reasons() -> dict[str, Reason]:
    """Why a number may be no figure, by code."""
    return {row.code: row for row in load("reject_reasons", Reason)}


@dataclass(frozen=True, slots=True)
class Count:
    """A number with its hedge: `span` covers both, `head` is what it counts.

    `low`, `high` bound it (None: open). `partitive`: "five of them"; `reference`: "of the 62";
    `singular`: "a logger", which counts only where one person flees. `reason` is a reject code for a
    number that measures something else.
    """

    span: Span
    low: int | None
    high: int | None
    hedge: Hedge
    head: Head
    partitive: bool = False
    reference: bool = False
    singular: bool = False
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the number may count people, as far as its form shows."""
        return self.reason is None or not reasons()[self.reason].is_proved

    @property
    def extent(self) -> Span:
        """The count with its noun phrase."""
        return Span(self.span.start, max(self.span.end, self.head.span.end))


def _with_head(tokens: Sequence[Token], amount: Amount) -> Count:
    start, hedges = hedges_before(tokens, amount.first)
    stop = amount.stop
    if after := cue_after(tokens, stop):
        stop = stop if tokens[stop].raw == "," else after.stop
        hedges.append(after.hedge)
    head = find_head(tokens, amount.first, stop, singular=amount.high == 1)
    if head.stop > stop and (late := _late_cue(tokens, head.stop)):
        hedges.append(late.hedge)
    low, high, hedge = weigh(amount, hedges)
    before = [t.lower for t in tokens[max(0, start - 2) : start]]
    reference = len(before) == 2 and before[0] == "of" and before[1] in ("the", "these", "those")
    span = Span(tokens[start].start, tokens[stop - 1].end)
    reason = find_reason(Form(tokens, amount, head, start, stop))
    single = amount.high == 1
    return Count(span, low, high, hedge, head, head.partitive, reference, single, reason)


def _late_cue(tokens: Sequence[Token], stop: int) -> Cue | None:
    """The cue behind a noun, over one adverb of place or time: "programmers abroad, give or take"."""
    adverb = stop < len(tokens) and tokens[stop].lower in _ADVERBS
    return cue_after(tokens, stop + adverb)


def _product(tokens: Sequence[Token], amount: Amount) -> Count | None:
    """ "three groups of 50 workers each": the outer number times the inner one."""
    groups = find_head(tokens, amount.first, amount.stop, singular=False)
    inner = _size(tokens, groups.stop) if groups.kind == GROUP else None
    if inner is None:
        return None
    count, times = _with_head(tokens, inner), amount.low
    span = Span(tokens[amount.first].start, count.span.end)
    low = None if count.low is None else count.low * times
    high = None if count.high is None else count.high * times
    return replace(count, span=span, low=low, high=high, reason=None)


def _size(tokens: Sequence[Token], stop: int) -> Amount | None:
    """The number that sizes each of some groups: "of about 50", ", each of 50", "of women, 50 apiece"."""
    stop += stop < len(tokens) and tokens[stop].raw == ","
    stop += stop < len(tokens) and tokens[stop].lower == "each"
    if stop >= len(tokens) or tokens[stop].lower != "of":
        return None
    for index in range(stop + 1, min(stop + 7, len(tokens))):
        if inner := read_amount(tokens, index):
            start = hedges_before(tokens, index)[0]
            near = start == stop + 1 or (tokens[start - 1].raw == "," and _told_each(tokens, inner))
            return inner if near and not _goes_on(tokens, inner.stop) else None
    return None


def _told_each(tokens: Sequence[Token], amount: Amount) -> bool:
    """Whether "each", "apiece" or "in each" stands behind a number and its noun."""
    head = find_head(tokens, amount.first, amount.stop, singular=False)
    places = range(amount.stop, head.stop + 1)
    return any(
        [t.lower for t in tokens[i : i + len(words)]] == list(words) for i in places for words in _EACH
    )


def _goes_on(tokens: Sequence[Token], stop: int) -> bool:
    """Whether another number stands beside: "two groups of 50 and 70"."""
    beside = stop + 1 < len(tokens) and tokens[stop].lower in (",", "and")
    return beside and read_amount(tokens, stop + 1) is not None


def _one_person(tokens: Sequence[Token], index: int) -> Count | None:
    """ "a logger", "one North Korean cook": a single person, named by a noun of people."""
    head = find_head(tokens, index, index + 1, singular=True)
    if head.kind in (ELIDED, "thing", GROUP, "permit") or head.reason:
        return None
    return Count(tokens[index].span, 1, 1, Hedge.EXACT, head, singular=True)


def _scan(tokens: Sequence[Token]) -> Iterator[Count]:
    index = 0
    while index < len(tokens):
        if not may_open(tokens, index):
            index += 1
            continue
        amount = read_amount(tokens, index)
        if amount is None:
            if tokens[index].lower in SINGULAR and (one := _one_person(tokens, index)):
                yield one
            index = max(index + 1, skip_number(tokens, index))
            continue
        product = _product(tokens, amount) if amount.low == amount.high and amount.low > 1 else None
        count = product or _with_head(tokens, amount)
        if product is None and count.head.kind == ELIDED and group_before(tokens, amount.first):
            head = replace(count.head, kind=GROUP)
            sized = group_before(tokens, amount.first) == "plural"
            count = replace(count, head=head, reason=count.reason or ("group_size" if sized else None))
        yield count
        while index < len(tokens) and tokens[index].start < count.span.end:
            index += 1


def _between(tokens: Sequence[Token], left: Count, right: Count) -> list[str]:
    """The words that stand between two counts, the first one's noun left out."""
    first, stop = (bisect_left(tokens, at, key=_start) for at in (left.extent.end, right.span.start))
    return [token.lower for token in tokens[first:stop]]


def _start(token: Token) -> int:
    return token.start


def _carry(tokens: Sequence[Token], counts: Sequence[Count]) -> Iterator[Count]:
    """ "nine hours, of which two", "aged 28 and 31": a bare number measures what the one before does."""
    before: Count | None = None
    for count, after in zip_longest(counts, counts[1:]):
        if count.is_open and after and _reaches(tokens, count, after):
            count = replace(count, reason=after.reason)
        if before is not None and before.reason and count.is_open:
            words = _between(tokens, before, count)
            if _hands_on(words, before.reason, count) or _lists(tokens, words, before, count, after):
                count = replace(count, reason=before.reason)
        if not count.singular or count.reason:
            before = count
        yield count


def _reaches(tokens: Sequence[Token], count: Count, after: Count) -> bool:
    """Whether a bare number takes its measure from the next: "rose from 14 to 23 percent"."""
    bare = count.head.kind == ELIDED and after.reason in _SHARED
    return bare and _between(tokens, count, after) in (["to"], ["or"])


def _hands_on(words: list[str], reason: str, count: Count) -> bool:
    """Whether a number's reason holds for another one behind these words."""
    if reason == "share" and words in _OUT_OF:
        return True
    if count.head.kind != ELIDED:
        return False
    tied = words[-2:] in (["of", "which"], ["of", "them"])
    return tied or (reason in _SHARED and words in (["and"], ["or"], ["to"]))


def _lists(
    tokens: Sequence[Token], words: list[str], before: Count, count: Count, after: Count | None
) -> bool:
    """Whether a list of names or ages goes on: "resolutions 2371, 2375 and 2397"."""
    alike = before.span.end - before.span.start == count.span.end - count.span.start
    bare = count.head.kind == ELIDED or (before.reason == "label" and count.head.kind not in PEOPLE)
    first = tokens[bisect_left(tokens, count.span.start, key=_start)]
    if before.reason not in ("label", "age") or not (alike and bare and first.raw[0].isdigit()):
        return False
    if words != [","]:
        return words in _LISTED
    return after is not None and _between(tokens, count, after) in _LISTED


def _respectively(tokens: Sequence[Token], counts: list[Count]) -> list[Count]:
    """ "a maximum of 80,000 and 40,000 respectively": the first hedge is that of all."""
    found = list(counts)
    for told in (token.start for token in tokens if token.lower == "respectively"):
        chain = _chain(tokens, found, told)
        hedge = found[chain[0]].hedge if chain else Hedge.EXACT
        for index in chain[1:] if hedge in (Hedge.ABOUT, *BOUNDS) else ():
            low, high, _ = bounded(found[index].low, found[index].high, hedge)
            found[index] = replace(found[index], low=low, high=high, hedge=hedge)
    return found


def _chain(tokens: Sequence[Token], counts: Sequence[Count], end: int) -> list[int]:
    """The last counts before `end` that stand in one list, all but the first without a hedge."""
    chain: list[int] = []
    for index in range(len(counts) - 1, -1, -1):
        count = counts[index]
        if count.span.end > end or not count.is_open or count.singular:
            continue
        words = _between(tokens, count, counts[chain[0]]) if chain else ["and"]
        if len(words) > _CHAIN_WORDS or not {"and", ","} & set(words):
            break
        chain.insert(0, index)
        if count.hedge is not Hedge.EXACT:
            break
    return chain


def find_numbers(tokens: Sequence[Token]) -> list[Count]:
    """Every number of a sentence's tokens, those that count no people with their `reason`."""
    return _respectively(tokens, list(_carry(tokens, list(_scan(tokens)))))


def find_counts(text: str, start: int, end: int) -> list[Count]:
    """The numbers of `text[start:end]` that may count people, left to right."""
    return [count for count in find_numbers(tokenize(text, start, end)) if count.reason is None]
