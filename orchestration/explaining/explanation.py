"""Collects why each number of an article became a figure or did not: what is marked in the text, what the
reader thought of each count, and what resolution made of it.

No rendering: terminal and page show the same `Explanation`, all of whose strings are safe to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from string import ascii_lowercase

from orchestration.explaining.chances import (
    Chance,
    measure_chances,
    period_chances,
    place_chances,
    sector_chances,
    status_chances,
    whole_chances,
)
from orchestration.explaining.changes import Changes
from orchestration.explaining.marks import KIND_WORDS, Kind, Mark, cut, mentions, settle
from orchestration.explaining.wording import host_words, percent, period_words, showable
from orchestration.extraction.counts import Count, reasons
from orchestration.extraction.extract import Read, Study, study
from orchestration.extraction.judge import MEASURE, Claim, Refusal, judge
from orchestration.extraction.passage import Passage, anchors, read_passages
from orchestration.extraction.reader.opinions import Opinion
from orchestration.extraction.text import quoted_sentence
from orchestration.records import Article, Figure, Span

UNSAID = "no_measure"
"""The reason code of a count that the reader alone refused."""

NEAR = 0.1
"""From this probability of a figure on, a refused count is worth a look."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A number of the text and what became of it.

    `label` is the figure's index as `extract` counts them, a letter for a judged number that is none, and
    empty where a rule proves that it is none. `words` and `noun` are the count and what it counts, as
    worded; `quote` is its sentence, `summary` what became of it in a line. `reason` is a reject code, `p` the
    reader's probability that it is a figure. `chances` holds what the reader weighed, by question; `changes`
    what resolution changed.
    """

    label: str
    kind: Kind
    span: Span
    words: str
    noun: str
    quote: Span
    summary: str
    reason: str | None
    p: float | None
    chances: Mapping[str, tuple[Chance, ...]]
    changes: tuple[str, ...]

    @property
    def is_near(self) -> bool:
        """Whether it might have been a figure, or the reader was not asked."""
        return self.p is None or self.p >= NEAR


@dataclass(frozen=True)
class Explanation:
    """One article, explained: its text with marks, its numbers in reading order, its figures.

    `about` is the country that it is about as a whole; `notes` say what was not read, and why.
    """

    id: str
    title: str
    published: str | None
    text: str
    marks: tuple[Mark, ...]
    findings: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    about: str | None
    notes: tuple[str, ...]

    def of_kind(self, *kinds: Kind) -> list[Finding]:
        """The findings of some kinds, in reading order."""
        return [finding for finding in self.findings if finding.kind in kinds]

    def pieces(self, span: Span | None = None) -> Iterator[tuple[str, Mark | None]]:
        """The text, or a part of it, cut at its marks."""
        return cut(self.text, self.marks, span or Span(0, len(self.text)))

    def facts(self) -> list[str]:
        """What is to be known of it at a glance: id, day, country, how many numbers became what."""
        told = (
            self.id if self.title else None,
            f"published {self.published}" if self.published else None,
            f"mostly about {self.about}" if self.about else None,
            self.tally() if self.findings else None,
        )
        return [fact for fact in told if fact]

    def tally(self) -> str:
        """How many numbers became what."""
        figures = len(self.of_kind(Kind.FIGURE))
        told = [f"{figures} figure" if figures == 1 else f"{figures} figures"]
        others = {kind: len(self.of_kind(kind)) for kind in (Kind.REPEATED, Kind.REFUSED, Kind.PROVED)}
        return ", ".join([*told, *(f"{n} {KIND_WORDS[kind]}" for kind, n in others.items() if n)])


def explain(article: Article, read: Read | None = None) -> Explanation:
    """Explain one article. `read` stands in for the shipped reader; errors as of `extraction.study`."""
    done = study(article, read)
    if done.is_language_read and not done.is_of_home:
        done = replace(done, passages=read_passages(article.text))  # not judged, yet to be seen
    case = _Case(article, done)
    findings = tuple(case.findings()) if done.is_of_home else ()
    counted = [Mark(f.span, f.kind, f.summary, f.label) for f in findings]
    return Explanation(
        id=showable(article.id),
        title=showable(article.title),
        published=str(article.published) if article.published else None,
        text=showable(article.text),
        marks=settle([*counted, *mentions(article, done.passages)]),
        findings=findings,
        figures=tuple(_showable(figure) for figure in done.figures),
        about=case.changes.main,
        notes=tuple(_notes(article, done)),
    )


def _showable(figure: Figure) -> Figure:
    words = {name: showable(value) for name, value in asdict(figure).items() if type(value) is str}
    return replace(figure, **words)  # type: ignore[arg-type]


def _notes(article: Article, done: Study) -> Iterator[str]:
    if not done.is_language_read:
        yield f"Its language, {showable(article.language)!r}, is not read: there are no tables for it."
    elif not done.is_of_home:
        yield f"Neither title nor text names the workers' country ({anchors()['home']}): no count is judged."
    if article.published is None and done.is_language_read:
        yield "No day of publication, so no time is resolved: give it with --published YYYY-MM-DD."


def _letters(number: int) -> str:
    """a, b, … z, aa, ab, …"""
    told = ""
    number += 1
    while number:
        number, place = divmod(number - 1, 26)
        told = ascii_lowercase[place] + told
    return told


class _Case:
    """All that is known of one article, by the span of the count."""

    def __init__(self, article: Article, done: Study) -> None:
        self._article, self._done = article, done
        self._opinions = {opinion.count.span: opinion for opinion in done.opinions}
        self._refused = {refusal.count.span: refusal for refusal in done.resolved.refused}
        self._kept = {claim.count.span: claim for claim in done.resolved.claims}
        verdicts = [judge(opinion, article, done.passages) for opinion in done.opinions]
        self._judged = {v.count.span: v for v in verdicts if isinstance(v, Claim)}
        self._labels = self._label()
        self.changes = Changes(article, done.passages, self._judged, self._kept, self._labels)

    def _label(self) -> dict[Span, str]:
        """Figures by their index, other judged numbers by letters."""
        labels = {Span(f.count_start, f.count_end): str(n) for n, f in enumerate(self._done.figures)}
        open_counts = [count for passage in self._done.passages for count in passage.open_counts]
        others = [count.span for count in open_counts if count.span not in labels]
        return labels | {span: _letters(n) for n, span in enumerate(others)}

    def findings(self) -> Iterator[Finding]:
        """Each number of the text, in reading order."""
        for passage in self._done.passages:
            for number in passage.numbers:
                yield self._finding(passage, number)

    def _finding(self, passage: Passage, number: Count) -> Finding:
        span, text = number.span, self._article.text
        refusal, opinion = self._refused.get(span), self._opinions.get(span)
        return Finding(
            label=self._labels.get(span, ""),
            kind=self._kind(number),
            span=span,
            words=showable(text[span.start : span.end]),
            noun=showable(text[number.head.span.start : number.head.span.end]),
            quote=quoted_sentence(text, passage.sentence, span),
            summary=self._summary(number, refusal, opinion),
            reason=refusal.reason if refusal else None,
            p=opinion.figure if opinion else None,
            chances=self._chances(opinion) if opinion else {},
            changes=self.changes.of(span) if span in self._judged else (),
        )

    def _kind(self, number: Count) -> Kind:
        if number.span in self._kept:
            return Kind.FIGURE
        if number.span in self._judged:
            return Kind.REPEATED
        return Kind.REFUSED if number.is_open else Kind.PROVED

    def _summary(self, number: Count, refusal: Refusal | None, opinion: Opinion | None) -> str:
        """What became of a number, in a line."""
        claim = self._kept.get(number.span)
        if claim is not None:
            days = period_words(claim.period.start, claim.period.end) if claim.period else None
            host = host_words(claim.host.countries, claim.host.region)
            return " · ".join(word for word in (claim.measure, claim.status, host, days) if word)
        reason = reasons().get(refusal.reason) if refusal else None
        meaning = f"{reason.code}: {reason.meaning}" if reason else "no figure"
        if opinion is None:
            return f"{meaning} (the reader did not see it)" if number.is_open else meaning
        if number.singular and max(opinion.measures.values()) >= MEASURE and number.span not in self._judged:
            return "no figure: one person counts only as a defection"
        told = "" if meaning.startswith(UNSAID) else f" · {meaning}"
        return f"no figure ({percent(opinion.figure)}){told}"

    def _chances(self, opinion: Opinion) -> dict[str, tuple[Chance, ...]]:
        claim, article = self._judged.get(opinion.count.span), self._article
        return {
            "measure": measure_chances(opinion, claim),
            "status": status_chances(opinion, claim),
            "host": place_chances(opinion, claim),
            "period": period_chances(article, opinion, claim),
            "sectors": sector_chances(opinion, claim),
            "whole": whole_chances(article, opinion, claim, self._labels),
        }
