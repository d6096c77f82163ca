"""What a number counts: the head noun of its noun phrase, or the label that makes it no count.

Only the words beside the number are read here. Verbs and hosts are for `triggers` and `judge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from orchestration.extraction.lexicon import load
from orchestration.extraction.text import PhraseIndex, Token
from orchestration.records import Span

ELIDED = "elided"
GROUP = "group"
THING = "thing"
PEOPLE = ("worker", "official", "person", "soldier")
REACH = 9
"""How many tokens after its number a head noun may stand."""


@dataclass(frozen=True, slots=True)
class HeadNoun:
    """A row of `heads.csv`: kind is worker, official, person, soldier, group or permit."""

    noun: str
    plural: str
    kind: str
    sector: str | None
    gender: str | None


@dataclass(frozen=True, slots=True)
class ThingNoun:
    """A row of `things.csv`: a noun that makes a number no count of workers, and why."""

    noun: str
    plural: str
    reason: str


@dataclass(frozen=True, slots=True)
class Label:
    """A row of `labels.csv`: words before or after a number that settle what it is.

    Without a reason the words count people ("38-strong"). `before_digits` words need a number in digits
    that counts no people, or a capital ("Camp 14 workers"); `before_capital` words need both a capital and
    a number that is written as a name ("Channel Ten"). `after_pseudo` words only look like a shorter label
    ("a year later" is no rate).
    """

    word: str
    position: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """A row of `stops.csv`: a word that ends a noun phrase."""

    word: str


@dataclass(frozen=True, slots=True)
class Head:
    """The counted noun: its span (empty where elided), kind, sector and gender.

    `stop` is the token after the noun phrase, `gap` how many words stand between number and noun,
    `modifiers` those words.
    """

    span: Span
    kind: str
    noun: str = ""
    sector: str | None = None
    gender: str | None = None
    reason: str | None = None
    stop: int = 0
    gap: int = 0
    modifiers: tuple[str, ...] = ()
    partitive: bool = False


@cache
def _nouns(singular: bool) -> PhraseIndex[HeadNoun | ThingNoun]:
    rows: list[HeadNoun | ThingNoun] = [*load("heads", HeadNoun), *load("things", ThingNoun)]
    entries = [(row.noun if singular else row.plural, row) for row in rows]
    return PhraseIndex(entries)


@cache
def _stops() -> frozenset[str]:
    return frozenset(row.word for row in load("stops", Stop))


@cache
def _labels() -> dict[tuple[str, str], list[tuple[tuple[str, ...], Label]]]:
    """Labels by side and by the word that touches the number, longest first."""
    sides: dict[tuple[str, str], list[tuple[tuple[str, ...], Label]]] = {}
    for row in sorted(load("labels", Label, ("word", "position")), key=lambda row: -len(row.word.split())):
        words = tuple(row.word.split())
        side = row.position.split("_")[0]
        sides.setdefault((side, words[-1] if side == "before" else words[0]), []).append((words, row))
    return sides


def match_label(tokens: Sequence[Token], first: int, stop: int, people: bool) -> str | None:
    """The reason code of a label beside the number at tokens `first` to `stop`; `people`: it counts them."""
    near = tokens[first - 1].lower if first else ""
    for words, row in _labels().get(("before", near), ()):
        if _led(tokens, first, words) and _names(tokens, first, words, row.position, people):
            return row.reason
    behind = _label_after(tokens, stop)
    return behind[1].reason if behind else None


def _label_after(tokens: Sequence[Token], stop: int) -> tuple[int, Label] | None:
    """The longest label behind the number, with the token after it."""
    near = tokens[stop].lower if stop < len(tokens) else ""
    for words, row in _labels().get(("after", near), ()):
        if [t.lower for t in tokens[stop : stop + len(words)]] == list(words):
            return stop + len(words), row
    return None


def _led(tokens: Sequence[Token], first: int, words: tuple[str, ...]) -> bool:
    """Whether `words` end right before token `first`."""
    led = tokens[max(0, first - len(words)) : first]
    return len(led) == len(words) and all(t.lower == w for t, w in zip(led, words, strict=True))


def _names(tokens: Sequence[Token], first: int, words: tuple[str, ...], position: str, people: bool) -> bool:
    """Whether the words before a number make a name of it, as their position in the table asks."""
    capital = tokens[first - len(words)].raw[0].isupper()
    raw = tokens[first].raw
    if position == "before_digits":
        return raw[0].isdigit() and (capital or not people)
    if position == "before_capital":
        return capital and (raw[0].isdigit() or raw[0].isupper())
    return True


def _sized(tokens: Sequence[Token], stop: int) -> int | None:
    """The token after "-strong", "-member": a number that sizes people by itself."""
    found = _label_after(tokens, stop)
    sized = found and found[1].position == "after" and found[1].reason is None
    return found[0] if found and sized else None


_PRONOUNS = ("them", "these", "those", "whom", "us", "which", "you")
_DETERMINERS = ("the", "these", "those", "its", "their", "our", "his", "her", "my", "such", "a", "an", "all")
_GENDERED = {"female": "female", "women": "female", "woman": "female", "male": "male", "men": "male"}
_FILLERS = (
    "more",
    "others",
    "other",
    "ones",
    "new",
    "additional",
    "further",
    "fresh",
    "extra",
    "so",
    "each",
    "apiece",
)
_PEOPLE_ENDINGS = (
    "ers",
    "ors",
    "ists",
    "men",
    "women",
    "ians",
    "hands",
    "mates",
    "smiths",
    "wrights",
    "folk",
)


def _partitive(tokens: Sequence[Token], stop: int) -> tuple[int, bool, bool]:
    """Reads "of them", "of its": where the noun phrase goes on, whether partitive, whether it is over."""
    if stop + 1 >= len(tokens) or tokens[stop].lower != "of":
        return stop, False, False
    word = tokens[stop + 1].lower
    after = tokens[stop + 2].lower if stop + 2 < len(tokens) else "."
    if word in _PRONOUNS and (word not in ("these", "those") or after in _stops() or not after.isalpha()):
        return stop + 2, True, True
    return (stop + 2, True, False) if word in _DETERMINERS else (stop + 1, False, False)


def _at(tokens: Sequence[Token], index: int) -> Span:
    """An empty span behind the token before `index`."""
    place = tokens[index - 1].end if index else tokens[0].start
    return Span(place, place)


def _noun(tokens: Sequence[Token], index: int, singular: bool) -> tuple[int, HeadNoun | ThingNoun] | None:
    """The noun at `index`, or the later one of a run: "garment workers women", "workers' dormitories"."""
    hit = _nouns(singular).match(tokens, index)
    if hit is None:
        return None
    stop = hit[0]
    if stop < len(tokens) and tokens[stop].raw in ("'", "’", "-") and stop + 1 < len(tokens):
        owned = _nouns(False).match(tokens, stop + 1) or _nouns(True).match(tokens, stop + 1)
        if owned:
            return owned
        return None if tokens[stop].raw == "-" else hit
    following = _nouns(singular).match(tokens, stop) if stop < len(tokens) else None
    return following if following and not isinstance(following[1], ThingNoun) else hit


def _made(tokens: Sequence[Token], row: HeadNoun | ThingNoun, start: int, index: int, stop: int) -> Head:
    span = Span(tokens[index].start, tokens[stop - 1].end)
    modifiers = tuple(t.lower for t in tokens[start:index])
    gap = index - start
    if isinstance(row, ThingNoun):
        # "a few hundred lay bricks": with words between, the noun may be another's.
        near = gap == 0 or all(_only_describes(t) for t in tokens[start:index])
        reason = row.reason if near or row.reason not in (THING, "time") else "unknown_noun"
        return Head(span, THING, row.noun, reason=reason, stop=stop, gap=gap, modifiers=modifiers)
    gender = row.gender or _gender(tokens[start:stop])
    return Head(span, row.kind, row.noun, row.sector, gender, stop=stop, gap=gap, modifiers=modifiers)


def _gender(tokens: Sequence[Token]) -> str | None:
    """What a noun phrase says of sex: "40 female loggers", "women workers"."""
    return next((_GENDERED[token.lower] for token in tokens if token.lower in _GENDERED), None)


def _only_describes(token: Token) -> bool:
    """Whether a word before a noun can be no verb: a name, or "other", "more"."""
    return token.raw[0].isupper() or token.lower in _FILLERS


def _unknown(tokens: Sequence[Token], start: int, stop: int, singular: bool) -> Head:
    """A noun phrase without a noun of the tables: people by their ending, a thing, or nothing at all."""
    words = [t.lower for t in tokens[start:stop] if t.lower not in _FILLERS]
    modifiers = tuple(words)
    if not words or (words[0].endswith(("ed", "'")) and len(words) == 1):
        return Head(_at(tokens, start), ELIDED, stop=start, modifiers=modifiers)
    span = Span(tokens[start].start, tokens[stop - 1].end)
    last = words[-1] + ("s" if singular else "")
    if last.endswith(_PEOPLE_ENDINGS) and len(last) > 5 and not singular:
        return Head(span, "person", words[-1], stop=stop, gap=len(words) - 1, modifiers=modifiers[:-1])
    return Head(span, THING, words[-1], reason="unknown_noun", stop=stop, modifiers=modifiers)


def find_head(tokens: Sequence[Token], first: int, stop: int, singular: bool) -> Head:
    """What the number at tokens `first` to `stop` counts; kind ELIDED where its noun is left out."""
    sized = _sized(tokens, stop)
    if sized is not None:
        return Head(_at(tokens, sized), GROUP, stop=sized)
    start, partitive, over = _partitive(tokens, stop)
    if over:
        gender = _gender(tokens[start : start + 1])
        return Head(_at(tokens, start), ELIDED, gender=gender, stop=start, partitive=True)
    index = start
    while index < min(len(tokens), start + REACH):
        found = _noun(tokens, index, singular and not partitive)
        if found:
            head = _made(tokens, found[1], start, index, found[0])
            return replace(head, partitive=partitive)
        word = tokens[index].lower
        joins = word in ("and", ",", "-") and index > start and tokens[index - 1].lower not in _stops()
        if not joins and (word in _stops() or not word[0].isalnum()):
            break
        index += 1
    while index > start and not tokens[index - 1].raw[0].isalpha():
        index -= 1
    return replace(_unknown(tokens, start, min(index, len(tokens)), singular), partitive=partitive)


def _noun_before(tokens: Sequence[Token], stop: int) -> HeadNoun | None:
    """The noun of people or of groups that ends right before token `stop`, in singular or plural."""
    for singular in (True, False):
        for start in (stop - 1, stop - 2):
            hit = _nouns(singular).match(tokens, start) if start >= 0 else None
            if hit and hit[0] == stop and isinstance(hit[1], HeadNoun):
                return hit[1]
    return None


def is_aged_noun(tokens: Sequence[Token], stop: int) -> bool:
    """Whether the noun before "of" is one of people that an age may follow: "a plasterer of 47"."""
    row = _noun_before(tokens, stop)
    if row is None or row.kind not in PEOPLE or row.noun == row.plural:
        return False
    return row.kind == "person" or bool(row.sector or row.gender)


def group_before(tokens: Sequence[Token], first: int) -> str | None:
    """Whether "team of" or "teams of" leads up to the number: "singular", "plural" or None."""
    index = first - 1
    while index > 0 and first - index <= 4 and tokens[index].lower != "of":
        index -= 1
    if index <= 0 or tokens[index].lower != "of":
        return None
    row = _noun_before(tokens, index)
    if row is None or row.kind != GROUP:
        return None
    return "plural" if tokens[index - 1].lower.endswith(row.plural.split()[-1]) else "singular"
