"""The register of an article's claims: every count judged in turn, with what it takes from the one before.

Elided counts in lists ("Kuwait 904"), parts ("twelve of the newcomers") and "the others followed" find
their claim here. Hosts, sectors and periods left unsaid are for `resolve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestration.extraction.counts import Count
from orchestration.extraction.heads import ELIDED, GROUP
from orchestration.extraction.hosts import Host
from orchestration.extraction.judge import Context, Judgement, judge, people_at_work
from orchestration.extraction.passage import Passage, anchors
from orchestration.extraction.periods import Period
from orchestration.records import Measure, Status

LIST_REACH = 16
"""How many tokens may lie between two counts of one list."""


@dataclass(slots=True)
class Claim:
    """A count with its judgement, and what resolution adds to it."""

    passage: Passage
    place: int
    count: Count
    measure: Measure
    status: Status
    host: Host
    sectors: tuple[str, ...]
    trigger: int | None
    part: bool = False
    parent: Claim | None = None
    period: Period | None = None
    inherited: bool = False

    @property
    def size(self) -> int:
        """A number to compare sizes by."""
        return self.count.high or self.count.low or 0


@dataclass(slots=True)
class Register:
    """The claims in reading order, and the numbers that made none, each with its reason."""

    claims: list[Claim] = field(default_factory=list)
    refused: list[tuple[Passage, Count, str]] = field(default_factory=list)


def _previous(register: Register, place: int, reach: int) -> Claim | None:
    """The last claim, if it stands at most `reach` passages back."""
    if not register.claims or place - register.claims[-1].place > reach:
        return None
    return register.claims[-1]


def _same_list(passage: Passage, earlier: Claim, count: Count) -> bool:
    """Whether a count stands in one list with an earlier one of its sentence: nothing but places between."""
    first, stop = passage.token(earlier.count.extent.end), passage.token(count.span.start)
    if earlier.passage is not passage or not 0 <= stop - first <= LIST_REACH:
        return False
    verbs = [t for t in passage.triggers if first <= t.first < stop and t.form not in ("noun", "ing")]
    return not [t for t in verbs if t.rows[0].measure and t.rows[0].weight >= 0.5]


def _tied(passage: Passage, count: Count, host: Host) -> bool:
    """Whether a place stands right beside a count: "Kuwait 904", "1,500 in the UAE"."""
    first, stop = passage.token(count.span.start), passage.token(count.extent.end)
    for place in host.places:
        index, end = passage.token(place.span.start), passage.token(place.span.end)
        if stop <= index <= stop + 4 or end <= first <= end + 3:
            return True
    return False


def _heads_list(passage: Passage, count: Count, host: Host) -> bool:
    """Whether a place leads up to an elided count as in a table: "Liaoning: 35,000", "Angola (1,000)"."""
    first = passage.token(count.span.start)
    ends = [passage.token(place.span.end) for place in host.places]
    marks: tuple[list[str], ...] = ([], ["("], [":"], ["-"], ["–"])
    return count.head.kind == ELIDED and any(
        0 <= first - end <= 1 and passage.words(end, first) in marks for end in ends
    )


def _inherit(
    register: Register, passage: Passage, place: int, count: Count, judged: Judgement
) -> Claim | None:
    """A claim for a count without a trigger of its own, from the claim before it, or None."""
    if judged.reason != "no_measure" or count.singular or count.head.kind in ("permit", "thing"):
        return None
    earlier = _previous(register, place, 8 if _heads_list(passage, count, judged.host) else 2)
    if earlier is None:
        return None
    if earlier.place != place and _heads_list(passage, count, judged.host):
        return _claim(passage, place, count, _taken(earlier, judged), earlier)
    listed = _same_list(passage, earlier, count)
    if listed and (_tied(passage, count, judged.host) or judged.part_of):
        return _claim(passage, place, count, _taken(earlier, judged), earlier)
    smaller = 0 < (count.high or count.low or 0) < earlier.size
    if judged.part_of and smaller and count.head.kind in (ELIDED, "worker", "person", "official", GROUP):
        return _claim(passage, place, count, _taken(earlier, judged), earlier)
    return None


def _taken(earlier: Claim, judged: Judgement) -> Judgement:
    return replace(judged, measure=earlier.measure, status=earlier.status, trigger=earlier.trigger)


def _claim(
    passage: Passage, place: int, count: Count, judged: Judgement, source: Claim | None = None
) -> Claim:
    if judged.measure is None or judged.status is None:
        raise ValueError("a claim needs a measure and a status")
    return Claim(
        passage,
        place,
        count,
        judged.measure,
        judged.status,
        judged.host,
        judged.sectors,
        judged.trigger if source is None or source.passage is passage else None,
        part=judged.part_of,
        inherited=source is not None,
    )


def _is_theme(passages: Sequence[Passage]) -> bool:
    """Whether the article is about these workers: several passages name home and people at work together."""
    home = anchors()["home"]
    naming = [p for p in passages if any(home in place.countries for place in p.places)]
    working = [p for p in naming if any(n.head.kind == "worker" for n in p.numbers) or people_at_work(p)]
    return len(working) >= 2 or len(working) * 4 >= len(passages)


def _context(register: Register, place: int, theme: bool) -> Context:
    earlier = _previous(register, place, 6)
    fleeing = any(c.measure is Measure.DEFECTION and place - c.place <= 4 for c in register.claims[-6:])
    if earlier is None:
        return Context(fleeing=fleeing, theme=theme)
    return Context(earlier.measure, earlier.status, fleeing, recent=place - earlier.place <= 2, theme=theme)


def read_register(passages: Sequence[Passage]) -> Register:
    """Judges every count of an article in reading order."""
    register = Register()
    theme = _is_theme(passages)
    for place, passage in enumerate(passages):
        for count in passage.numbers:
            if count.reason is not None:
                register.refused.append((passage, count, count.reason))
                continue
            judged = judge(passage, count, _context(register, place, theme))
            if judged.measure is not None:
                register.claims.append(_claim(passage, place, count, judged))
            elif claim := _inherit(register, passage, place, count, judged):
                register.claims.append(claim)
            else:
                register.refused.append((passage, count, judged.reason or "no_measure"))
    return register
