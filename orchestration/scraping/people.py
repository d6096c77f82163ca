"""Names of authors: what a byline or an author's tag names.

Outlets named in a byline are not people; whose story it is then, `origins` says.
"""

from __future__ import annotations

import re

from orchestration.scraping.dates import label_before
from orchestration.scraping.prose import one_line

MOST_AUTHORS = 20
_BY = re.compile(r"^(?:by|written by|reported by|story by|posted by):?\s+", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|;|\band\b|&|·|/)\s*")
_CUT = re.compile(r"\s[-–—|]\s|\son\s\d|\s\d|\s?\(|\s?\[|\S+@\S+|\sfor\s")
_ROLE = re.compile(r"\s(?:기자|특파원|선임기자)$")


def names_in_byline(line: str) -> list[str]:
    """The people that a byline names: "By Kim So-yeon and Lee Jun for the desk - 2024.02.27" gives two."""
    line = one_line(line)[:200]
    line = _CUT.split(_BY.sub("", line), maxsplit=1)[0]
    names = (_ROLE.sub("", name).strip(" .:-") for name in _AND.split(line))
    return [name for name in names if is_name(name)][:MOST_AUTHORS]


def is_name(name: str) -> bool:
    """Whether a wording can be a person's name: short, no address, no number."""
    if not 2 <= len(name) <= 60 or any(c.isdigit() or c in "@/<>{}" for c in name):
        return False
    return len(name.split()) <= 5 and label_before(name, len(name)) is None
