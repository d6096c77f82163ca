"""Records of a WARC file of others, read fast and bounded: what a server sent, its encodings undone, or why
not.

A broken record costs itself alone: the next gzip member is searched for behind it. What a payload holds is
not asked here.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from fastwarc.warc import ArchiveIterator, WarcRecordType

from orchestration.scraping.archive import ANNOUNCED
from orchestration.scraping.encodings import decoded
from orchestration.scraping.page import Page
from orchestration.scraping.tree import LARGEST

MOST_TROUBLES = 1_000
"""Broken records of one file that are named."""
_KINDS = WarcRecordType.response | WarcRecordType.resource
_MEMBER = b"\x1f\x8b\x08"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """A record that could not be read: where it begins, and why."""

    offset: int
    why: str


@dataclass(slots=True)
class Answer:
    """A response of status 200, or a saved file: its place, address and payload as the server meant it."""

    offset: int
    url: str | None
    payload: bytes
    content_type: str | None
    http_headers: Any
    warc_headers: Any

    def page(self) -> Page:
        """As the parser takes it. Raises ValueError where the record has no date."""
        dated = self.warc_headers.get("WARC-Date") or ""
        at = datetime.strptime(dated, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        http = self.http_headers
        sent = {name.lower(): value for name, value in http.to_tuples()} if http is not None else {}
        announced = self.warc_headers.get(ANNOUNCED)
        return Page(self.url, self.payload, self.content_type, at, sent, announced=announced)


@dataclass(slots=True)
class Reader:
    """Reads one file from front to end. `records` counts responses and saved files, `troubles` those
    not read.
    """

    stream: IO[bytes]
    records: int = 0
    bytes_read: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    _held: Answer | None = None
    """The last answer, until its record's checksum has been passed."""

    def answers(self) -> Iterator[Answer]:
        """Each response of status 200 and each saved file, in the order of the file."""
        start: int | None = 0
        while start is not None:
            try:
                last = yield from self._from(start)
                broken = self._torn_end(last)
                if broken is not None:
                    self._trouble(broken, "the file ends within this record")
                yield from self._let_go(broken)
                return
            except (OSError, ValueError, EOFError) as error:
                broken = self._broken_behind(start)
                yield from self._let_go(broken)
                self._trouble(broken, f"no readable record: {error}")
                start = self._next_member(broken + 1)

    def _from(self, start: int) -> Generator[Answer, None, int]:
        self.stream.seek(start)
        last = start
        for record in ArchiveIterator(self.stream, record_types=_KINDS, parse_http=True):
            if self._held:
                yield self._held
            last = start + record.stream_pos
            self.records += 1
            self._held = self._answer(record, last)
        return last

    def _let_go(self, broken: int | None) -> Iterator[Answer]:
        """The answer that was held back, unless it is of the record that turned out to be broken."""
        if self._held and self._held.offset != broken:
            yield self._held
        self._held = None

    def _answer(self, record: Any, offset: int) -> Answer | None:
        http = record.http_headers if record.record_type == WarcRecordType.response else None
        if http is not None and not http.is_empty() and http.status_code != 200:
            return None
        whole = record.content_length
        if whole > LARGEST:
            self._trouble(offset, f"a payload of {whole} bytes; more than {LARGEST} are not read")
            return None
        payload = record.reader.read(whole) if whole else b""
        if len(payload) != whole or (http is not None and http.is_empty()):
            self._trouble(offset, f"the record is torn: {len(payload)} bytes of {whole}")
            return None
        self.bytes_read += whole
        kind = None
        if http is not None:
            kind = http.get("Content-Type")
            try:
                payload = decoded(payload, http.get("Content-Encoding"), http.get("Transfer-Encoding"))
            except ValueError as error:
                self._trouble(offset, str(error))
                return None
        return Answer(offset, record.headers.get("WARC-Target-URI"), payload, kind, http, record.headers)

    def _trouble(self, offset: int, why: str) -> None:
        if len(self.troubles) < MOST_TROUBLES and all(known.offset != offset for known in self.troubles[-1:]):
            self.troubles.append(Trouble(offset, why[:300]))

    def _broken_behind(self, start: int) -> int:
        """Where the record begins at which reading from `start` ends."""
        self.stream.seek(start)
        last = start
        try:
            for record in ArchiveIterator(
                self.stream, record_types=WarcRecordType.any_type, parse_http=False
            ):
                last = start + record.stream_pos
        except (OSError, ValueError, EOFError):
            pass
        return max(start, self._member_end(last)[0])

    def _next_member(self, start: int) -> int | None:
        """Where the next gzip member that begins as a record does begins, at or behind `start`."""
        self.stream.seek(start)
        at, kept = start, b""
        while chunk := self.stream.read(_CHUNK):
            window = kept + chunk
            found = window.find(_MEMBER)
            while found >= 0:
                if _begins_record(window[found : found + 4096]):
                    return at - len(kept) + found
                found = window.find(_MEMBER, found + 1)
            at += len(chunk)
            kept = window[-4096:]
        return None

    def _torn_end(self, last: int) -> int | None:
        """The record within which a file ends, if it does: reading it just ends there."""
        end, is_whole = self._member_end(last)
        while is_whole and end > last:
            last = end
            end, is_whole = self._member_end(last)
        return None if is_whole else last

    def _member_end(self, start: int) -> tuple[int, bool]:
        """Where the gzip member at `start` ends, and whether it does; `start` itself where none is there."""
        self.stream.seek(start)
        unpacker, read = zlib.decompressobj(wbits=31), 0
        first = self.stream.read(2)
        if first != _MEMBER[:2]:
            return start, True
        chunk = first
        while chunk:
            try:
                while chunk and not unpacker.eof:
                    unpacker.decompress(chunk, _CHUNK)
                    chunk = unpacker.unconsumed_tail
            except zlib.error:
                return start, False
            if unpacker.eof:
                return start + read + (self.stream.tell() - start - read) - len(unpacker.unused_data), True
            chunk = self.stream.read(_CHUNK)
        return start, False


def _begins_record(window: bytes) -> bool:
    try:
        return zlib.decompressobj(wbits=31).decompress(window, 16).startswith(b"WARC/")
    except zlib.error:
        return False
