"""How a number is worded beside its digits: the hedge cues of `lexicon/hedges.csv`, and what they weigh.

A cue belongs to the number it touches. Numbers themselves are the business of `amounts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.amounts import Amount, read_amount
from orchestration.extraction.lexicon import load
from orchestration.extraction.text import Token
from orchestration.records import Hedge

BEFORE, AFTER, TOUCHING = "before", "after", "after_touching"
BOUNDS = (Hedge.AT_LEAST, Hedge.AT_MOST)
MOST_CUES = 3
_BEYOND = ("another", "further", "additional", "extra", "fresh", "a")
"""Words that may stand between a hedge and its number: "about another 500"."""
_PARTICLE = ("over",)
"""The verb's own before a hedged number, and after some verbs: "to bring over some 600 men"."""
_MOVES = (
    *("bring", "brings", "bringing", "brought", "take", "takes", "taking", "took", "taken"),
    *("hand", "hands", "handing", "handed"),
)
_NOT = ("not", "never", "cannot", "n't", "'t")
_MORE = (("more", "than"), ("over",), ("above",))


@dataclass(frozen=True, slots=True)
class HedgeCue:
    """A row of `hedges.csv`: a cue before or after the number, and the hedge it gives.

    An `after` cue may stand behind a comma ("twenty, at most"), one that is `after_touching` may not.
    """

    cue: str
    position: str
    hedge: Hedge

    def __post_init__(self) -> None:
        if self.position not in (BEFORE, AFTER, TOUCHING):
            raise ValueError(f"position {self.position!r} must be {BEFORE}, {AFTER} or {TOUCHING}")


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue found: its first token, the token after it, its words and its hedge."""

    start: int
    stop: int
    words: tuple[str, ...]
    hedge: Hedge


@cache
def _cues(position: str) -> dict[str, list[tuple[tuple[str, ...], Hedge]]]:
    """Cues by the word that touches the number, longest first."""
    cues: dict[str, list[tuple[tuple[str, ...], Hedge]]] = {}
    for row in load("hedges", HedgeCue, ("cue", "position")):
        if row.position == position:
            words = tuple(row.cue.split())
            cues.setdefault(words[-1] if position == BEFORE else words[0], []).append((words, row.hedge))
    for rows in cues.values():
        rows.sort(key=lambda row: -len(row[0]))
    return cues


def _cue_before(tokens: Sequence[Token], stop: int) -> Cue | None:
    """The cue that ends right before token `stop`."""
    if stop <= 0:
        return None
    for words, hedge in _cues(BEFORE).get(tokens[stop - 1].lower, ()):
        start = stop - len(words)
        if start >= 0 and all(t.lower == w for t, w in zip(tokens[start:stop], words, strict=True)):
            return Cue(start, stop, words, hedge)
    return None


def _moves(tokens: Sequence[Token], cue: Cue) -> bool:
    """Whether "over" belongs to the verb before it: "it has taken over 55 stitchers"."""
    return cue.start > 0 and tokens[cue.start - 1].lower in _MOVES


def _denied(tokens: Sequence[Token], cue: Cue) -> bool:
    """Whether a denied verb turns a lower bound round: "they cannot have more than 45,000"."""
    return cue.words in _MORE and cue.start > 1 and tokens[cue.start - 2].lower in _NOT


def hedges_before(tokens: Sequence[Token], first: int) -> tuple[int, list[Hedge]]:
    """All cues that lead up to the number, nearest first, with the token at which they begin."""
    start, skipped = first, 0
    hedges: list[Hedge] = []
    while len(hedges) < MOST_CUES:
        if cue := _cue_before(tokens, start):
            if cue.words == _PARTICLE and (hedges or _moves(tokens, cue)):
                break
            first = start = cue.start
            hedges.append(Hedge.AT_MOST if _denied(tokens, cue) else cue.hedge)
        elif not hedges and skipped < 2 and start > 0 and tokens[start - 1].lower in _BEYOND:
            start, skipped = start - 1, skipped + 1
        else:
            break
    return first, hedges


def cue_after(tokens: Sequence[Token], start: int) -> Cue | None:
    """The cue that begins at token `start`, or behind a comma there; never one of the next number."""
    comma = start < len(tokens) and tokens[start].raw == ","
    if not comma and (cue := _cue_at(tokens, start, TOUCHING)):
        return cue
    cue = _cue_at(tokens, start + comma, AFTER)
    return None if cue is None or _leads_on(tokens, cue.stop) else cue


def _cue_at(tokens: Sequence[Token], start: int, position: str) -> Cue | None:
    if start >= len(tokens):
        return None
    for words, hedge in _cues(position).get(tokens[start].lower, ()):
        stop = start + len(words)
        if [t.lower for t in tokens[start:stop]] == list(words):
            return Cue(start, stop, words, hedge)
    return None


def _leads_on(tokens: Sequence[Token], stop: int) -> bool:
    """Whether what looks like a cue leads up to another number: "40, at least 20 of them"."""
    if stop >= len(tokens):
        return False
    return tokens[stop].lower == "than" or read_amount(tokens, stop) is not None


def weigh(amount: Amount, hedges: Iterable[Hedge]) -> tuple[int | None, int | None, Hedge]:
    """Bounds and hedge together: a range or vague wording keeps its own, a bound beats "about".

    A wording such as "a pair" is not hedged by "about": "they know about a pair of cooks".
    """
    cues = [h for h in hedges if h is not Hedge.EXACT and (h in BOUNDS or not amount.worded)]
    if amount.hedge in (Hedge.RANGE, Hedge.VAGUE):
        return amount.low, amount.high, amount.hedge
    bound = next((h for h in cues if h in BOUNDS), None)
    return bounded(amount.low, amount.high, bound or (cues[0] if cues else amount.hedge))


def bounded(low: int | None, high: int | None, hedge: Hedge) -> tuple[int | None, int | None, Hedge]:
    """A count's bounds as a hedge leaves them: open above for "at least", below for "at most"."""
    return None if hedge is Hedge.AT_MOST else low, None if hedge is Hedge.AT_LEAST else high, hedge
