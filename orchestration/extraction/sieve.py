"""Asks of a text, in one pass and before it is split, whether one of many wordings can stand in it at all.

A sieve may let through a text that holds none; it never stops one that does, so that a finder asked only
after it finds the same. Patterns of wordings are made here; which wordings they are is the finders' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pydantic_core import SchemaValidator, core_schema

GAP = r"[\s\x1c-\x1f]*"
"""What may stand between two tokens: what `str.isspace` knows."""

_EDGE = "[^A-Za-z]"
"""A neighbour that no wording goes on with. Letters outside ASCII pass: versions of Unicode may differ."""


def _searching(pattern: str) -> SchemaValidator:
    """A search by the Rust engine that pydantic brings.

    It follows all wordings at once, whatever the text, where `re` tries one after the other at each place.
    """
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


_READABLE = _searching("")


class Sieve:
    """Stops texts in which `pattern` (as Rust's regex crate reads it) is nowhere."""

    def __init__(self, pattern: str) -> None:
        self._holds = _searching(pattern).isinstance_python
        self._is_readable = _READABLE.isinstance_python

    def passes(self, text: str) -> bool:
        """Whether the pattern may be in the text; a text with half of a character is not searched."""
        return self._holds(text) or not self._is_readable(text)


def sequence(words: Iterable[str]) -> str:
    """The pattern of tokens that stand side by side; each is a pattern itself."""
    return GAP.join(words)


def any_case(word: str) -> str:
    """The pattern of a token in capitals or not, its apostrophes straight or not."""
    letters = re.escape(word).replace("'", "['’]")
    return f"(?i:{letters})"


def whole(wordings: Sequence[str]) -> str:
    """The pattern of any of these wordings with no letter at either side."""
    return f"(?:^|{_EDGE})(?:{'|'.join(wordings)})(?:{_EDGE}|$)"


def whole_behind(first: Sequence[str], later: Sequence[str]) -> str:
    """The pattern of any of some wordings with any of others anywhere behind it."""
    leading = f"(?:^|{_EDGE})(?:{'|'.join(first)}){_EDGE}"
    return f"{leading}(?s:.*{_EDGE})?(?:{'|'.join(later)})(?:{_EDGE}|$)"
