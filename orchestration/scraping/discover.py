"""Announced articles: the addresses in feeds, sitemaps and listing pages, hardened against hostile XML.

Reading one announcement belongs here; fetching it does not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from lxml import etree

from orchestration.scraping.page import PUBLISHED

MOST_ADDRESSES = 50_000
LARGEST = 64 * 1024 * 1024
LONGEST_ADDRESS = 2_000
LONGEST_STAMP = 60
MOST_ENTRIES = 2_000
"""Of one feed; a feed announces what is new, and a sitemap the rest."""


class UnreadableAnnouncement(ValueError):
    """A feed, sitemap or listing cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Announced:
    """One announced address; `title`, when it was last edited (UTC) and when it was published (as written,
    after the kind of announcement: `feed published: ...`), where the announcement says so.
    """

    url: str
    title: str = ""
    edited_at: datetime | None = None
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap names: articles, or further sitemaps."""

    articles: tuple[Announced, ...] = ()
    sitemaps: tuple[str, ...] = ()


def _plain_url(base: str, href: str) -> str | None:
    """The absolute web address without its fragment, or None where it is none, or one with a password."""
    if len(href) > LONGEST_ADDRESS:
        return None
    try:
        parts = urlsplit(urljoin(base, href.strip()))
        _ = parts.port  # raises ValueError for a port that is none
        url = urlunsplit(parts._replace(fragment="")).replace(" ", "%20")
        url.encode("utf-8")
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    return url if is_web else None


def _unpacked(payload: bytes) -> bytes:
    """A gzipped file's content, bounded; anything else as it is."""
    if not payload.startswith(b"\x1f\x8b"):
        return payload
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(payload, LARGEST + 1)
    except zlib.error as error:
        raise UnreadableAnnouncement(f"a damaged gzip file: {error}") from error
    if len(content) > LARGEST:
        raise UnreadableAnnouncement(f"unpacks to more than {LARGEST} bytes")
    if not unpacker.eof:
        raise UnreadableAnnouncement("a torn gzip file")
    return content


def _xml(payload: bytes) -> etree._Element:
    """The root of an XML document; a document type, and with it any entity of its own, is refused."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(_unpacked(payload).lstrip(b"\xef\xbb\xbf \r\n\t"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableAnnouncement(f"no well-formed XML: {error}") from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableAnnouncement("XML with a document type of its own, which no feed needs")
    return root


def read_feed(payload: bytes, url: str) -> tuple[Announced, ...]:
    """The articles of an RSS or Atom feed, in its order. Raises UnreadableAnnouncement."""
    found = _feed(payload, url, whole=False)
    return _unique(
        Announced(address, str(told.get("title") or ""), published=_stamped("feed", told.get("published")))
        for address, told in found
    )


def feed_entries(payload: bytes, url: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Address and fields of a feed's entries, their abstracts among them. Raises UnreadableAnnouncement."""
    return list(_feed(payload, url, whole=True))


def _feed(payload: bytes, url: str, *, whole: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import feedparser

    root = _xml(payload)
    if etree.QName(root).localname.lower() not in ("rss", "feed", "rdf"):
        raise UnreadableAnnouncement(f"no feed: its outermost element is <{etree.QName(root).localname}>")
    _lighten(root, ("encoded", "content") if whole else ("description", "encoded", "content", "summary"))
    entries = feedparser.parse(etree.tostring(root), sanitize_html=False, resolve_relative_uris=False).entries
    told = ((_plain_url(url, entry.get("link") or ""), entry) for entry in entries)
    return ((address, entry) for address, entry in told if address)


def _lighten(root: etree._Element, texts: Sequence[str]) -> None:
    """Take out of a feed what costs time and is not read: texts, and entries beyond the bound."""
    entries = list(root.iter("{*}item", "{*}entry"))
    for entry in entries[MOST_ENTRIES:]:
        _remove(entry)
    for text in list(root.iter(*(f"{{*}}{name}" for name in texts))):
        _remove(text)


def _remove(node: etree._Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def read_sitemap(payload: bytes, url: str) -> Sitemap:
    """The articles, or the further sitemaps, of one sitemap. Raises UnreadableAnnouncement."""
    root = _xml(payload)
    kind = etree.QName(root).localname
    if kind not in ("urlset", "sitemapindex"):
        raise UnreadableAnnouncement(f"no sitemap: its outermost element is <{kind}>")
    told = map(_entry_of, islice(root, MOST_ADDRESSES))
    found = [(address, entry) for entry in told if (address := _plain_url(url, entry.get("loc", "")))]
    if kind == "sitemapindex":
        return Sitemap(sitemaps=tuple(dict.fromkeys(address for address, _ in found)))
    return Sitemap(articles=_unique(_announced(address, entry) for address, entry in found))


def _announced(address: str, entry: Mapping[str, str]) -> Announced:
    published = _stamped("sitemap", entry.get("publication_date"))
    return Announced(address, entry.get("title", ""), _moment(entry.get("lastmod", "")), published)


def _entry_of(place: etree._Element) -> dict[str, str]:
    """The fields of one entry of a sitemap as written, those of a news sitemap among them."""
    news = (child for wrapper in place.iterchildren("{*}news") for child in wrapper)
    return {str(child.tag).rpartition("}")[2]: (child.text or "").strip() for child in (*news, *place)}


def _stamped(kind: str, stamp: object) -> str | None:
    """The day of publication as an announcement writes it, and what kind of announcement that is."""
    written = " ".join(str(stamp or "").split())[:LONGEST_STAMP]
    return f"{kind} {PUBLISHED}{written}" if written else None


def _moment(stamp: str) -> datetime | None:
    """The moment in UTC that a sitemap's `lastmod` names: a day's end, so that no edit of it is missed."""
    try:
        moment = datetime.fromisoformat(stamp.strip()[:40])
        moment += timedelta(days=1) if len(stamp.strip()) == len("2024-02-27") else timedelta()
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def edited_feed(feed: str, page: int) -> str:
    """A WordPress feed's page of what was edited last."""
    query = urlencode({"orderby": "modified", "paged": page})
    return f"{feed}{'&' if urlsplit(feed).query else '?'}{query}"


def read_listing(payload: bytes, url: str) -> tuple[Announced, ...]:
    """The links of a listing page, in its order. Raises UnreadableAnnouncement."""
    from lxml import html

    parser = html.HTMLParser(
        no_network=True, huge_tree=False, encoding="utf-8" if _is_utf8(payload) else None
    )
    try:
        root = html.document_fromstring(payload, parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise UnreadableAnnouncement(f"no HTML page: {error}") from error
    links = ((_plain_url(url, a.get("href") or ""), _words(a)) for a in root.iter("a"))
    return _unique(Announced(address, title) for address, title in links if address)


def _is_utf8(payload: bytes) -> bool:
    """Whether a page is UTF-8, as pages are that name no encoding; libxml2 would take them for Latin-1."""
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _words(link: etree._Element) -> str:
    """A link's own words, bounded: a hostile page nests links in links."""
    return " ".join(" ".join(str(t) for t in islice(link.itertext(), 50)).split())[:500]


def _unique(found: Iterator[Announced]) -> tuple[Announced, ...]:
    first: dict[str, Announced] = {}
    for item in found:
        first.setdefault(item.url, item)
    return tuple(first.values())[:MOST_ADDRESSES]
