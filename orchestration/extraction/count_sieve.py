"""Where a count may begin at all: which sentences can hold one, and which of their tokens can open one.

Both are asked before `counts`, which reads what is let through; what is stopped here holds no number and
no single person for sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from orchestration.extraction.amounts import DASHES, CountWording, NumberWord
from orchestration.extraction.heads import GROUP, REACH, HeadNoun
from orchestration.extraction.lexicon import load
from orchestration.extraction.sieve import Sieve, any_case, sequence, whole, whole_behind
from orchestration.extraction.text import Token, tokenize

ARTICLES = ("a", "an", "another", "single")
SINGULAR = (*ARTICLES, "one")
"""Words before a noun of people that make it one person; those but "one" are no number by themselves."""
_REACH = 2 * REACH
"""How many tokens behind such a word its noun may end: a noun of several words, or one that another owns."""
_LEADING = ("between", "half", *DASHES)
"""Words and marks that may open an amount and are in no table: "half a dozen", "between 5 and 10"."""


def _amounts() -> Iterator[str]:
    yield from (row.word for row in load("number_words", NumberWord))
    yield from (row.wording for row in load("counts", CountWording))


def _people() -> Iterator[str]:
    """What one person may be called; "one of their cooks" has it in the plural."""
    for row in load("heads", HeadNoun):
        if row.kind not in (GROUP, "permit"):
            yield from filter(None, (row.noun, row.plural))


def _tokens(wording: str) -> list[str]:
    return [token.lower for token in tokenize(wording, 0, len(wording))]


def _patterns(wordings: Iterable[str]) -> list[str]:
    return [sequence(map(any_case, _tokens(wording))) for wording in sorted({*wordings})]


@cache
def _sieve() -> Sieve:
    """Digits, a number in words, or a noun of people somewhere behind "a"."""
    amounts, singles, people = map(_patterns, (_amounts(), SINGULAR, _people()))
    return Sieve(f"[0-9]|{whole(amounts)}|{whole_behind(singles, people)}")


def may_count(sentence: str) -> bool:
    """Whether a sentence may hold a number or a single person: False is sure."""
    return _sieve().passes(sentence)


@cache
def _openers() -> frozenset[str]:
    """Words that may be a number by themselves."""
    alone = (_tokens(wording) for wording in _amounts())
    return frozenset((*(words[0] for words in alone if len(words) == 1), *_LEADING))


@cache
def _leaders() -> frozenset[str]:
    """Words that open a number or a person only with another behind them: "a few", "the pair", "a cook"."""
    return frozenset((*(_tokens(wording)[0] for wording in _amounts()), *ARTICLES)) - _openers()


@cache
def _seconds() -> frozenset[str]:
    """What stands behind a leader where the two open a number."""
    led = (_tokens(wording) for wording in _amounts())
    return _openers() | {words[1] for words in led if len(words) > 1}


@cache
def _persons() -> frozenset[str]:
    return frozenset(_tokens(wording)[-1] for wording in _people())


def may_open(tokens: Sequence[Token], index: int) -> bool:
    """Whether a number or a single person may begin at a token: False is sure."""
    word = tokens[index].lower
    if word in _openers() or word[0].isdigit():
        return True
    if word not in _leaders():
        return False
    behind = [token.lower for token in tokens[index + 1 : index + 1 + _REACH]]
    if behind and behind[0] in _seconds():
        return True
    return word in SINGULAR and not _persons().isdisjoint(behind)
