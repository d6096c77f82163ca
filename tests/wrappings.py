"""Ways in which a page may hold the same words: escapes, marks that are not seen, mark-up within words,
charsets.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from html import escape

UNSEEN = ("\u00ad", "\u200b", "\u2060", "\ufeff", "\u200d")
INLINE = (
    "<wbr>",
    "<b></b>",
    "<!-- a -->",
    "</i><i>",
    '<b title="a &gt; b">',
    "<span class='x'>",
    "&shy;",
    "&zwnj;",
)
CHARSETS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-32",
    "cp1252",
    "cp949",
    "gb18030",
    "shift_jis",
    "koi8-r",
    "utf-7",
)


def by_number(text: str, chance: random.Random) -> str:
    """Some letters by their numbers."""
    return "".join(
        escape(c)
        if chance.random() < 0.7
        else chance.choice((f"&#{ord(c)};", f"&#x{ord(c):x};", f"&#0{ord(c)};"))
        for c in text
    )


def torn(text: str, chance: random.Random) -> str:
    """Marks, tags and comments between letters of words."""
    parts = (*UNSEEN, *INLINE)
    return "".join(
        escape(c) + (chance.choice(parts) if c.isalpha() and chance.random() < 0.15 else "") for c in text
    )


def spelled(text: str, chance: random.Random) -> str:
    """Each word in mark-up of its own, its first letter too; blanks that do not break."""
    words = (f"<em><span>{escape(w[0])}</span>{escape(w[1:])}</em>" for w in text.split(" ") if w)
    return chance.choice((" ", "&nbsp;", "\n<br>\n", "\u2003")).join(words)


def shouted(text: str, chance: random.Random) -> str:
    """In capitals."""
    return escape(text.upper())


def plain(text: str, chance: random.Random) -> str:
    """As it is."""
    return escape(text)


WAYS: tuple[Callable[[str, random.Random], str], ...] = (plain, by_number, torn, spelled, shouted)


def wrapped(title: str, text: str, chance: random.Random) -> tuple[bytes, str]:
    """An article as a page in one of these ways, in one of the charsets, and its content type."""
    way, charset = chance.choice(WAYS), chance.choice(CHARSETS)
    body = "".join(f"<p>{way(p, chance)}</p>" for p in text.split("\n\n") if p.strip())
    page = (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='{charset}'><title>{way(title, chance)}</title>"
        "<meta property='article:published_time' content='2024-02-27T08:00:00Z'></head>"
        f"<body><article><h1>{way(title, chance)}</h1>{body}</article></body></html>"
    )
    return page.encode(charset, "xmlcharrefreplace"), f"text/html; charset={charset}"
