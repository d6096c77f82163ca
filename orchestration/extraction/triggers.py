"""Finds the words that say that people are sent, come back, are there or flee, and reads their verb group.

`find_triggers` marks them; `read_verb` tells voice and status from the words in front. Which count a
trigger governs is for `judge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from orchestration.extraction.lexicon import load
from orchestration.extraction.text import PhraseIndex, Token
from orchestration.records import Measure, Status

FORMS = ("base", "third", "ing", "past", "participle")
_FINITE = {"is", "are", "was", "were", "be", "been", "being", "am", "get", "got", "gets", "getting"}
_MODALS = {"will", "would", "shall", "should", "could", "may", "might", "must", "can", "'ll", "'d"}
_HAVE = {"have", "has", "had", "having", "'ve"}
_SKIPPED = {
    *(
        "also",
        "still",
        "already",
        "now",
        "soon",
        "since",
        "then",
        "later",
        "just",
        "only",
        "again",
        "all",
        "both",
    ),
    *(
        "never",
        "not",
        "apparently",
        "once",
        "even",
        "either",
        "each",
        "nevertheless",
        "instead",
        "long",
        "ever",
        "one",
    ),
}
_BEFORE_NOUNS = {
    *(
        "a",
        "an",
        "the",
        "this",
        "its",
        "their",
        "his",
        "her",
        "our",
        "my",
        "no",
        "any",
        "every",
        "each",
        "some",
        "'s",
    ),
    *(
        "of",
        "in",
        "on",
        "by",
        "from",
        "for",
        "with",
        "at",
        "as",
        "per",
        "via",
        "through",
        "into",
        "under",
        "without",
    ),
    *(
        "first",
        "next",
        "last",
        "new",
        "same",
        "other",
        "another",
        "second",
        "such",
        "per",
        "whose",
        "between",
    ),
}
_LOOK_BACK = 9
_INHERITED_FROM = 30


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A row of `triggers.csv`.

    `forms` are base, third person, -ing, past and participle of a verb, or one form of a noun phrase.
    `frame` says what it governs: its object, its subject, either, the noun after it, or permits.
    `moves` says how direction words change the measure (see `judge`); `weight` is its evidence, 0 to 1.
    A row without measure but with a `reason` says that there is no figure.
    """

    lemma: str
    forms: tuple[str, ...]
    measure: Measure | None
    frame: str
    moves: str | None
    weight: float
    status: Status | None
    reason: str | None

    def __post_init__(self) -> None:
        if len(self.forms) not in (1, len(FORMS)):
            raise ValueError(
                f"{self.lemma!r} has {len(self.forms)} forms; a verb has {len(FORMS)}, a phrase one"
            )
        if self.frame not in ("object", "subject", "either", "noun", "permit"):
            raise ValueError(f"{self.lemma!r} has frame {self.frame!r}")
        if not 0 < self.weight <= 1:
            raise ValueError(f"{self.lemma!r} has weight {self.weight}; it must lie in (0, 1]")


@dataclass(frozen=True, slots=True)
class Cue:
    """A row of `governors.csv` or `plan_cues.csv`: a wording and the status it gives."""

    cue: str
    status: Status


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger at tokens `first` to `stop`. `rows` share its wording (frames differ).

    `form` is one of FORMS or "noun"; `voice` active, passive or reduced; `status` None where the verb
    group says none ("sent", "repatriating": see `inherits`).
    """

    first: int
    stop: int
    rows: tuple[TriggerRow, ...]
    form: str
    voice: str = "active"
    status: Status | None = None
    inherits: bool = False


@cache
def _index() -> PhraseIndex[tuple[tuple[TriggerRow, str], ...]]:
    by_wording: dict[str, list[tuple[TriggerRow, str]]] = {}
    for row in load("triggers", TriggerRow, ("lemma", "frame")):
        names = FORMS if len(row.forms) > 1 else ("noun",)
        for wording, form in zip(row.forms, names, strict=True):
            entries = by_wording.setdefault(wording, [])
            if not any(entry[0] is row for entry in entries) or form == "participle":
                entries.append((row, form))
    return PhraseIndex((wording, tuple(rows)) for wording, rows in by_wording.items())


@cache
def _governors() -> dict[str, Status]:
    return {row.cue: row.status for row in load("governors", Cue)}


@cache
def status_cues() -> PhraseIndex[Status]:
    """The wordings that make what a clause tells a plan or a failure."""
    return PhraseIndex((row.cue, row.status) for row in load("plan_cues", Cue))


def _before(tokens: Sequence[Token], first: int) -> list[str]:
    """The words before a verb, nearest first, adverbs left out, up to a clause mark."""
    words: list[str] = []
    for index in range(first - 1, max(-1, first - 1 - _LOOK_BACK), -1):
        word = tokens[index].lower
        if word in (";", ":", ".", "—", "(", ")"):
            break
        if word not in _SKIPPED and not (word.endswith("ly") and len(word) > 4):
            words.append(word)
    return [*words, *[""] * 6]


def _infinitive(words: Sequence[str]) -> Status:
    """The status of "to send": what governs the infinitive decides; by itself it is a plan."""
    for word in words[1:4]:
        if word in _governors():
            return _governors()[word]
    return Status.PLANNED


def _after_be(words: Sequence[str], form: str) -> tuple[str, Status | None]:
    """Voice and status after a form of "be": "are returning", "were sent", "to be sent"."""
    voice = "active" if form == "ing" else "passive"
    be, rest = words[0], words[1:]
    if be == "be":
        return voice, _infinitive(rest) if rest[0] == "to" else Status.PLANNED
    if be == "being":
        return voice, Status.UNDERWAY
    if be == "been":
        ahead = any(word in _MODALS for word in rest[:2])
        return voice, Status.PLANNED if ahead else Status.UNDERWAY if form == "ing" else Status.DONE
    if form == "ing":
        return voice, Status.UNDERWAY if be in ("is", "are", "am") else Status.DONE
    return voice, Status.UNDERWAY if be in ("is", "are") else Status.DONE


def _verb(words: Sequence[str], form: str) -> tuple[str, Status | None, bool]:
    """Voice, status and whether the status is taken from the verb before."""
    first = words[0]
    if first in _FINITE and form in ("ing", "past", "participle"):
        return (*_after_be(words, form), False)
    if first in _MODALS:
        return "active", Status.PLANNED, False
    if first == "to" and form == "base":
        return "active", _infinitive(words), False
    if first in _HAVE and form in ("past", "participle", "base"):
        ahead = words[1] in _MODALS or (words[1] == "to" and words[2] in ("was", "were"))
        return "active", Status.PLANNED if ahead else Status.DONE, False
    if form in ("base", "third"):
        return "active", Status.UNDERWAY, first in ("and", "or", ",", "then", "but")
    if form == "ing":
        return "active", Status.DONE if first in ("after", "since") else None, True
    return "reduced", Status.DONE, False


def _is_noun(tokens: Sequence[Token], first: int, stop: int) -> bool:
    """Whether a base form stands where a noun stands: after a determiner, a preposition or a possessive."""
    before = tokens[first - 1].lower if first else ""
    after = tokens[stop].lower if stop < len(tokens) else ""
    return before in _BEFORE_NOUNS or (stop - first == 1 and after in ("'s", "-")) or before == "-"


def _read(
    tokens: Sequence[Token], first: int, stop: int, rows: tuple[tuple[TriggerRow, str], ...]
) -> Trigger | None:
    """The trigger of a matched wording; None where a verb's base form is plainly a noun ("the train")."""
    own = tuple(dict.fromkeys(row for row, _ in rows))
    forms = {form for _, form in rows}
    form = next(f for f in ("noun", "participle", "past", "ing", "third", "base") if f in forms)
    if form == "noun":
        return Trigger(first, stop, own, form)
    if form in ("base", "third") and _is_noun(tokens, first, stop):
        return None
    if {"base", "participle"} <= forms:
        form = "participle" if _before(tokens, first)[0] in (*_HAVE, *_FINITE) else "base"
    voice, status, inherits = _verb(_before(tokens, first), form)
    return Trigger(first, stop, own, form, voice, status, inherits)


def find_triggers(tokens: Sequence[Token]) -> list[Trigger]:
    """The triggers among a sentence's tokens, left to right, with voice and status read.

    A verb form without a verb group of its own ("and send", "while repatriating") takes the status of
    the verb before it.
    """
    found: list[Trigger] = []
    for first, stop, rows in _index().find(tokens):
        trigger = _read(tokens, first, stop, rows)
        if trigger is None:
            continue
        earlier = next((t for t in reversed(found) if t.status is not None), None)
        if trigger.inherits and earlier is not None and first - earlier.stop < _INHERITED_FROM:
            governs = trigger.form == "ing" or earlier.form in ("base", "noun")
            trigger = replace(trigger, status=earlier.status) if governs else trigger
        found.append(trigger)
    return found
