"""Judges one count in its sentence: which measure it is of, if any, with status, host and sectors.

A weighted reading: every trigger of the sentence bids for the count, and the best bid wins if it is
good enough. What other sentences say comes in only through `Context`; repeats, parts and inherited
hosts are for `resolve`. A learned reader can take this module's place behind `judge`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from math import exp

from orchestration.extraction.counts import Count
from orchestration.extraction.heads import ELIDED, GROUP, HeadNoun
from orchestration.extraction.hosts import Host, find_host, is_foreign, preposition
from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import Passage, anchors
from orchestration.extraction.text import PhraseIndex
from orchestration.extraction.triggers import Trigger, TriggerRow
from orchestration.records import Measure, Status

THRESHOLD = 0.17
"""A bid below this is no evidence."""

SINGULAR_THRESHOLD = 0.5
"""One person counts only where fleeing is told plainly."""

REACH = 45
"""How many tokens away a trigger may stand."""

_WINDOW = 24
_RELATIVE = {"who", "that", "which", "whom"}
_HEAD_WORTH = {
    "worker": 1.0,
    "official": 0.6,
    "person": 0.9,
    GROUP: 0.85,
    ELIDED: 0.8,
    "soldier": 0.85,
    "permit": 1.0,
}


@dataclass(frozen=True, slots=True)
class Direction:
    """A row of `directions.csv`: words that say whither people move: home, abroad, refuge or flee."""

    cue: str
    direction: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the article has told before: the last claim, whether it stands near, whether somebody has fled."""

    measure: Measure | None = None
    status: Status | None = None
    fleeing: bool = False
    recent: bool = False
    theme: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a count is: no measure means no figure, and `reason` says why.

    `part_of`: the words tie it to a whole ("of them", "including"). `trigger` is the token where what
    is told stands. `confidence` is None: rules give no probability.
    """

    measure: Measure | None
    status: Status | None = None
    host: Host = field(default_factory=Host)
    sectors: tuple[str, ...] = ()
    part_of: bool = False
    confidence: float | None = None
    reason: str | None = None
    trigger: int | None = None


@dataclass(frozen=True, slots=True)
class Bid:
    """One trigger's claim on a count."""

    score: float
    trigger: Trigger
    row: TriggerRow
    measure: Measure | None


@cache
def _directions() -> PhraseIndex[str]:
    return PhraseIndex((row.cue, row.direction) for row in load("directions", Direction))


def _place_directions(passage: Passage, first: int, stop: int) -> Iterator[tuple[int, str]]:
    """Directions that places give: "to Pyongyang" is home, "to Seoul" refuge, "to Kuwait" abroad."""
    start = passage.tokens[first].span.start
    for place in passage.places:
        index = passage.token(place.span.start)
        if place.span.start < start or index >= stop or place.kind == "demonym":
            continue
        leads = preposition(passage, place) or ("object" if index - first <= 2 else "")
        whither = leads in ("to", "object", "in")
        if anchors()["home"] in place.countries:
            yield index, "home" if leads == "to" or (leads == "in" and index - first > 0) else "from_home"
        elif anchors()["refuge"] in place.countries and whither:
            yield index, "refuge"
        elif is_foreign(place) and leads:
            yield index, {"to": "abroad", "in": "there", "from": "from_abroad"}.get(leads, "place")


def _read_directions(passage: Passage, trigger: Trigger) -> list[str]:
    """The directions told after a trigger, nearest first, up to the end of its clause."""
    stop = min(len(passage.tokens), trigger.stop + _WINDOW)
    for index in range(trigger.stop, stop):
        if passage.tokens[index].raw in (";", ":", "—", "(") or passage.gap(trigger.stop, index) > 1.1:
            stop = index
            break
    for other in passage.triggers:
        if trigger.stop < other.first < stop and other.voice != "reduced" and other.rows[0].measure:
            stop = other.first
            break
    words = passage.tokens[trigger.stop : stop]
    found = [(trigger.stop + first, direction) for first, _, direction in _directions().find(words)]
    if trigger.stop < len(passage.tokens):
        found += _place_directions(passage, trigger.stop, stop)
    return [direction for _, direction in sorted(found)]


def _home(told: list[str]) -> bool:
    return ("home" in told and "from_abroad" not in told[: told.index("home")]) or told[:1] == ["home"]


def _moved(row: TriggerRow, told: list[str]) -> tuple[Measure | None, float]:
    """The measure of a motion by its directions, and its weight."""
    if row.moves in (None, "home", "flee", "barred"):
        return row.measure, row.weight
    strong = max(row.weight, 0.9)
    if "flee" in told and row.moves in ("out", "in", "back"):
        return (Measure.DEFECTION, strong) if row.moves == "out" else (row.measure, row.weight * 0.7)
    if "refuge" in told:
        return Measure.DEFECTION, strong
    if row.moves in ("carry", "in"):
        return _inward(row, told, strong)
    if row.moves == "out":
        away = "from_home" in told or ("abroad" in told and "home" not in told)
        return (Measure.DISPATCH, strong) if away else (Measure.REPATRIATION, row.weight)
    if row.moves == "back" and "abroad" in told and "home" not in told:
        return Measure.DISPATCH, row.weight
    return row.measure, row.weight


def _inward(row: TriggerRow, told: list[str], strong: float) -> tuple[Measure | None, float]:
    if _home(told) and "abroad" not in told:
        return Measure.REPATRIATION, strong
    if {"abroad", "from_home", "place", "there"} & set(told):
        return row.measure, strong if "abroad" in told or row.weight > 0.6 else max(0.6, row.weight)
    return row.measure, row.weight * (0.6 if row.moves == "in" and row.weight < 0.9 else 1.0)


def _before_fit(passage: Passage, count: Count, trigger: Trigger, row: TriggerRow) -> float:
    """How well a trigger that stands before the count governs it."""
    distance = passage.token(count.span.start) - trigger.stop
    if row.frame == "noun":
        index = passage.token(count.span.start)
        return 1.0 if distance <= 5 or passage.words(index - 1, index) == ["at"] else 0.6
    if row.frame in ("object", "either"):
        return 1.0 if trigger.voice == "active" else 0.3
    if row.frame == "permit":
        return 1.0
    inverted = distance <= 1 and trigger.voice == "active" and not count.partitive
    return 0.75 if inverted else 0.12


def _after_fit(passage: Passage, count: Count, trigger: Trigger, row: TriggerRow) -> float:
    """How well a trigger that stands after the count governs it."""
    stop = passage.token(count.extent.end)
    between = passage.words(stop, trigger.first)
    relative = bool(_RELATIVE & set(between))
    if row.frame == "noun":
        return 0.1
    if row.frame in ("subject", "either") and (trigger.form != "participle" or trigger.voice == "active"):
        return 0.7 if relative or (trigger.form == "ing" and trigger.status is not Status.UNDERWAY) else 1.0
    if trigger.voice == "passive":
        return 0.8 if relative else 1.0
    if trigger.voice == "reduced" and (len(between) <= 2 or relative):
        return 0.75
    if row.frame in ("subject", "either"):
        return 0.9 if trigger.form == "participle" else 0.5
    return 0.6 if {"whom", "that"} & set(between) else 0.08


def _fits(count: Count, trigger: Trigger, row: TriggerRow, context: Context) -> bool:
    permit = count.head.kind == "permit"
    if permit != (row.frame == "permit"):
        return False
    if row.moves == "caught":
        return context.fleeing
    return not (trigger.form == "base" and trigger.voice == "active" and row.frame == "noun")


def _held(passage: Passage, trigger: Trigger) -> bool:
    """Whether a foreign country is what has them: "Libya had 1,500"."""
    return any(
        is_foreign(place)
        and place.kind in ("country", "region")
        and 0 <= trigger.first - passage.token(place.span.end) <= 2
        and not preposition(passage, place)
        for place in passage.places
    )


def _bid(passage: Passage, count: Count, trigger: Trigger, row: TriggerRow) -> Bid:
    first, stop = passage.token(count.span.start), passage.token(count.extent.end)
    before = trigger.stop <= first
    if before:
        near, far, fit = trigger.stop, first, _before_fit(passage, count, trigger, row)
    else:
        near, far, fit = stop, trigger.first, _after_fit(passage, count, trigger, row)
    measure, weight = _moved(row, _read_directions(passage, trigger))
    if row.moves == "holder" and (_held(passage, trigger) or _named(passage, count)):
        weight = max(weight, 0.75)
    if measure is Measure.PRESENCE and not before and fit < 0.8:
        fit *= 0.65
    others = sum(near <= passage.token(c.span.start) < far for c in passage.counts if c.span != count.span)
    cost = passage.gap(min(near, far), max(near, far)) + 0.3 * others
    score = weight * fit * exp(-0.8 * cost) * 0.985 ** max(0, far - near)
    return Bid(score * _HEAD_WORTH.get(count.head.kind, 0.6), trigger, row, measure)


def find_bids(passage: Passage, count: Count, context: Context) -> list[Bid]:
    """Every trigger's bid for a count, best first."""
    here = passage.token(count.span.start)
    bids = []
    for trigger in passage.triggers:
        if abs(trigger.first - here) > REACH:
            continue
        inside = count.span.start < passage.tokens[trigger.first].span.start < count.extent.end
        if inside:
            continue
        for row in trigger.rows:
            if _fits(count, trigger, row, context):
                bids.append(_bid(passage, count, trigger, row))
    return sorted(bids, key=lambda bid: -bid.score)


def _cue_status(passage: Passage, near: int) -> Status | None:
    """A plan or a failure told in the clause around a token; failure wins."""
    found = {
        status
        for first, stop, status in passage.cues
        if passage.gap(min(first, near), max(stop, near)) < (0.9 if status is Status.FAILED else 0.45)
        and abs(first - near) < 24
    }
    return Status.FAILED if Status.FAILED in found else Status.PLANNED if found else None


def _status(passage: Passage, count: Count, bid: Bid) -> Status:
    """Planned, underway, done or failed, from the verb group, the trigger's own and cues beside it."""
    trigger, row = bid.trigger, bid.row
    told = _cue_status(passage, trigger.first)
    if bid.measure is Measure.PRESENCE:
        ahead = trigger.status is Status.PLANNED or row.status is Status.PLANNED
        return Status.PLANNED if ahead else Status.DONE
    if told is Status.FAILED or trigger.status is Status.FAILED:
        return Status.FAILED
    if row.status is not None:
        return row.status
    if trigger.form == "noun":
        return told or Status.DONE
    if trigger.status is None or (
        trigger.voice == "reduced" and trigger.first < passage.token(count.span.start)
    ):
        return trigger.status or told or Status.DONE
    return trigger.status


@dataclass(frozen=True, slots=True)
class Scene:
    """A row of `scenes.csv`: a word that says what soldiers are there for, combat or engineering."""

    word: str
    scene: str


@cache
def _scenes() -> dict[str, str]:
    return {row.word: row.scene for row in load("scenes", Scene)}


@cache
def _people() -> PhraseIndex[str]:
    return PhraseIndex((row.plural, row.kind) for row in load("heads", HeadNoun) if row.kind != "permit")


def _of_others(passage: Passage, count: Count) -> bool:
    """Whether the people last named before an elided count are another nation's."""
    home, others = anchors()["home"], False
    for place in passage.places:
        if place.span.start >= count.span.start:
            break
        if home in place.countries:
            others = False
        elif place.kind == "demonym":
            stop = passage.token(place.span.end)
            word = passage.tokens[stop - 1].lower
            named = stop < len(passage.tokens) and _people().match(passage.tokens, stop) is not None
            others = others or named or (word.endswith("s") and not word.endswith("ss"))
    return others


def _named(passage: Passage, count: Count) -> bool:
    """Whether the counted people are called North Korean in their noun phrase."""
    home, extent = anchors()["home"], count.extent
    return any(home in p.countries and count.span.start <= p.span.start < extent.end for p in passage.places)


def _relevance(passage: Passage, count: Count, context: Context) -> float:
    """How surely the people counted are these workers, from the words around and before them."""
    home = anchors()["home"]
    if _named(passage, count):
        return 1.15
    working = count.head.kind in ("worker", "soldier", "permit")
    told = any(home in place.countries for place in passage.places)
    if told or context.recent or people_at_work(passage):
        return 1.0 if working or context.recent else 0.9
    return (0.75 if working else 0.45) + 0.2 * context.theme


def people_at_work(passage: Passage) -> bool:
    """Whether a sentence names workers by a noun."""
    return any(kind == "worker" for _, _, kind in _people().find(passage.tokens))


def _excluded(passage: Passage, count: Count) -> str | None:
    """Why a count cannot be of these workers, whatever the verbs say."""
    home = anchors()["home"]
    extent = count.extent
    if count.head.kind in (ELIDED, GROUP) and _of_others(passage, count):
        return "other_nation"
    inside = (p for p in passage.places if count.span.end <= p.span.start and p.span.end <= extent.end)
    if any(p.kind == "demonym" and p.countries and home not in p.countries for p in inside):
        return "other_nation"
    scenes = {_scenes().get(token.lower) for token in passage.tokens}
    of_war = count.head.kind in (ELIDED, "person", GROUP) and "combat" in scenes
    if (count.head.kind == "soldier" or of_war) and "engineering" not in scenes:
        return "not_workers"
    return None


def _sectors(passage: Passage, count: Count) -> tuple[str, ...]:
    """The work of the counted group: the noun's own, else what its clause names nearest."""
    if count.head.sector:
        return (count.head.sector,)
    if count.head.kind == "official":
        return ()
    inside = {m.code for m in passage.sectors if count.span.start <= m.span.start < count.extent.end}
    if inside:
        return tuple(sorted(inside))
    stop = passage.token(count.extent.end)
    limit = min(
        (passage.token(c.span.start) for c in passage.counts if c.span.start > count.span.start),
        default=10**9,
    )
    after = {
        m.code
        for m in passage.sectors
        if stop <= passage.token(m.span.start) < min(limit, stop + 30)
        and passage.gap(stop, passage.token(m.span.start)) < 1
    }
    return tuple(sorted(after))


_TIES = (
    {"including", "includes", "comprising", "comprised", "whom", "which"},
    {"of them", "of these", "of those", "among them", "of whom"},
)


def _is_part(passage: Passage, count: Count) -> bool:
    """Whether the words tie the count to a whole told before."""
    first = passage.token(count.span.start)
    before = passage.words(first - 4, first)
    joined = " ".join(before[-3:])
    return (
        count.partitive
        or bool(_TIES[0] & set(before))
        or any(tie in joined for tie in _TIES[1])
        or any(f"of {word}" in " ".join(before) for word in ("the total", "that number", "this number"))
    )


def _presence_by_place(passage: Passage, count: Count, host: Host) -> bool:
    """ "the roughly 180 North Korean medics in Angola's hospitals": being there, without a verb."""
    if not host.places or count.head.kind in (ELIDED, GROUP, "permit"):
        return False
    stop, place = passage.token(count.extent.end), host.places[0]
    index = passage.token(place.span.start)
    return (
        stop <= index <= stop + 5 and passage.gap(stop, index) < 0.3 and preposition(passage, place) == "in"
    )


def _is_general(passage: Passage, count: Count, host: Host) -> bool:
    """Whether those who fled are North Koreans at large: no word of work, and no country they worked in."""
    if count.head.kind in ("worker", "soldier", "official", GROUP) or host.stated or passage.sectors:
        return False
    return not people_at_work(passage) and not any(
        row.measure is Measure.PRESENCE for trigger in passage.triggers for row in trigger.rows
    )


def _is_busy(passage: Passage, count: Count) -> bool:
    """ "25 are already weeding beds": people at something that no table knows."""
    stop = passage.token(count.extent.end)
    words = [
        w for w in passage.words(stop, stop + 4) if w not in ("still", "already", "now", "currently", "there")
    ]
    return (
        len(words) > 1
        and words[0] in ("are", "were")
        and words[1].endswith("ing")
        and words[1] not in ("being", "going")
    )


_FOLLOWED = (Measure.DISPATCH, Measure.REPATRIATION)


def judge(passage: Passage, count: Count, context: Context) -> Judgement:
    """One count in its sentence and its article's context: measure or none, status, host, sectors."""
    if reason := _excluded(passage, count):
        return Judgement(None, reason=reason)
    bids = find_bids(passage, count, context)
    best = next((bid for bid in bids if bid.measure is not None or bid.row.moves == "follow"), None)
    host = find_host(passage, count)
    relevance = _relevance(passage, count, context)
    if best is None or best.score * relevance < (SINGULAR_THRESHOLD if count.singular else THRESHOLD):
        return _unclaimed(passage, count, host, bids, context)
    if best.measure is Measure.DEFECTION and _is_general(passage, count, host):
        return Judgement(None, host=host, reason="not_workers")
    measure = best.measure or (context.measure if context.measure in _FOLLOWED else None)
    if measure is None or (count.singular and measure is not Measure.DEFECTION):
        return Judgement(None, reason="no_measure")
    return Judgement(
        measure=measure,
        status=_status(passage, count, replace(best, measure=measure)),
        host=host,
        sectors=_sectors(passage, count),
        part_of=_is_part(passage, count),
        trigger=best.trigger.first,
    )


def _unclaimed(passage: Passage, count: Count, host: Host, bids: list[Bid], context: Context) -> Judgement:
    """No trigger claims the count: being somewhere is still presence; else the reason why not."""
    present = _presence_by_place(passage, count, host) or (context.theme and _is_busy(passage, count))
    if present and not count.singular:
        sectors = _sectors(passage, count)
        return Judgement(Measure.PRESENCE, Status.DONE, host, sectors, _is_part(passage, count))
    reason = next((bid.row.reason for bid in bids if bid.row.reason and bid.score > 0.15), None)
    return Judgement(None, host=host, part_of=_is_part(passage, count), reason=reason or "no_measure")
