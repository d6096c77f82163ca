"""The text of an article as it is kept: normalised, in paragraphs, its language told by its script.

Which paragraphs belong to the article is not decided here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u2060-\u2064\u202a-\u202e\ufeff\ud800-\udfff]"
)
_NO_LETTERS = re.compile(r"[\W_]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_END_OF_SENTENCE = re.compile(r"[.!?。！？…][\"'”’»)\]]{0,3}$")
_SCRIPTS = {"HANGUL": "ko", "CYRILLIC": "ru", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh"}
_SAMPLE = 4000
_PROSE_CHARACTERS, _PROSE_WORDS = 40, 6


def normalise(text: str) -> str:
    """The one normal form of a text.

    NFC; LF; no NUL, control, zero-width or bidirectional mark, soft hyphen, byte-order mark or lone
    surrogate; every kind of space is a space, runs of spaces are one, and no line begins or ends with
    one; at most one blank line on end, none at the head or foot.
    """
    text = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    text = unicodedata.normalize("NFC", _SPACES.sub(" ", text))
    text = "\n".join(line.strip(" ") for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def one_line(text: str) -> str:
    """The normal form on a single line: a title, a name, a paragraph."""
    text = " ".join(text.split())
    if not text.isprintable():  # rare, and dear
        text = " ".join(normalise(text).split())
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def joined(paragraphs: Iterable[str]) -> str:
    """Paragraphs as one text, a blank line between two; what starts with a line end is a further line."""
    return "".join(p if p.startswith("\n") else f"\n\n{p}" for p in paragraphs).strip("\n")


def folded(text: str) -> str:
    """Letters and digits only, in lower case: what two wordings are compared by."""
    return _NO_LETTERS.sub("", text.casefold())


def is_sentence(line: str) -> bool:
    """Whether a line ends as a sentence does."""
    return bool(_END_OF_SENTENCE.search(line[-5:]))


def is_prose(line: str) -> bool:
    """Whether a line reads as running text: long enough, and ended like a sentence."""
    words = line.count(" ") + 1
    size = len(line) + sum(c >= "\u2e80" for c in line) if len(line) < _PROSE_CHARACTERS else len(line)
    if size < _PROSE_CHARACTERS and not (words >= _PROSE_WORDS and size >= 25):
        return False
    return is_sentence(line) or len(line) > 200


def language_of(text: str, default: str) -> str:
    """The language that the script of a text tells; `default` where its letters are Latin or too few."""
    letters = [c for c in text[:_SAMPLE] if c.isalpha()]
    counts = Counter(_script(c) for c in letters if c >= "\u0400")
    if counts["ja"] * 10 > len(letters):
        return "ja"
    language, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
    return language if language and count * 10 > len(letters) * 3 else default


def _script(letter: str) -> str:
    return _SCRIPTS.get(unicodedata.name(letter, "").split(" ", 1)[0], "")
