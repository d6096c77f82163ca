"""Articles that an outlet splits in pages: which page comes next, and all of them as one payload.

A further page has the article's own address with a number behind it: a link to the next article never has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from orchestration.scraping.page import Page

MOST_PARTS = 20
MARK = "\n<!-- laborledger: the next page of this article -->\n"
_HINT = re.compile(rb"""/\d{1,2}/?["'?#]|page=|\bnext\b""")
"""Without it a page links to no further one, and need not be read as a tree."""
_NUMBERED = re.compile(r"(?:/?(?:page/)?(\d{1,2})/?|/?\?page=(\d{1,2}))")


def next_part(page: Page, first: str) -> str | None:
    """The address of the page behind this one of the article that begins at `first`; None at its end."""
    number = (_number(page.url or first, first) or 1) + 1
    return next((url for url in _links(page) if _number(url, first) == number), None)


def _number(url: str, first: str) -> int | None:
    """Which page of the article an address is; None where it is none, or the first."""
    if url.rstrip("/") == first.rstrip("/") or not url.startswith(first.rstrip("/")):
        return None
    found = _NUMBERED.fullmatch(url[len(first.rstrip("/")) :])
    return int(found[1] or found[2]) if found else None


def _links(page: Page) -> Sequence[str]:
    if not _HINT.search(page.payload):
        return ()
    parser = html.HTMLParser(no_network=True, huge_tree=False)
    try:
        root = html.document_fromstring(page.payload, parser=parser)
    except (etree.LxmlError, ValueError):
        return ()
    found = (_joined(page.url or "", link.get("href") or "") for link in root.iter("a", "link"))
    return [url for url in found if url]


def _joined(base: str, link: str) -> str | None:
    try:
        url = urljoin(base, link.strip())
        return url if urlsplit(url).hostname else None
    except ValueError:
        return None


def joined_parts(pages: Sequence[Page]) -> bytes:
    """All pages of an article as one payload, as `parts_of` takes it apart again."""
    return MARK.encode().join(page.payload for page in pages)


def parts_of(text: str) -> list[str]:
    """The pages that a payload holds."""
    return text.split(MARK)
