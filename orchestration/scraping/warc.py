"""WARC files from outside, or of an archive whose ledger is lost: their pages, one after the other, bounded.

Reading a whole file belongs here; one record by its place is `archive`'s, what a page holds the parser's.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from orchestration.scraping.archive import TornRecord, page_of
from orchestration.scraping.page import Page

SUFFIX = ".warc.gz"
MOST_RECORDS = 1_000_000
CHUNK = 1 << 20


class TornFile(Exception):
    """A file ends within a record, or holds what is none; the message says where."""


def pages_of(path: Path) -> Iterator[tuple[int, Page]]:
    """Offset and page of each response of status 200, and of each saved file.

    Raises TornFile behind the last record that can be read; those before it were given.
    """
    try:
        with path.open("rb") as stream:
            records = ArchiveIterator(stream, check_digests=True)
            for number, record in enumerate(records):
                if number >= MOST_RECORDS:
                    raise TornFile(f"{path.name}: more than {MOST_RECORDS} records; the rest is left")
                if page := _page(record):
                    yield records.get_record_offset(), page
    except (OSError, ArchiveLoadFailed, EOFError, ValueError, zlib.error) as error:
        raise TornFile(f"{path.name}: no readable record behind the ones before: {error}"[:300]) from error


def _page(record: object) -> Page | None:
    """The page of a record; None for a record of another kind, of another status, or too large."""
    if record.rec_type not in ("response", "resource"):  # type: ignore[attr-defined]
        return None
    http = record.http_headers  # type: ignore[attr-defined]
    if http is not None and http.get_statuscode() != "200":
        return None
    try:
        return page_of(record)
    except TornRecord:
        raise
    except ValueError:
        return None


def whole_length(path: Path) -> int:
    """Bytes of a file up to the end of its last whole gzip member."""
    end = read = 0
    unpacker = zlib.decompressobj(wbits=31)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            while chunk:
                try:
                    unpacker.decompress(chunk)
                except zlib.error:
                    return end
                if not unpacker.eof:
                    read += len(chunk)
                    break
                read += len(chunk) - len(unpacker.unused_data)
                chunk, end = unpacker.unused_data, read
                unpacker = zlib.decompressobj(wbits=31)
    return end
