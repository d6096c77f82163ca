"""Names and texts as SQL takes them, where a statement takes no parameters: names, ATTACH, COMMENT."""

from __future__ import annotations


def identifier(name: str) -> str:
    """A name, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, quoted."""
    return "'" + text.replace("'", "''") + "'"
