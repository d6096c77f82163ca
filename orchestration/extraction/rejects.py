"""Lists the numbers near a worker word that became no figure, so that recall can be audited.

Each carries the reason code that `counts`, `judge` or `resolve` gave it, and the reader's probability.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from orchestration.extraction.heads import HeadNoun
from orchestration.extraction.judge import Refusal
from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import Passage
from orchestration.extraction.text import PhraseIndex
from orchestration.records import Reject

NEAR = 10
"""How many tokens from a worker word a number is worth keeping."""

MOST = 500
"""Of one article: a page of tables must not flood the ledger."""

_KINDS = ("worker", "soldier", "official")


@cache
def _workers() -> PhraseIndex[str]:
    rows = [row for row in load("heads", HeadNoun) if row.kind in _KINDS]
    return PhraseIndex((noun, row.kind) for row in rows for noun in (row.noun, row.plural))


def _worker_tokens(passage: Passage) -> list[int]:
    return [first for first, _, _ in _workers().find(passage.tokens)]


def _reject(text: str, refusal: Refusal) -> Reject:
    sentence, number, p = refusal.passage.span, refusal.count.span, refusal.confidence
    return Reject(
        sentence=text[sentence.start : sentence.end],
        number=text[number.start : number.end],
        start=number.start,
        end=number.end,
        reason=refusal.reason,
        probability=None if p is None else round(p, 4),
    )


def list_rejects(text: str, refused: Iterable[Refusal]) -> tuple[Reject, ...]:
    """The refused numbers near a worker word, in reading order."""
    nouns: dict[int, list[int]] = {}
    rejects = []
    for refusal in sorted(refused, key=lambda one: one.count.span.start):
        passage, count = refusal.passage, refusal.count
        if passage.span.start not in nouns:
            nouns[passage.span.start] = _worker_tokens(passage)
        near = nouns[passage.span.start]
        index = passage.token(count.span.start)
        if count.singular or not any(abs(index - noun) <= NEAR for noun in near):
            continue
        rejects.append(_reject(text, refusal))
        if len(rejects) == MOST:
            break
    return tuple(rejects)
