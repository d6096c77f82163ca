"""What a page's markup says of its article: structured data, meta tags, links, tags with a meaning.

The article's text is not read here, and which of several dates holds is for `dates` to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from lxml import etree
from lxml.html import HtmlElement

from orchestration.scraping.dates import Candidate, Rank, read_stamp
from orchestration.scraping.people import MOST_AUTHORS, is_name, names_in_byline
from orchestration.scraping.prose import folded, one_line
from orchestration.scraping.tables import load_table
from orchestration.scraping.tree import kind_of

_LARGEST_JSON = 1_000_000
_MOST_NODES = 2_000
_LONGEST_TITLE = 500
_ARTICLE_TYPES = ("article", "blogposting", "report")
_POST_ID = re.compile(r"(?:^|\s)post(?:id)?-(\d{1,12})(?=\s|$)")
_SHORTLINK = re.compile(r"[?&]p=(\d{1,12})(?:&|$)")
_TITLE_BREAK = re.compile(r" [|–—»:·<•-]{1,2} ")
_FURNISHED = frozenset(("nav", "aside", "footer"))


@dataclass(slots=True)
class Facts:
    """What the markup says; what it does not say is empty."""

    titles: dict[str, str] = field(default_factory=dict)
    authors: list[str] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    language: str | None = None
    canonical_url: str | None = None
    post_id: str | None = None
    site_name: str | None = None
    is_article: bool = False


def read_facts(tree: HtmlElement, url: str | None, zone: tzinfo | None) -> Facts:
    """All that the markup of a page says; nothing in it is believed beyond its form."""
    facts = Facts()
    metas = _metas(tree)
    facts.canonical_url = _canonical(tree, metas, url)
    facts.language = _language(tree)
    facts.post_id = _post_id(tree)
    facts.site_name = one_line(metas.get("og:site_name", "")[:200]) or None
    facts.is_article = metas.get("og:type", "").lower() == "article"
    _read_json_ld(tree, facts, zone)
    _read_metas(metas, facts, zone)
    _read_tags(tree, facts, zone)
    return facts


# Meta tags and links


def _metas(tree: HtmlElement) -> dict[str, str]:
    """The first content of each meta name, property and itemprop, in lower case."""
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        content = (meta.get("content") or "").strip()
        for attribute in ("property", "name", "itemprop"):
            name = (meta.get(attribute) or "").strip().lower()
            if name and content:
                found.setdefault(name, content)
    return found


def _read_metas(metas: dict[str, str], facts: Facts, zone: tzinfo | None) -> None:
    facts.titles.setdefault("og:title", one_line(metas.get("og:title", "")[:_LONGEST_TITLE]))
    for name, _ in load_table("date_metas", ("name", "place")):
        day = read_stamp(metas[name], zone) if name in metas else None
        if day:
            facts.candidates.append(Candidate(Rank.META, day, f"meta {name}"))
    for name in ("author", "article:author", "dc.creator", "parsely-author"):
        if not facts.authors and not metas.get(name, "http").startswith("http"):
            facts.authors += names_in_byline(metas[name])


@cache
def _tracking() -> tuple[str, ...]:
    return tuple(name for name, _ in load_table("tracking", ("name", "match")))


def plain_url(url: str) -> str | None:
    """A web address without fragment and tracking parameters, its host in lower case; None for no address."""
    try:
        parts = urlsplit(url.strip()[:2000])
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or parts.username:
            return None
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200)
        host = parts.netloc.lower()
    except ValueError:
        return None
    kept = [(k, v) for k, v in pairs if not k.lower().startswith(_tracking())]
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", urlencode(kept), ""))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("amp.")
    except ValueError:
        return ""


def _canonical(tree: HtmlElement, metas: dict[str, str], url: str | None) -> str | None:
    """The address that the page calls its own, on the host that it came from; else that address, plain."""
    named = [
        link.get("href")
        for link in tree.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    ]
    for address in [*named, metas.get("og:url")]:
        try:
            plain = plain_url(urljoin(url or "", address)) if address else None
        except ValueError:
            continue
        if plain and (url is None or _host(plain) == _host(url)):
            return plain
    return plain_url(url) if url else None


def _language(tree: HtmlElement) -> str | None:
    code = (
        (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip()[:2].lower()
    )
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def _post_id(tree: HtmlElement) -> str | None:
    """WordPress's number of the post: in its short link, the body's class, or the article's id."""
    for link in tree.iter("link"):
        if (link.get("rel") or "").lower() == "shortlink" and (
            found := _SHORTLINK.search(link.get("href") or "")
        ):
            return found.group(1)
    for element in tree.iter("body"):
        if found := re.search(r"(?:^|\s)postid-(\d{1,12})(?=\s|$)", element.get("class") or ""):
            return found.group(1)
    articles = [found for a in tree.iter("article") if (found := _POST_ID.search(a.get("id") or ""))]
    return articles[0].group(1) if len(articles) == 1 else None


# JSON-LD


def _read_json_ld(tree: HtmlElement, facts: Facts, zone: tzinfo | None) -> None:
    nodes = [node for text in _json_texts(tree) for node in _nodes(text)]
    articles = sorted(
        (n for n in nodes if _is_article(n)), key=lambda n: not _is_about(n, facts.canonical_url)
    )
    pages = [n for n in nodes if "webpage" in _types(n)]
    facts.is_article = facts.is_article or bool(articles)
    for node in (*articles[:1], *pages[:1]):
        for key in ("datePublished", "dateCreated"):
            day = read_stamp(str(node.get(key) or ""), zone)
            if day:
                facts.candidates.append(Candidate(Rank.JSON_LD, day, f"json-ld {key}"))
    for node in articles[:1]:
        facts.titles["json-ld"] = one_line(str(node.get("headline") or "")[:_LONGEST_TITLE])
        facts.authors += [name for name in _author_names(node, nodes) if is_name(name)]


def _json_texts(tree: HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json":
            text = (script.text or "").strip().removeprefix("<!--").removesuffix("-->")
            text = text.replace("//<![CDATA[", "").replace("//]]>", "").strip().rstrip(";")
            if len(text) <= _LARGEST_JSON:
                yield text


def _nodes(text: str) -> list[dict[str, Any]]:
    """The page's own nodes of a JSON-LD text: top level, @graph and main entity, no items of its lists."""
    try:
        waiting = [json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return []
    found: list[dict[str, Any]] = []
    while waiting and len(found) < _MOST_NODES:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting += item[:_MOST_NODES]
        elif isinstance(item, dict):
            found.append(item)
            waiting += [
                item[key] for key in ("@graph", "mainEntity") if isinstance(item.get(key), dict | list)
            ]
    return found


def _types(node: dict[str, Any]) -> list[str]:
    named = node.get("@type")
    return [str(t).lower() for t in (named if isinstance(named, list) else [named])[:10]]


def _is_article(node: dict[str, Any]) -> bool:
    return any(t.endswith(_ARTICLE_TYPES) for t in _types(node))


def _is_about(node: dict[str, Any], canonical_url: str | None) -> bool:
    """Whether an article's node names the page it stands in."""
    entity = node.get("mainEntityOfPage")
    addresses = [node.get("url"), entity.get("@id") if isinstance(entity, dict) else entity]
    return canonical_url is not None and any(
        isinstance(a, str) and plain_url(a) == canonical_url for a in addresses
    )


def _author_names(node: dict[str, Any], nodes: list[dict[str, Any]]) -> Iterator[str]:
    by_id = {n["@id"]: n for n in nodes if isinstance(n.get("@id"), str)}
    named = node.get("author")
    for author in (named if isinstance(named, list) else [named])[:MOST_AUTHORS]:
        if isinstance(author, str):
            yield one_line(author[:200])
        if isinstance(author, dict):
            full = author if author.get("name") else by_id.get(str(author.get("@id")), {})
            if "organization" not in _types(full) and isinstance(full.get("name"), str):
                yield one_line(full["name"][:200])


# Tags with a meaning


def _inner(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def _read_tags(tree: HtmlElement, facts: Facts, zone: tzinfo | None) -> None:
    heads = [h for h in tree.iter("h1") if not _is_furnished(h)]
    texts = [one_line(_inner(h)[:_LONGEST_TITLE]) for h in heads[:10]]
    facts.titles["h1"] = _chosen_head([t for t in texts if t], facts)
    title = next(tree.iter("title"), None)
    facts.titles["title"] = one_line(_inner(title)[:_LONGEST_TITLE]) if title is not None else ""
    _read_items(tree, facts, zone)
    for time in _times(tree)[:20]:
        day = read_stamp(time.get("datetime") or _inner(time), zone)
        if day:
            facts.candidates.append(
                Candidate(Rank.TIME, day, f"time {(time.get('datetime') or 'text')[:40]}")
            )


def _chosen_head(heads: list[str], facts: Facts) -> str:
    """The heading that other markup repeats, else the last one: an outlet's name stands first."""
    told = [folded(t) for t in (facts.titles.get("json-ld"), facts.titles.get("og:title")) if t]
    confirmed = [h for h in heads if any(folded(h) and folded(h) in t for t in told)]
    return (confirmed or heads[-1:] or [""])[0]


def _read_items(tree: HtmlElement, facts: Facts, zone: tzinfo | None) -> None:
    """Microdata: dates and authors of the first article on the page."""
    for element in tree.xpath("//*[@itemprop and not(self::meta)]")[:200]:
        name = (element.get("itemprop") or "").lower()
        content = element.get("content") or element.get("datetime") or _inner(element)[:200]
        if name == "datepublished" and (day := read_stamp(content, zone)):
            facts.candidates.append(Candidate(Rank.META, day, "itemprop datePublished"))
        elif name == "author" and not facts.authors:
            facts.authors += names_in_byline(content)


def _is_furnished(element: etree._Element) -> bool:
    return any(a.tag in _FURNISHED or kind_of(a) == "furniture" for a in _own_and_above(element))


def _own_and_above(element: etree._Element) -> Iterator[etree._Element]:
    for number, above in enumerate((element, *element.iterancestors())):
        if number > 40 or above.tag in ("body", "article", "main"):
            return
        yield above


def _times(tree: HtmlElement) -> list[etree._Element]:
    """The time tags that can be the article's: marked ones first, `updated` ones never."""
    found = [t for t in tree.iter("time") if not _is_furnished(t)]
    fresh = [
        t
        for t in found
        if "update" not in (t.get("class") or "").lower() and "modif" not in str(t.attrib).lower()
    ]
    return sorted(
        fresh, key=lambda t: not ("publish" in str(t.attrib).lower() or t.get("pubdate") is not None)
    )


def title_of(facts: Facts, site_names: tuple[str, ...]) -> str:
    """The headline: the page's heading where other markup confirms it, else the best of the others."""
    head, ld = facts.titles.get("h1", ""), facts.titles.get("json-ld", "")
    others = [_without_site(facts.titles.get(key, ""), site_names, head) for key in ("og:title", "title")]
    known = folded(" ".join([ld, *others]))
    if head and folded(head) and folded(head) in known:
        return head
    return next((t for t in (ld, others[0], head, others[1]) if t), "")


def _without_site(title: str, site_names: tuple[str, ...], head: str) -> str:
    """A window title without the outlet's name behind its last mark."""
    breaks = list(_TITLE_BREAK.finditer(title))
    if not breaks:
        return title
    left, right = title[: breaks[-1].start()], title[breaks[-1].end() :]
    names = [folded(n) for n in site_names if n]
    is_site = folded(right) in names or folded(left) == folded(head)
    return left if is_site or (len(right.split()) <= 4 and len(left.split()) >= 4) else title
