"""What a look at an outlet gave against what its looks usually give: layouts change, feeds empty in silence.

Only the comparison belongs here; the looks come from the ledger, and the remarks go into the run's summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

FEWEST_LOOKS = 4
"""Looks that make a habit."""
FEWEST_NEW = 3
"""New articles that a look usually brings, for none to be a surprise."""
HALF = 0.5
USUAL_DAYS = 7
"""An outlet that was silent for so many days, or for twice its longest silence, is not yet quiet."""
OFTEN, SELDOM = 0.3, 0.05
"""Shares of pages without a day, or without an article, that are remarkable where few had none before."""


@dataclass(frozen=True, slots=True)
class Look:
    """One run's look at an outlet: articles that were new, pages that gave an article, no day, no article;
    `length` is the median length of the texts in characters, None where there were none.
    """

    new: int
    parsed: int
    undated: int
    without_article: int
    length: float | None

    @property
    def pages(self) -> int:
        """Pages that were read."""
        return self.parsed + self.undated + self.without_article


def remarks(now: Look, before: Sequence[Look]) -> list[str]:
    """What is unlike the looks before, in words; nothing where they are too few to be a habit."""
    if len(before) < FEWEST_LOOKS:
        return []
    found = [_of_number(now, before), _of_length(now, before)]
    found += [_of_share(now, before, name, words) for name, words in _SHARES]
    return [remark for remark in found if remark]


_SHARES = (("undated", "show no day of publication"), ("without_article", "hold no article"))


def _of_number(now: Look, before: Sequence[Look]) -> str | None:
    usual = median(look.new for look in before)
    if now.new or usual < FEWEST_NEW:
        return None
    return f"nothing new, where a look usually brings {usual:g} articles"


def _of_length(now: Look, before: Sequence[Look]) -> str | None:
    lengths = [look.length for look in before if look.length is not None]
    if now.length is None or now.parsed < FEWEST_NEW or len(lengths) < FEWEST_LOOKS:
        return None
    usual = median(lengths)
    if now.length > HALF * usual:
        return None
    return f"texts are of {now.length:,.0f} characters, where they usually have {usual:,.0f}"


def _of_share(now: Look, before: Sequence[Look], name: str, words: str) -> str | None:
    many, pages = getattr(now, name), sum(look.pages for look in before)
    usual = sum(getattr(look, name) for look in before) / max(1, pages)
    if now.pages < FEWEST_NEW or many / now.pages <= OFTEN or usual >= SELDOM:
        return None
    return f"{many} of {now.pages} pages {words}, where usually {usual:.0%} do"


def longest_silence(days: Sequence[date], now: date) -> int | None:
    """The longest silence between an outlet's days of news, where the present one is beyond that habit.

    That is: more than twice as long, and more than a week. None where it is not, or the days, sorted, are too
    few to be a habit.
    """
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    if len(gaps) < FEWEST_LOOKS:
        return None
    return max(gaps) if (now - days[-1]).days > max(USUAL_DAYS, 2 * max(gaps)) else None
