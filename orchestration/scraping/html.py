"""Reads HTML pages: one tree a page, its outlet's selectors first, else the general way.

What the markup says beside the text is read by `markup`, furniture by wording is told by `chrome`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import chain

from lxml.html import HtmlElement

from orchestration.scraping.chrome import Kind, furniture
from orchestration.scraping.dates import Candidate, Rank, read_stamp, url_candidates
from orchestration.scraping.draft import Draft, cleaned
from orchestration.scraping.markup import Facts, read_facts, title_of
from orchestration.scraping.page import ParseError
from orchestration.scraping.people import names_in_byline
from orchestration.scraping.plain import Layout, dates_around, near
from orchestration.scraping.prose import folded, is_prose, is_sentence, one_line
from orchestration.scraping.sources import Source
from orchestration.scraping.tables import load_table
from orchestration.scraping.tree import Block, blocks, cut, grow

SHORT = 250
"""Characters of text below which the general extractor is not trusted to have found the body."""
MOST_ELEMENTS = 15_000
"""Elements of a page beyond which the general extractor takes too long."""
_FEWEST_TEASERS = 4
_FEWEST_BREAKS = 2
_FURNITURE = frozenset(("furniture", "caption"))
_BYLINES = frozenset(("byline",))
_FURNITURE_RANKS = (Rank.LABELLED, Rank.NEAR, Rank.FURNITURE)


def read_html(text: str, url: str | None, source: Source, fetched_at: datetime) -> Draft:
    """The parts of an HTML page. Raises ParseError where it holds no article."""
    tree = grow(text)
    if tree.xpath("boolean(//input[@name='post_password'])"):
        raise ParseError("protected", "the page asks for a password")
    facts = read_facts(tree, url, source.zone)
    selected = _selected_dates(tree, source)
    authors = _selected_texts(tree, source.selectors.author)
    title = next(iter(_selected_texts(tree, source.selectors.title)), "") or title_of(
        facts, _names(facts, source)
    )
    _remove(tree, source.selectors.remove)
    cut(tree, _FURNITURE)
    seen = blocks(tree)
    lines = [block.text.lstrip("\n") for block in seen]
    cut(tree, _BYLINES)
    paragraphs = cleaned(_body(tree, source, facts, title), title, source.zone, marked_up=True)
    if not any(is_prose(p) for p in paragraphs):
        raise ParseError("no_article", "the page holds no running text, so no article")
    if _is_listing(seen, paragraphs):
        raise ParseError("no_article", "the page lists other pages and is no article of its own")
    layout = _layout(lines, title, paragraphs)
    outside = [line for line in near(layout) if len(line) < 400 and furniture(line) is not None]
    told = (line for line in outside if furniture(line) is Kind.BYLINE)
    bylines = [name for line in told for name in names_in_byline(line)]
    named = [name for author in authors for name in names_in_byline(author)]
    visible = dates_around(layout, source.zone)
    return Draft(
        title,
        paragraphs,
        authors=tuple(dict.fromkeys(named or facts.authors or bylines)),
        candidates=[*selected, *facts.candidates, *url_candidates(url or facts.canonical_url), *visible],
        credit_lines=tuple(outside),
        language=facts.language,
        canonical_url=facts.canonical_url,
        post_id=facts.post_id,
        site_name=facts.site_name,
    )


def _names(facts: Facts, source: Source) -> tuple[str, ...]:
    return (facts.site_name or "", source.name, *source.credits)


# The outlet's selectors


def _select(tree: HtmlElement, selectors: Iterable[str]) -> list[HtmlElement]:
    """The elements of the first selector that finds any."""
    return next((found for selector in selectors if (found := tree.cssselect(selector))), [])


def _selected_texts(tree: HtmlElement, selectors: Sequence[str]) -> list[str]:
    texts = (one_line("".join(e.itertext())[:500]) for e in _select(tree, selectors)[:20])
    return [text for text in texts if text]


def _selected_dates(tree: HtmlElement, source: Source) -> list[Candidate]:
    found = []
    for element in _select(tree, source.selectors.published)[:5]:
        stamp = element.get("datetime") or element.get("content") or "".join(element.itertext())
        if day := read_stamp(one_line(stamp), source.zone):
            found.append(Candidate(Rank.SELECTOR, day, f"selector: {one_line(stamp)[:60]}"))
    return found


def _remove(tree: HtmlElement, selectors: Iterable[str]) -> None:
    for selector in selectors:
        for element in tree.cssselect(selector):
            if element.getparent() is not None:
                element.drop_tree()


# The body


def _body(tree: HtmlElement, source: Source, facts: Facts, title: str) -> list[str]:
    """The body's blocks: by the outlet's selector, else by the general extractor, else of the container."""
    selected = _select(tree, source.selectors.body)
    if selected:
        return _texts(chain.from_iterable(blocks(e) for e in _outermost(selected)))
    broken = _broken(tree)
    written = max(_size(broken), sum(len(text) for p in tree.iter("p") for text in p.itertext()))
    marked = _container(tree, "marked")
    if marked and _size(marked) >= max(SHORT, 0.5 * written):
        return marked
    if sum(1 for _ in tree.iter()) > MOST_ELEMENTS:
        return marked or _container(tree, "general") or _texts(blocks(tree))
    found = _general(tree, fast=True)
    if _size(found) < max(SHORT, 0.6 * written):
        found = _general(tree, fast=False)
    if _size(broken) >= max(SHORT, 0.9 * _size(found)) and len(broken) > len(found):
        return broken  # the general way glues together what line breaks part
    if _size(found) >= SHORT:
        return found
    return marked or _container(tree, "general") or _whole(tree, facts) or found


def _broken(tree: HtmlElement) -> list[str]:
    """The blocks of the element that parts the most prose by line breaks: old pages know no paragraphs."""
    parted = {element.getparent() for element in tree.iter("br")}
    texts = (_texts(blocks(e)) for e in parted if e is not None and len(e.findall("br")) >= _FEWEST_BREAKS)
    return max(([t for t in found if is_prose(t)] for found in texts), key=_size, default=[])


def _size(paragraphs: Sequence[str]) -> int:
    return sum(map(len, paragraphs))


def _outermost(elements: Sequence[HtmlElement]) -> list[HtmlElement]:
    chosen = set(elements)
    return [e for e in elements if not any(above in chosen for above in e.iterancestors())]


def _texts(found: Iterable[Block]) -> list[str]:
    """The blocks that are no mere link: a linked line is another page's headline unless it is a sentence."""
    return [b.text for b in found if not b.linked or is_sentence(b.text)]


def _general(tree: HtmlElement, *, fast: bool) -> list[str]:
    """What the general extractor takes for the body; `fast` leaves out its comparison with others."""
    from trafilatura import bare_extraction

    # It warns of each page without a text, which is no news here.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    document = bare_extraction(
        tree,
        fast=fast,
        favor_precision=True,
        include_comments=False,
        include_tables=True,
        include_links=False,
    )
    body = getattr(document, "body", None)
    return _texts(blocks(body)) if body is not None else []


def _container(tree: HtmlElement, kind: str) -> list[str]:
    """The blocks of the one element that is marked as holding the article; none where there are several."""
    for path, its_kind in load_table("containers", ("path", "kind")):
        if its_kind == kind:
            found = [texts for e in tree.xpath(path)[:50] if any(map(is_prose, texts := _texts(blocks(e))))]
            if len(found) == 1:
                return found[0]
    return []


def _whole(tree: HtmlElement, facts: Facts) -> list[str]:
    """The blocks of a page that is one short article and says so, by its markup or its one heading."""
    body = tree.find("body")
    if body is None or not (facts.is_article or len(tree.xpath("//h1")) == 1):
        return []
    return _texts(blocks(body))


def _is_listing(seen: Sequence[Block], paragraphs: Sequence[str]) -> bool:
    """Whether most of the text stands under links: a front page or archive, with a teaser for each story."""
    body = set(paragraphs)
    under_link, teasers, total = False, 0, 0
    for block in seen:
        if block.linked:
            under_link = True
        elif block.text in body and is_prose(block.text):
            total += 1
            teasers += under_link
            under_link = False
    return total >= _FEWEST_TEASERS and teasers * 10 >= total * 7


# Beside the body


def _layout(lines: Sequence[str], title: str, paragraphs: Sequence[str]) -> Layout:
    """Where headline and body stand among the lines of the whole page; nowhere gives an empty layout."""
    keys = [folded(line) for line in lines]
    first, last = folded(paragraphs[0]), folded(paragraphs[-1])
    start = next((i for i, key in enumerate(keys) if first in key), None)
    if start is None:
        return Layout((), None, 0, 0)
    end = next((i for i in range(len(keys) - 1, start - 1, -1) if last in keys[i]), start)
    own = folded(title)
    title_at = next((i for i in range(start - 1, -1, -1) if own and keys[i] == own), max(0, start - 6))
    return Layout(lines, title_at, start, min(len(lines), end + 12))


def guessed_date(text: str, url: str | None, fetched_at: datetime) -> Candidate | None:
    """The last resort: what htmldate makes of the page as a whole."""
    from htmldate import find_date

    try:
        found = find_date(
            grow(text),
            original_date=True,
            extensive_search=False,
            url=url,
            max_date=fetched_at.date().isoformat(),
        )
        return Candidate(Rank.GUESSED, date.fromisoformat(found), f"htmldate: {found}") if found else None
    except Exception:  # a guess that fails is no guess
        return None
