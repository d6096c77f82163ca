"""What the form of a number proves: a date, a year, an age, a fraction, a code, a score, but no people.

Only the number and the words that touch it are read here. Whether an open number is a figure is for the
reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.amounts import DASHES, Amount, is_bare_year, read_amount
from orchestration.extraction.heads import ELIDED, GROUP, PEOPLE, Head, find_head, is_aged_noun, match_label
from orchestration.extraction.lexicon import load
from orchestration.extraction.period_words import Name
from orchestration.extraction.text import Token
from orchestration.records import Hedge

_BEFORE_A_YEAR = ("in", "since", "by", "until", "of", "from", "during", "late", "early", "mid")
_NEAR_A_YEAR = ("around", "about", "circa", "to")
_WITHIN_A_MONTH = ("in", "during", "last", "this", "early", "late", "mid")
_AGED = ("he", "she", "who", "i", "youngest", "oldest", "eldest", "age")
_OF_TEN = (*range(2, 11), 20, 100, 1000)
_HOURS, _MINUTES, _DAYS = 12, 29, 31
_OF_DAY = (("in", "the", "morning"), ("in", "the", "afternoon"), ("in", "the", "evening"), ("at", "night"))
_BEFORE_AN_HOUR = ("at", "by", "until", "till", "about", "around", "before", "after", "past")
_APPOSED = ("a", "an", "who", "whose", "is", "was", "said", "says", "told")
_PART = ("third", "quarter", "fifth", "half", "tenth", "few", "dozen")


@cache
def _months() -> frozenset[str]:
    return frozenset(row.wording.removesuffix(" .") for row in load("months", Name))


@dataclass(frozen=True, slots=True)
class Form:
    """A number among its tokens: `start` and `stop` bound it with its hedges, `head` is what it counts."""

    tokens: Sequence[Token]
    amount: Amount
    head: Head
    start: int
    stop: int

    @property
    def first(self) -> Token:
        """The number's first token."""
        return self.tokens[self.amount.first]

    @property
    def is_elided(self) -> bool:
        """Whether no noun follows the number."""
        return self.head.kind == ELIDED

    @property
    def counts_people(self) -> bool:
        """Whether a noun of people follows close by."""
        return self.head.kind in PEOPLE and self.head.gap <= 3

    def word(self, index: int) -> str:
        """The lower-case word at a token's index; empty outside the sentence."""
        return self.tokens[index].lower if 0 <= index < len(self.tokens) else ""

    def joined(self, left: int, right: int) -> bool:
        """Whether the tokens from `left` to `right` stand without a space between them."""
        if left < 0 or right >= len(self.tokens):
            return False
        return all(self.tokens[i].end == self.tokens[i + 1].start for i in range(left, right))


def _is_month(token: Token) -> bool:
    return token.raw[0].isupper() and token.lower in _months()


def _compound(form: Form) -> str | None:
    """ "an 11-nation group", "122-mm": a number that only describes; "38-strong" and "50-odd" count."""
    stop = form.stop
    if form.head.kind == GROUP or not form.joined(stop - 1, stop + 1) or form.word(stop) not in DASHES:
        return None
    return "thing" if form.tokens[stop + 1].raw.isalpha() else None


def _name_part(form: Form) -> str | None:
    """ "Tu-204", "Order-66", "G7", "Q3": a number joined to a name or a letter."""
    first = form.amount.first
    if not form.first.raw[0].isdigit() or not form.joined(first - 1, first):
        return None
    before = form.tokens[first - 1].raw
    if before.isalpha() or before == "/":
        return "label"
    named = before in DASHES and form.joined(first - 2, first - 1)
    name = form.tokens[first - 2].raw if named else "-"
    return "label" if name.isalpha() and name[0].isupper() else None


def _suffix(form: Form) -> str | None:
    """ "in their 20s", "5G": a number that letters are joined to."""
    stop = form.amount.stop
    digits = form.tokens[stop - 1].raw[0].isdigit() and not form.amount.worded
    if not digits or form.counts_people or not form.joined(stop - 1, stop):
        return None
    if form.word(stop) == "s":
        return "age" if form.amount.high < 100 else "time"
    return "label" if form.word(stop).isalpha() and not form.head.reason else None


def _labelled(form: Form) -> str | None:
    """A label of the table beside the number, or a rate behind its noun: "200 workers a day"."""
    tokens, amount = form.tokens, form.amount
    if label := match_label(tokens, amount.first, amount.stop, form.counts_people):
        return label
    if match_label(tokens, form.start, form.stop, form.counts_people) == "age":
        return "age"
    past_head = form.head.stop > amount.stop and match_label(tokens, 0, form.head.stop, True)
    return "rate" if past_head == "rate" else None


def _date(form: Form) -> str | None:
    """A day beside a month; a day of a month is written in digits."""
    amount, tokens = form.amount, form.tokens
    if not form.first.raw.isdigit() or amount.high > _DAYS:
        return None
    if amount.stop < len(tokens) and _is_month(tokens[amount.stop]) and len(tokens[amount.stop].raw) > 2:
        return "time"
    month = amount.first - 1 - (form.word(amount.first - 1) == ".")
    if month < 0 or not _is_month(tokens[month]):
        return None
    return None if form.word(month - 1) in _WITHIN_A_MONTH else "time"


def _stroke(form: Form) -> str | None:
    """A colon or stroke between two numbers without a space: "12:30", "3/4"."""
    return "time" if _touches(form, form.amount.first - 1) or _touches(form, form.amount.stop) else None


def _touches(form: Form, mark: int) -> bool:
    if form.word(mark) not in (":", "/") or not form.joined(mark - 1, mark + 1):
        return False
    return form.tokens[mark - 1].raw.isdigit() and form.tokens[mark + 1].raw.isdigit()


def _clock(form: Form) -> str | None:
    """ "at five in the morning", "ten past eight"."""
    first, stop = form.amount.first, form.amount.stop
    if form.amount.hedge is not Hedge.EXACT or form.amount.high > _MINUTES:
        return None
    if form.word(stop) == "past" and _is_hour(form.tokens, stop + 1):
        return "time"
    past = form.word(first - 1) == "past" and first > 1 and read_amount(form.tokens, first - 2)
    led = form.amount.high <= _HOURS and form.word(first - 1) in _BEFORE_AN_HOUR
    return "time" if past or (led and _is_of_day(form, stop)) else None


def _is_of_day(form: Form, index: int) -> bool:
    return any(all(form.word(index + i) == word for i, word in enumerate(words)) for words in _OF_DAY)


def _is_hour(tokens: Sequence[Token], index: int) -> bool:
    amount = read_amount(tokens, index) if index < len(tokens) else None
    return amount is not None and amount.high <= _HOURS


def _year(form: Form) -> str | None:
    """A bare year, or a range of years; "2000 workers" and "some 2000" are counts."""
    amount = form.amount
    digits = [t.raw for t in form.tokens[amount.first : amount.stop] if t.raw[0].isdigit()]
    if not digits or not all(is_bare_year(raw) for raw in digits):
        return None
    people = form.counts_people and form.head.gap == 0 and amount.low % 100 == 0
    if len(digits) > 1:
        return None if people else "time"
    before = form.word(amount.first - 1)
    if before in _BEFORE_A_YEAR or (amount.first and _is_month(form.tokens[amount.first - 1])):
        return None if people and before == "of" else "time"
    if (
        form.start < amount.first
        and before not in _NEAR_A_YEAR
        and not (before == "over" and amount.low % 100)
    ):
        return None
    return "time" if form.head.kind in (ELIDED, "thing") or form.head.gap > 3 else None


def _age(form: Form) -> str | None:
    """ "Nina, 59, a dentist", "he was 22", "a girl of nineteen"."""
    amount = form.amount
    if not 10 <= amount.low <= amount.high <= 99 or amount.first < 2:
        return None
    bare = form.is_elided and not form.head.partitive
    if form.word(amount.first - 1) in ("is", "was", "turned", "'s"):
        aged = form.word(amount.first - 1) == "turned" or form.word(amount.first - 2) in _AGED
        return "age" if aged and bare else None
    if form.word(amount.first - 1) == "of" and bare:
        return "age" if is_aged_noun(form.tokens, amount.first - 1) else None
    return "age" if _is_apposed(form) else None


def _is_apposed(form: Form) -> bool:
    """Whether a name and what the person is stand on both sides: "Nina, 59, a dentist"."""
    first, stop = form.amount.first, form.amount.stop
    if form.word(first - 1) != "," or form.word(stop) != "," or not form.first.raw.isdigit():
        return False
    named = form.tokens[first - 2].raw[0].isupper()
    return named and form.word(stop + 1) in _APPOSED and form.word(stop + 2) not in _PART


def _fraction(form: Form) -> str | None:
    """ "nine in ten", "three out of every five"."""
    amount, index = form.amount, form.amount.stop
    if amount.hedge is not Hedge.EXACT or amount.high > 99 or amount.worded:
        return None
    index += form.word(index) == "out" and form.word(index + 1) == "of"
    index += 1 if form.word(index) in ("in", "of") else len(form.tokens)
    every = form.word(index) == "every"
    if form.word(index - 1) == "of" and not every and form.word(index - 2) != "out":
        return None
    whole = read_amount(form.tokens, index + every) if index + every < len(form.tokens) else None
    if whole is None or whole.low != whole.high or whole.high not in _OF_TEN or amount.high > whole.high:
        return None
    head = find_head(form.tokens, whole.first, whole.stop, singular=False)
    return None if head.reason == "time" or head.kind == GROUP else "share"


def _code(form: Form) -> str | None:
    """ "Act 90-11", "2-1", "028", "+82": digits that are written as no count is."""
    first, stop = form.amount.first, form.amount.stop
    raw = form.first.raw
    if raw[0] == "0" and raw.isdigit() and raw != "0":
        return "label"
    if not raw[0].isdigit() or form.counts_people:
        return None
    if form.word(first - 1) in ("+", "#") and form.joined(first - 1, first):
        return "label"
    return "label" if _is_chained(form, first - 1) or _is_chained(form, stop) else None


def _is_chained(form: Form, dash: int) -> bool:
    """Whether a dash joins the number to digits that make no range with it."""
    if form.word(dash) not in DASHES or not form.joined(dash - 1, dash + 1):
        return False
    return form.tokens[dash - 1].raw[0].isdigit() and form.tokens[dash + 1].raw[0].isdigit()


def _minus(form: Form) -> str | None:
    """ "minus eleven", "–17": a temperature."""
    sign = form.amount.first - 1
    if form.word(sign) not in (*DASHES, "−") or sign == 0 or not form.is_elided:
        return None
    touches = form.joined(sign, sign + 1) and not form.joined(sign - 1, sign)
    return "length" if touches and form.first.raw.isdigit() else None


def _point(form: Form) -> str | None:
    """ "39.019": a full stop sets thousands apart only where people, or a round number, follow."""
    raw = form.first.raw
    if "." not in raw or form.amount.high % 100 == 0 or form.head.partitive or form.counts_people:
        return None
    return "label" if form.amount.stop == form.amount.first + 1 else None


def _alone(form: Form) -> str | None:
    """A small number that is the whole line: "3."."""
    alone = len(form.tokens) <= 2 and form.is_elided and form.amount.high < 1000
    return "label" if alone else None


_PROOFS: tuple[Callable[[Form], str | None], ...] = (
    _labelled,
    _compound,
    _name_part,
    _suffix,
    _date,
    _stroke,
    _clock,
    _year,
    _age,
    _fraction,
    _code,
    _minus,
    _point,
)


def find_reason(form: Form) -> str | None:
    """The reason code of a number that counts no people, if that is plain from the words beside it."""
    for prove in _PROOFS:
        if reason := prove(form):
            return reason
    return form.head.reason or _alone(form)
