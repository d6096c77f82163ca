"""What resolution changed in a claim: hosts, sectors and times that it took from others, parts, repeats.

A claim as it was judged alone is held against the claim that was left; what is done is for `resolve`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from orchestration.explaining.wording import host_words, period_words
from orchestration.extraction.judge import Claim
from orchestration.extraction.passage import Passage
from orchestration.extraction.resolve import exchanged, merge_repeats
from orchestration.extraction.sectors import main_host, main_sector, told_sectors
from orchestration.records import Article, Span

ELSEWHERE = "another telling of it"


class Changes:
    """Tells the changes of an article's claims.

    `judged` holds every claim as judged alone, `kept` those that were left, `labels` what a count is
    called, all by the span of the count. `main` is the country that the article is about.
    """

    def __init__(
        self, article: Article, passages: Sequence[Passage], judged: Mapping[Span, Claim],
        kept: Mapping[Span, Claim], labels: Mapping[Span, str],
    ) -> None:  # fmt: skip
        self.main = main_host(article, passages)
        self._told = told_sectors(passages)
        self._sector = main_sector(article, passages)
        self._judged, self._kept, self._labels = judged, kept, labels
        self._better = {span: self._find_better(claim) for span, claim in judged.items() if span not in kept}

    def of(self, span: Span) -> tuple[str, ...]:
        """The changes of one claim, in words."""
        before, after = self._judged[span], self._kept.get(span)
        if after is None:
            better = self._better[span]
            return (f"dropped: {self._name(better.count.span)} tells it" if better else "dropped: a repeat",)
        taken = (self._host, self._sectors, self._period, self._part)
        return (*chain.from_iterable(step(before, after) for step in taken), *self._repeats(after))

    def _name(self, span: Span) -> str:
        return f"[{self._labels.get(span, '?')}]"

    def _whole(self, after: Claim) -> str:
        return f"its whole {self._name(after.parent.count.span)}" if after.parent else "its whole"

    def _host(self, before: Claim, after: Claim) -> Iterator[str]:
        if after.host != before.host:
            yield f"host {host_words(after.host.countries, after.host.region)} from {self._host_from(after)}"

    def _host_from(self, after: Claim) -> str:
        if after.parent is not None and after.parent.host == after.host:
            return self._whole(after)
        if exchanged(after, (c for c in self._judged.values() if c.place == after.place)) == after.host:
            return "those who go the other way in its sentence"
        return "the one country that the article names"

    def _sectors(self, before: Claim, after: Claim) -> Iterator[str]:
        if after.sectors != before.sectors:
            yield f"sectors {', '.join(after.sectors) or 'none'} from {self._sectors_from(after)}"

    def _sectors_from(self, after: Claim) -> str:
        host = after.host.countries[0] if len(after.host.countries) == 1 else ""
        if self._told.get(host) == after.sectors:
            return f"what it says most workers in {host} do"
        if after.parent is not None and after.parent.sectors == after.sectors:
            return self._whole(after)
        return "the article's one line of work" if after.sectors == (self._sector,) else ELSEWHERE

    def _period(self, before: Claim, after: Claim) -> Iterator[str]:
        if after.period is not None and after.period != before.period:
            yield f"period {period_words(after.period.start, after.period.end)} from {ELSEWHERE}"

    def _part(self, before: Claim, after: Claim) -> Iterator[str]:
        whole, parent = before.whole, after.parent
        if parent is not None:
            said = "" if whole is not None and whole.span == parent.count.span else f", by {ELSEWHERE}"
            yield f"part of {self._name(parent.count.span)}{said}"
        elif whole is not None:
            yield f"not made a part of {self._name(whole.span)}: {self._why_no_part(after, whole.span)}"

    def _why_no_part(self, claim: Claim, span: Span) -> str:
        whole = self._judged.get(span)
        if whole is None:
            return "that is no figure"
        if whole.measure is not claim.measure:
            return "that is of another measure"
        return "that is smaller" if whole.size < claim.size else "it cannot be tied"

    def _repeats(self, after: Claim) -> Iterator[str]:
        again = [self._name(span) for span, better in self._better.items() if better is after]
        if again:
            yield f"told again by {', '.join(again)}"

    def _find_better(self, dropped: Claim) -> Claim | None:
        """The claim that was kept in place of a dropped one; a host left unsaid may be the other's."""
        for claim in self._kept.values():
            lent = replace(dropped, host=dropped.host if dropped.host.stated else claim.host)
            if any(lost is lent for lost in merge_repeats([replace(claim), lent])[1]):
                return claim
        return None
