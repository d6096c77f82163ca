"""The pages of a WARC file, fast: records that can be pages, decoded, bounded, each by its place.

Reading bytes belongs here; `prefilter` says which pages are worth parsing, `work` what is made of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from orchestration.reading.decoding import TooLarge, decoded
from orchestration.scraping.archive import LARGEST
from orchestration.scraping.page import Page

KINDS = WarcRecordType.response | WarcRecordType.resource
TEXT = ("text/", *(f"application/{kind}" for kind in ("xhtml", "json", "xml", "rss", "atom")))
GOOD = 200


class TornArchive(Exception):
    """A file ends within a record, or holds what is none; the message says behind which byte."""


def pages_of(path: str, wanted: Callable[[bytes], bool], counts: Counter[str]) -> Iterator[tuple[int, Page]]:
    """Offset and page of each record whose payload is wanted; `counts` gets records, pages, bytes, reasons.

    `path` is a file's, or an address that fsspec opens. Raises TornArchive behind the last record that can
    be read; those before it were given.
    """
    last = 0
    try:
        for record in ArchiveIterator(path, KINDS, max_content_length=LARGEST):
            last = record.stream_pos
            counts["records"] += 1
            if (payload := _payload(record, counts)) is None:
                continue
            counts["pages"] += 1
            counts["bytes"] += len(payload)
            if wanted(payload):
                counts["passed"] += 1
                yield last, _page(record, payload)
    except (OSError, ValueError, EOFError) as error:
        raise TornArchive(f"no readable record behind byte {last}: {error}"[:300]) from error


def _payload(record: WarcRecord, counts: Counter[str]) -> bytes | None:
    """The decoded payload; None for what is no page, of another status, or unpacks to too much.

    Raises ValueError for a record that ends before its own length.
    """
    http = record.http_headers
    if http is not None and http.status_code != GOOD:
        counts["other_status"] += 1
        return None
    if not (record.http_content_type or "text/").lower().startswith(TEXT):
        counts["no_page"] += 1
        return None
    body, sent = record.reader.read(), _sent(record)
    if len(body) < record.content_length:
        raise ValueError(f"the record there has {len(body)} bytes of {record.content_length}")
    try:
        return decoded(body, sent.get("transfer-encoding", ""), sent.get("content-encoding", ""), LARGEST)
    except TooLarge:
        counts["too_large"] += 1
        return None


def _sent(record: WarcRecord) -> dict[str, str]:
    http = record.http_headers
    return {str(name).lower(): str(value) for name, value in http} if http is not None else {}


def _page(record: WarcRecord, payload: bytes) -> Page:
    sent = _sent(record)
    at = record.record_date or datetime.fromtimestamp(0, UTC)
    url = (record.headers.get("WARC-Target-URI") or "").strip("<>")
    return Page(url, payload, sent.get("content-type"), at.astimezone(UTC), sent)
