"""WARC files made for tests: pages of the sample's articles, and pages that speak of something else."""

from __future__ import annotations

import gzip
import html
import io
from collections.abc import Iterable
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from orchestration.sample_outlet.articles import load_articles

Record = tuple[str, bytes, dict[str, str]]
"""Address, payload as sent, HTTP headers."""


def page(title: str, paragraphs: Iterable[str], day: str | None = "2026-03-02") -> str:
    """A page of the press: a headline, a day, paragraphs."""
    stamp = f'<meta property="article:published_time" content="{day}T09:00:00Z">' if day else ""
    body = "".join(f"<p>{html.escape(words)}</p>" for words in paragraphs)
    return (
        f'<!doctype html><html lang="en"><head><title>{html.escape(title)}</title>{stamp}</head>'
        f"<body><article><h1>{html.escape(title)}</h1>{body}</article></body></html>"
    )


def related(number: int) -> list[Record]:
    """Pages of so many of the sample's articles, under addresses of nobody."""
    articles = load_articles()[:number]
    return [
        (
            f"https://paper.example/{a.id}",
            page(a.title, (" ".join(b.lines) for b in a.blocks), f"{a.published:%Y-%m-%d}").encode(),
            {"Content-Type": "text/html; charset=utf-8"},
        )
        for a in articles
    ]


def unrelated(number: int) -> list[Record]:
    """Pages that speak of something else, each a little different."""
    words = "The council of ward {n} approved {n} benches for its parks, and a fountain, on Tuesday."
    return [
        (
            f"https://paper.example/local/{n}",
            page(f"Benches for ward {n}", [words.format(n=n)] * 30).encode(),
            {"Content-Type": "text/html; charset=utf-8"},
        )
        for n in range(number)
    ]


def zipped(record: Record) -> Record:
    """The same page as a server sends it that packs its answers."""
    url, payload, headers = record
    return url, gzip.compress(payload), headers | {"Content-Encoding": "gzip"}


def write_warc(path: Path, records: Iterable[Record], status: str = "200 OK") -> Path:
    """A WARC file of these answers, each a member of its own."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for url, payload, headers in records:
            http = StatusAndHeaders(status, list(headers.items()), "HTTP/1.1")
            record = writer.create_warc_record(
                url, "response", payload=io.BytesIO(payload), length=len(payload), http_headers=http
            )
            writer.write_record(record)
    return path
