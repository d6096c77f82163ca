"""A page's bytes as one bounded lxml tree, its furniture cut, its blocks as lines.

Which tree holds the article, and what its parts mean, is the business of `html` and `markup`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from orchestration.scraping.page import ParseError
from orchestration.scraping.prose import is_sentence, one_line
from orchestration.scraping.tables import load_table

LARGEST = 16 * 1024 * 1024
MOST_BLOCKS = 20_000
_KEPT = frozenset(("html", "body", "main", "head", "h1"))
_CELLS = frozenset(("td", "th", "cell"))
_ROWS = frozenset(("tr", "row"))
_BREAKS = frozenset(("br", "lb"))
_LONGEST_ROW = 400
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{2,40})""")
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_HIGH = bytes(range(0x80, 0x100))
_HIGH_RUN = re.compile(rb"(?:[\x80-\xff]{2})+")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,30})[^<>]{0,2000}>")
_DEEPEST = 120
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}>")
_WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@cache
def _tags(role: str) -> frozenset[str]:
    """The tags of a role: `unread` (no text of an article), `wrapper` (the same, but at times around the
    whole page), `block` (begins a paragraph of its own) or `unclosed` (needs no end tag)."""
    rows = load_table("tags", ("tag", "roles"))
    return frozenset(tag for tag, roles in rows if role in roles.split("|"))


# Bytes to text


def decode(payload: bytes, content_type: str | None) -> str:
    """A page's text: by its byte-order mark, as UTF-8 where it is, else as it is declared, else by its bytes.

    UTF-8 stands before a declaration because bytes that are UTF-8 by chance do not occur, and wrong
    declarations do. Never fails: what no charset can read is U+FFFD. Raises ParseError beyond 16 MB.
    """
    if len(payload) > LARGEST:
        raise ParseError("failed", f"the page has {len(payload)} bytes; at most {LARGEST} are read")
    for mark, charset in _BOMS:
        if payload.startswith(mark):
            return payload[len(mark) :].decode(charset, "replace")
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        declared = _declared(payload, content_type)
        return payload.decode(declared or _guessed(payload), "replace")


def _declared(payload: bytes, content_type: str | None) -> str | None:
    """The charset that the header or else the page declares, where Python knows it and it is not UTF-8."""
    header = _HEADER_CHARSET.search((content_type or "")[:500])
    page = _CHARSET.search(payload[:4096]) or _XML_CHARSET.search(payload[:4096])
    names = [header.group(1) if header else "", page.group(1).decode("ascii") if page else ""]
    for name in names:
        try:
            found = codecs.lookup(name.replace("ks_c_5601-1987", "cp949"))
            "".encode(found.name)  # a codec of bytes to bytes (zip, hex) is no charset
        except (LookupError, ValueError):
            continue
        if found.name != "utf-8":
            return _WIDER.get(found.name, found.name)
    return None


def _guessed(payload: bytes) -> str:
    """UTF-8 where it is damaged in places only, else Korean where that reads throughout, else Western."""
    text = payload.decode("utf-8", "replace")
    wide = sum(c > "\x7f" and c != "\ufffd" for c in text)
    if wide > text.count("\ufffd"):
        return "utf-8"
    # Korean letters are two high bytes each; in a Western text a high byte stands alone.
    in_pairs = sum(map(len, _HIGH_RUN.findall(payload)))
    high = len(payload) - len(payload.translate(None, _HIGH))
    return "cp949" if in_pairs * 10 > high * 8 else "cp1252"


# Text to tree


def grow(text: str) -> HtmlElement:
    """The tree of a page, without comments. Raises ParseError where there is nothing to read."""
    text = _DECLARATION.sub("", text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8"), count=1)
    if not text.strip():
        raise ParseError("empty", "the page is empty")
    tree, is_whole = _grown(text)
    return tree if is_whole else _grown(_flattened(text))[0]


def _grown(text: str) -> tuple[HtmlElement, bool]:
    """The tree, and whether it is whole: the parser stops at a depth that no honest page has."""
    parser = lxml.html.HTMLParser(
        encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True, no_network=True
    )
    try:
        tree = lxml.html.document_fromstring(text.encode("utf-8"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ParseError("no_article", f"the page holds no HTML: {error}") from None
    return tree, not any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log)


def _flattened(text: str) -> str:
    """The page without the tags that lie deeper than a tree may go; their text stays."""
    depth = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal depth
        closes, name = match.groups()
        if name.lower() in _tags("unclosed"):
            return match.group()
        tag = match.group() if depth < _DEEPEST else " "
        depth = max(0, depth - 1) if closes else depth + 1
        return tag if not closes or depth < _DEEPEST else " "

    return _TAG.sub(kept, text)


# Furniture


@cache
def _tokens() -> tuple[dict[str, str], dict[str, str]]:
    rows = load_table("classes", ("token", "match", "kind"))
    return {t: k for t, m, k in rows if m == "token"}, {t: k for t, m, k in rows if m == "part"}


_PARTS = re.compile(r"[-_]+")


@lru_cache(maxsize=4096)
def _kind_of_names(names: str) -> str | None:
    """What a class or id attribute says that its element is for."""
    tokens, parts = _tokens()
    for name in names.lower().split()[:40]:
        kind = tokens.get(name) or next((parts[p] for p in _PARTS.split(name[:80]) if p in parts), None)
        if kind:
            return kind
    return None


def kind_of(element: etree._Element) -> str | None:
    """`furniture`, `caption` or `byline` where an element's class or id says so."""
    for attribute in ("class", "id"):
        names = element.get(attribute)
        if names and len(names) < 500 and (kind := _kind_of_names(names)):
            return kind
    return None


def _written(element: etree._Element, tag: str) -> int:
    """Characters of running text in an element: of its paragraphs, or of all where a page has none."""
    if tag == "*":
        return sum(len(t) for t in element.itertext())
    return sum(len(t) for p in element.iter(tag) for t in p.itertext())


def cut(tree: HtmlElement, kinds: frozenset[str]) -> None:
    """Take out of a tree what is no text, and what its class says is of these kinds.

    An element that holds much of the page's running text is left, whatever its class says.
    """
    paragraphs = "p" if _written(tree, "p") > 200 else "*"
    limit = _written(tree, paragraphs) * 0.4
    gone: set[etree._Element] = set()
    for element in list(tree.iter(etree.Element)):
        if element.tag in _KEPT or element in gone or element.getparent() is None:
            continue
        is_unread = element.tag in _tags("unread")
        is_wrapper = element.tag in _tags("wrapper")
        if not (is_unread or is_wrapper) and (element.tag == "article" or kind_of(element) not in kinds):
            continue
        if not is_unread and _written(element, paragraphs) > limit:
            continue
        gone.update(element.iter())
        element.drop_tree()


# Tree to lines


@dataclass(frozen=True, slots=True)
class Block:
    """One block of text; `linked` tells whether all of it is a link."""

    text: str
    linked: bool


def blocks(root: etree._Element) -> list[Block]:
    """The blocks of text in an element, as read: a paragraph, heading, list item or table row each."""
    return list(_Walker().walk(root))


class _Walker:
    """Collects text between the borders of block elements; iterative, so that depth does not matter."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._linked = 0
        self._links = 0
        self._rows: list[bool] = []

    def walk(self, root: etree._Element) -> Iterator[Block]:
        count = 0
        blocks_of_text = _tags("block") | _tags("wrapper")
        for event, element in etree.iterwalk(root, events=("start", "end")):
            tag = element.tag
            border = tag in blocks_of_text and not (any(self._rows[-1:]) and tag in ("p", "div"))
            if border:
                for block in self._flush():
                    yield block
                    count += 1
                if count > MOST_BLOCKS:
                    return
            self._start(element, tag) if event == "start" else self._end(element, tag, root)

    def _start(self, element: etree._Element, tag: object) -> None:
        self._links += tag == "a"
        if tag in _ROWS:
            self._rows.append(_is_data(element))
        if tag in _BREAKS:
            self._parts.append("\n")
        elif tag in ("p", "div"):
            self._parts.append(" ")
        self._add(element.text)

    def _end(self, element: etree._Element, tag: object, root: etree._Element) -> None:
        self._links -= tag == "a"
        if tag in _ROWS and self._rows:
            self._rows.pop()
        if tag in _CELLS and any(self._rows[-1:]):
            self._parts.append(" | ")
        if element is not root:
            self._add(element.tail)

    def _add(self, text: str | None) -> None:
        if text:
            self._parts.append(text.replace("\n", " "))
            if self._links:
                self._linked += len(text.strip())

    def _flush(self) -> Iterator[Block]:
        if not self._parts:
            return
        raw, linked = "".join(self._parts), self._linked
        self._parts, self._linked = [], 0
        is_link = linked >= 0.9 * len(raw.strip()) > 0
        for text in _lines_of(raw):
            yield Block(text, is_link)


def _is_data(row: etree._Element) -> bool:
    """Whether a table row holds cells to be read side by side; old pages lay out whole texts in tables."""
    return sum(len(text) for text in row.itertext()) <= _LONGEST_ROW


def _lines_of(raw: str) -> list[str]:
    """The paragraphs of a block, parted by two line breaks; one break after a sentence begins a line of the
    same paragraph, which then starts with the break."""
    lines: list[str] = []
    breaks = 2
    for piece in raw.split("\n"):
        text = one_line(piece).strip(" |") if "|" in piece else one_line(piece)
        if text and lines and breaks < 2:
            if is_sentence(lines[-1]):
                lines.append(f"\n{text}")
            else:
                lines[-1] += f" {text}"
        elif text:
            lines.append(text)
        breaks = 1 if text else breaks + 1
    return lines
