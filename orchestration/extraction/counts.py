"""Finds the numbers of a text that may count people: bounds, hedge and what they count.

`find_counts` gives the counts, `find_non_counts` the numbers that plainly measure something else
(money, time, things), each with its reason code. Whether a count is a figure is for `judge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from orchestration.extraction.amounts import Amount, read_amount, skip_number
from orchestration.extraction.heads import ELIDED, GROUP, Head, find_head, group_before, match_label
from orchestration.extraction.lexicon import load
from orchestration.extraction.text import Token, tokenize
from orchestration.records import Hedge, Span

_BEYOND = ("another", "further", "additional", "extra", "fresh", "a")
"""Words that may stand between a hedge and its number: "about another 500"."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS = range(1900, 2101)
_BEFORE_A_YEAR = ("in", "since", "by", "until", "of", "from", "during", "late", "early", "mid")
_SINGULAR = ("a", "an", "one", "another", "single")
_BOUNDS = (Hedge.AT_LEAST, Hedge.AT_MOST)


@dataclass(frozen=True, slots=True)
class HedgeCue:
    """A row of `hedges.csv`: a cue before or after the number, and the hedge it gives."""

    cue: str
    position: str
    hedge: Hedge


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


@cache
def _cues(position: str) -> dict[str, list[tuple[tuple[str, ...], Hedge]]]:
    """Cues by the word that touches the number, longest first."""
    cues: dict[str, list[tuple[tuple[str, ...], Hedge]]] = {}
    for row in load("hedges", HedgeCue, ("cue", "position")):
        if row.position == position:
            words = tuple(row.cue.split())
            cues.setdefault(words[-1] if position == "before" else words[0], []).append((words, row.hedge))
    for rows in cues.values():
        rows.sort(key=lambda row: -len(row[0]))
    return cues


def _cue_before(tokens: Sequence[Token], stop: int) -> tuple[int, Hedge] | None:
    """The hedge cue that ends right before token `stop`: its first token and hedge."""
    if stop <= 0:
        return None
    for words, hedge in _cues("before").get(tokens[stop - 1].lower, ()):
        start = stop - len(words)
        if start >= 0 and all(t.lower == w for t, w in zip(tokens[start:stop], words, strict=True)):
            return start, hedge
    return None


def _hedges_before(tokens: Sequence[Token], first: int) -> tuple[int, list[Hedge]]:
    """All cues that lead up to the number, with the token at which they begin."""
    start, skipped = first, 0
    hedges: list[Hedge] = []
    while len(hedges) < 3:
        if hit := _cue_before(tokens, start):
            start, hedge = hit
            hedges.append(hedge)
            first = start
        elif not hedges and skipped < 2 and start > 0 and tokens[start - 1].lower in _BEYOND:
            start, skipped = start - 1, skipped + 1
        else:
            break
    return first, hedges


def _cue_after(tokens: Sequence[Token], start: int) -> tuple[int, Hedge] | None:
    """The hedge cue that begins at token `start`: the token after it and its hedge."""
    if start >= len(tokens):
        return None
    for words, hedge in _cues("after").get(tokens[start].lower, ()):
        stop = start + len(words)
        if [t.lower for t in tokens[start:stop]] == list(words):
            return stop, hedge
    return None


def _weigh(amount: Amount, hedges: Iterable[Hedge]) -> tuple[int | None, int | None, Hedge]:
    """Bounds and hedge together: a range or vague wording keeps its own, a bound beats "about"."""
    cues = [h for h in hedges if h is not Hedge.EXACT]
    if amount.hedge in (Hedge.RANGE, Hedge.VAGUE):
        return amount.low, amount.high, amount.hedge
    bound = next((h for h in cues if h in _BOUNDS), None)
    hedge = bound or (cues[0] if cues else amount.hedge)
    low = None if hedge is Hedge.AT_MOST else amount.low
    high = None if hedge is Hedge.AT_LEAST else amount.high
    return low, high, hedge


def _is_month(token: Token) -> bool:
    return (
        token.raw[0].isupper() and token.lower[:3] in _MONTHS and len(token.raw) <= 9 and token.raw.isalpha()
    )


def _is_date(tokens: Sequence[Token], amount: Amount) -> bool:
    """A day beside a month, a time of day; a day of a month is written in digits."""
    if not tokens[amount.first].raw.isdigit() or amount.high > 60:
        return False
    before = tokens[amount.first - 1] if amount.first else None
    after = tokens[amount.stop] if amount.stop < len(tokens) else None
    if amount.high <= 31 and after and (_is_month(after) and len(after.raw) > 2):
        return True
    dotted = tokens[amount.first - 2] if before and before.raw == "." and amount.first > 1 else before
    if amount.high <= 31 and dotted and _is_month(dotted):
        return True
    return _touches(tokens, amount.first - 1) or _touches(tokens, amount.stop)


def _touches(tokens: Sequence[Token], mark: int) -> bool:
    """Whether a colon or stroke stands between two numbers without a space: "12:30", "3/4"."""
    if not 0 < mark < len(tokens) - 1 or tokens[mark].raw not in (":", "/"):
        return False
    left, middle, right = tokens[mark - 1], tokens[mark], tokens[mark + 1]
    joined = left.span.end == middle.span.start and middle.span.end == right.span.start
    return joined and left.raw.isdigit() and right.raw.isdigit()


def _is_year(tokens: Sequence[Token], amount: Amount, head: Head) -> bool:
    raw = tokens[amount.first].raw
    if not (raw.isdigit() and len(raw) == 4 and amount.low in _YEARS):
        return False
    before = tokens[amount.first - 1] if amount.first else None
    if before is not None and (before.lower in _BEFORE_A_YEAR or _is_month(before)):
        return True
    return head.kind in (ELIDED, "thing") or head.gap > 3


def _is_age(tokens: Sequence[Token], amount: Amount, elided: bool) -> bool:
    """ "Nina, 59, a dentist", "he was 22"."""
    if amount.first < 2 or not 10 <= amount.low <= 99 or amount.hedge is not Hedge.EXACT:
        return False
    if (
        tokens[amount.first - 1].lower in ("is", "was", "turned")
        and tokens[amount.first - 2].lower != "there"
    ):
        return elided
    name, comma = tokens[amount.first - 2], tokens[amount.first - 1]
    after = tokens[amount.stop].raw if amount.stop < len(tokens) else "."
    return (
        comma.raw == ","
        and name.raw[0].isupper()
        and after in (",", ".")
        and tokens[amount.first].raw.isdigit()
    )


def _is_compound(tokens: Sequence[Token], stop: int, head: Head) -> bool:
    """ "an 11-nation group", "122-mm": a number that only describes; "38-strong" and "50-odd" count."""
    if stop + 1 >= len(tokens) or tokens[stop].raw not in ("-", "‑") or head.kind == GROUP:
        return False
    joined = tokens[stop - 1].span.end == tokens[stop].span.start == tokens[stop + 1].span.start - 1
    return joined and tokens[stop + 1].raw.isalpha()


def _is_name_part(tokens: Sequence[Token], first: int) -> bool:
    """ "Tu-204", "Order-66": a number joined to a name."""
    if first < 2 or tokens[first - 1].raw not in ("-", "‑") or not tokens[first].raw.isdigit():
        return False
    name, dash = tokens[first - 2], tokens[first - 1]
    joined = name.span.end == dash.span.start and dash.span.end == tokens[first].span.start
    return joined and name.raw.isalpha() and name.raw[0].isupper()


def _reason(tokens: Sequence[Token], amount: Amount, head: Head, stop: int) -> str | None:
    """Why a number counts no people, if that is plain from the words beside it."""
    if _is_compound(tokens, stop, head):
        return "thing"
    if _is_name_part(tokens, amount.first):
        return "label"
    if label := match_label(tokens, amount.first, amount.stop):
        return label
    if head.stop > amount.stop and match_label(tokens, 0, head.stop) == "rate":
        return "rate"
    if _is_date(tokens, amount) or _is_year(tokens, amount, head):
        return "time"
    if _is_age(tokens, amount, head.kind == ELIDED):
        return "age"
    alone = len(tokens) <= 2 and head.kind == ELIDED
    return head.reason or ("label" if alone else None)


def _with_head(tokens: Sequence[Token], amount: Amount) -> Count:
    start, hedges = _hedges_before(tokens, amount.first)
    stop = amount.stop
    if after := _cue_after(tokens, stop):
        stop = after[0]
        hedges.append(after[1])
    head = find_head(tokens, amount.first, stop, singular=amount.high == 1)
    if head.stop < len(tokens) and head.stop > stop and (late := _cue_after(tokens, head.stop)):
        hedges.append(late[1])
    low, high, hedge = _weigh(amount, hedges)
    before = [t.lower for t in tokens[max(0, start - 2) : start]]
    reference = len(before) == 2 and before[0] == "of" and before[1] in ("the", "these", "those")
    span = Span(tokens[start].span.start, tokens[stop - 1].span.end)
    reason = _reason(tokens, amount, head, stop)
    single = amount.high == 1
    return Count(span, low, high, hedge, head, head.partitive, reference, single, reason)


def _product(tokens: Sequence[Token], amount: Amount) -> Count | None:
    """ "three groups of 50 workers each": the outer number times the inner one."""
    groups = find_head(tokens, amount.first, amount.stop, singular=False)
    if groups.kind != GROUP or groups.stop >= len(tokens) or tokens[groups.stop].lower != "of":
        return None
    for index in range(groups.stop + 1, min(groups.stop + 5, len(tokens))):
        if inner := read_amount(tokens, index):
            count = _with_head(tokens, inner)
            times = amount.low
            span = Span(tokens[amount.first].span.start, count.span.end)
            low = None if count.low is None else count.low * times
            high = None if count.high is None else count.high * times
            return replace(count, span=span, low=low, high=high, reason=None)
    return None


def _one_person(tokens: Sequence[Token], index: int) -> Count | None:
    """ "a logger", "one North Korean cook": a single person, named by a noun of people."""
    head = find_head(tokens, index, index + 1, singular=True)
    if head.kind in (ELIDED, "thing", GROUP, "permit") or head.reason:
        return None
    return Count(tokens[index].span, 1, 1, Hedge.EXACT, head, singular=True)


def _scan(tokens: Sequence[Token]) -> Iterator[Count]:
    index = 0
    while index < len(tokens):
        amount = read_amount(tokens, index)
        if amount is None:
            if tokens[index].lower in _SINGULAR and (one := _one_person(tokens, index)):
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
        while index < len(tokens) and tokens[index].span.start < count.span.end:
            index += 1


def _carry(tokens: Sequence[Token], counts: Iterable[Count]) -> Iterator[Count]:
    """ "nine hours, of which two": an elided count of what the number before measures."""
    starts = {token.span.start: index for index, token in enumerate(tokens)}
    before: Count | None = None
    for count in counts:
        index = starts.get(count.span.start, 0)
        tied = [t.lower for t in tokens[max(0, index - 2) : index]] in (["of", "which"], ["of", "them"])
        if before is not None and before.reason and tied and count.head.kind == ELIDED:
            count = replace(count, reason=before.reason)
        if not count.singular:
            before = count
        yield count


def find_numbers(tokens: Sequence[Token]) -> list[Count]:
    """Every number of a sentence's tokens, those that count no people with their `reason`."""
    return list(_carry(tokens, _scan(tokens)))


def find_counts(text: str, start: int, end: int) -> list[Count]:
    """The numbers of `text[start:end]` that may count people, left to right."""
    return [count for count in find_numbers(tokenize(text, start, end)) if count.reason is None]
