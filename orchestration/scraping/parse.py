"""A page and its outlet in, an Article out: where reading, dates, origin and identity meet.

HTML is read by `html`, saved text by `plain`; this module only decides which, and what becomes of the parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from orchestration.records import Article
from orchestration.scraping.dates import Candidate, Rank, choose, plausible, read_stamp
from orchestration.scraping.draft import Draft
from orchestration.scraping.entry import ENTRY_TYPE, read_entry
from orchestration.scraping.identity import INBOX_PREFIX, article_id
from orchestration.scraping.multipage import parts_of
from orchestration.scraping.origins import find_origin
from orchestration.scraping.page import PUBLISHED, Page, ParseError
from orchestration.scraping.plain import read_plain
from orchestration.scraping.post import read_post
from orchestration.scraping.prose import folded, joined, language_of
from orchestration.scraping.sidecar import split_sidecar
from orchestration.scraping.sources import Source
from orchestration.scraping.tree import decode
from orchestration.scraping.wordpress import JSON_TYPE

_PIECES = {JSON_TYPE: read_post, ENTRY_TYPE: read_entry}
"""How the posts and entries of an answer that holds many are read, by their type."""
_MARKUP = re.compile(r"<(?:!doctype\s+html|html|head|body|article|div|p|h1|meta)\b", re.IGNORECASE)


def parse(page: Page, source: Source, sources: Sequence[Source] = ()) -> Article:
    """The article of a page; `sources` are all known outlets, any of which may be its origin.

    The publication day is the outlet's own (`source.zone`). Raises ParseError: empty, no_article,
    undated, failed.
    """
    article = read_page(page, source, sources)
    if article.published is None:
        raise ParseError(
            "undated", "the page shows no day of publication; a sidecar's `published` can give it"
        )
    return article


def read_page(page: Page, source: Source, sources: Sequence[Source] = ()) -> Article:
    """As `parse`, but an article without a day of publication is given too, its `published` None."""
    page, given = _with_sidecar(page)
    if read := _PIECES.get((page.content_type or "").partition(";")[0]):
        return _article(page, source, sources, read(page.payload, source), given)
    text = decode(page.payload, page.content_type)
    if not text.strip("\x00 \t\r\n\ufeff"):
        raise ParseError("empty", "the page is empty")
    is_html = _is_html(page, text)
    draft = _read(page, text, source, is_html)
    article = _article(page, source, sources, draft, given)
    if article.published is None and is_html and (winner := _guessed(page, text)):
        told = (f"{winner.day}: {winner.evidence}",)
        return replace(article, published=winner.day, date_evidence=winner.evidence, date_candidates=told)
    return article


def _article(
    page: Page, source: Source, sources: Sequence[Source], draft: Draft, given: Sequence[Candidate]
) -> Article:
    """The article of a draft, dated by the best of its candidates."""
    ranked = plausible([*given, *draft.candidates, *_announced(page, source)], page.fetched_at)
    winner = next(iter(ranked), None)
    text = joined(draft.paragraphs)
    return Article(
        id=article_id(
            source.id, post_id=draft.post_id, canonical_url=draft.canonical_url, url=page.url, name=page.path
        ),
        title=draft.title,
        published=winner.day if winner else None,
        text=text,
        language=language_of(text, draft.language or source.language),
        url=page.url,
        canonical_url=draft.canonical_url,
        source_id=source.id,
        origin_source_id=find_origin(draft, source, sources),
        authors=_people(draft.authors, sources),
        date_evidence=winner.evidence if winner else None,
        date_candidates=tuple(dict.fromkeys(f"{c.day}: {c.evidence}" for c in ranked)),
    )


def _announced(page: Page, source: Source) -> list[Candidate]:
    """The day that a feed or a sitemap gave the page."""
    stamp = (page.announced or "").partition(PUBLISHED)[2]
    day = read_stamp(stamp, source.zone) if stamp else None
    return [Candidate(Rank.FEED, day, page.announced or "")] if day else []


def _with_sidecar(page: Page) -> tuple[Page, list[Candidate]]:
    """The page of a saved file with what its sidecar says; any other page as it is."""
    if page.url is not None and page.url.startswith(INBOX_PREFIX):
        page = replace(page, url=None, path=page.url.removeprefix(INBOX_PREFIX))
    if page.path is None:
        return page, []
    payload, sidecar = split_sidecar(page.payload)
    given = [Candidate(Rank.GIVEN, sidecar.published, "sidecar published")] if sidecar.published else []
    return replace(page, payload=payload, url=page.url or sidecar.url), given


def _is_html(page: Page, text: str) -> bool:
    name = (page.path or "").lower()
    if name.endswith((".html", ".htm")):
        return True
    if name.endswith(".txt"):
        return False
    if page.content_type and "text/plain" in page.content_type.lower():
        return False
    return bool(_MARKUP.search(text[:20_000]))


def _read(page: Page, text: str, source: Source, is_html: bool) -> Draft:
    if not is_html:
        return _with_address(read_plain(text, source.zone), page.url)
    from orchestration.scraping.html import read_html

    first, *others = parts_of(text)
    draft = read_html(first, page.url, source, page.fetched_at)
    for other in others:
        with suppress(ParseError):  # a last page may hold a picture alone
            more = read_html(other, page.url, source, page.fetched_at).paragraphs
            draft.paragraphs += [p for p in more if p not in draft.paragraphs]
    return draft


def _with_address(draft: Draft, url: str | None) -> Draft:
    """A text names no address of its own: it is the one that it came from."""
    if url:
        from orchestration.scraping.markup import plain_url

        draft.canonical_url = plain_url(url)
    return draft


def _guessed(page: Page, text: str) -> Candidate | None:
    from orchestration.scraping.html import guessed_date

    guess = guessed_date(text, page.url, page.fetched_at)
    return choose([guess], page.fetched_at) if guess else None


def _people(authors: Iterable[str], sources: Sequence[Source]) -> tuple[str, ...]:
    """Authors without the outlets among them."""
    outlets = {folded(name) for source in sources for name in (source.name, *source.credits)}
    return tuple(author for author in authors if folded(author) not in outlets)
