"""The archive: what an outlet sent, in WARC files of a home, one file a run, append-only.

Each record is a gzip member of its own, so a torn last one (a killed run) spoils nothing before it; it is
cut off when the archive is next opened. No run appends to another's file. A payload is kept once: what is
there already becomes a revisit record. Bodies are kept decoded; what a record means is not decided here.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from orchestration.scraping.encodings import decoded
from orchestration.scraping.page import Page

LARGEST = 64 * 1024 * 1024
"""Bytes that are read of one record."""
REWRITTEN = frozenset({"content-encoding", "transfer-encoding", "content-length"})
OPEN = ".open"
"""Ends the name of the mark beside a file that is being written."""
IDENTICAL = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
UNWRITABLE = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
"""What would break a record's header: a file's name may hold anything."""
UNWRITABLE_TEXT = re.compile(r"[^\x20-\x7e]")
"""The same of a header of our own, which may hold blanks."""
ANNOUNCED = "LaborLedger-Announced"
"""The record's header for the day that a feed or sitemap gives the page: its evidence lasts with the page."""


class ArchiveError(RuntimeError):
    """A record is not where the ledger says it is; the message names file and offset."""


Places = Mapping[str, tuple[str, int]]
"""File and offset of payloads, by their SHA-256."""


class Archive:
    """The WARC files of one folder; `run_id` names the file that this run writes, `places` are those of
    payloads that earlier runs kept.
    """

    def __init__(self, folder: Path, run_id: str, places: Places | None = None) -> None:
        self._folder = folder
        self._name = f"{run_id}.warc.gz"
        self._file: IO[bytes] | None = None
        self._places = dict(places or {})

    def repair(self) -> list[str]:
        """Cut off the torn last records that killed runs left; gives the names of the files that had one."""
        from orchestration.scraping.warc import whole_length

        torn = []
        for mark in sorted(self._folder.glob(f"*{OPEN}")):
            file = mark.with_name(mark.name.removesuffix(OPEN))
            if _is_written(mark):
                continue
            if file.exists() and (length := whole_length(file)) < file.stat().st_size:
                os.truncate(file, length)
                torn.append(file.name)
            mark.unlink()
        return torn

    def write(
        self, url: str, payload: bytes, headers: Mapping[str, str], at: datetime, announced: str | None = None
    ) -> tuple[str, int]:
        """Append a response of status 200; gives the file's name and the record's offset."""
        sha = hashlib.sha256(payload).hexdigest()
        place = self._places.get(sha)
        if place and self.holds(place[0]):
            told = {"WARC-Profile": IDENTICAL, "WARC-Payload-Digest": _digest(payload)}
            self._append("revisit", url, b"", at, None, told)
            return place
        kept = [(n, v) for n, v in headers.items() if n.lower() not in REWRITTEN]
        kept.append(("content-length", str(len(payload))))
        http = StatusAndHeaders("200 OK", kept, "HTTP/1.1")
        told = {ANNOUNCED: UNWRITABLE_TEXT.sub(" ", announced)} if announced else {}
        self._places[sha] = self._append("response", url, payload, at, http, told)
        return self._places[sha]

    def write_file(self, url: str, payload: bytes, at: datetime) -> tuple[str, int]:
        """Append a saved page as a resource record."""
        return self._append("resource", url, payload, at, None)

    def _append(
        self, kind: str, url: str, payload: bytes, at: datetime, http: StatusAndHeaders | None,
        told: Mapping[str, str] | None = None,
    ) -> tuple[str, int]:  # fmt: skip
        if self._file is None:
            self._file = self._opened()
        offset = self._file.seek(0, io.SEEK_END)
        writer = WARCWriter(self._file, gzip=True)
        dated = {"WARC-Date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        record = writer.create_warc_record(
            UNWRITABLE.sub(lambda found: quote(found[0], errors="replace"), url), kind,
            payload=io.BytesIO(payload), length=len(payload), http_headers=http,
            warc_headers_dict=dated | dict(told or {}),
            warc_content_type="application/octet-stream" if http is None else "",
        )  # fmt: skip
        writer.write_record(record)
        self._file.flush()
        return self._name, offset

    def _opened(self) -> IO[bytes]:
        """This run's file, and beside it the mark of a file that is being written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{self._name}{OPEN}").write_text(str(os.getpid()), encoding="ascii")
        return (self._folder / self._name).open("ab")

    def holds(self, warc_file: str) -> bool:
        """Whether the folder still has this file."""
        return (self._folder / warc_file).is_file()

    def read(self, warc_file: str, offset: int) -> Page:
        """The page that a record holds. Raises ArchiveError."""
        where = f"{self._folder / warc_file} at byte {offset}"
        try:
            with (self._folder / warc_file).open("rb") as stream:
                stream.seek(offset)
                return page_of(next(iter(ArchiveIterator(stream, check_digests="raise"))))
        except (OSError, StopIteration, ArchiveLoadFailed, EOFError, ValueError, zlib.error) as error:
            raise ArchiveError(f"{where}: no readable record: {error or 'nothing is there'}") from error

    def close(self) -> None:
        """Close this run's file; nothing is lost without it."""
        if self._file is not None:
            self._file.close()
            self._file = None
            (self._folder / f"{self._name}{OPEN}").unlink(missing_ok=True)


class TornRecord(ValueError):
    """A record that ends before its own length."""


def _is_written(mark: Path) -> bool:
    """Whether the process that a mark names lives: another run, at the same time."""
    try:
        os.kill(int(mark.read_text(encoding="ascii")), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _digest(payload: bytes) -> str:
    """As warcio writes a payload's digest."""
    return f"sha1:{base64.b32encode(hashlib.sha1(payload).digest()).decode()}"


def page_of(record: object) -> Page:
    """The page of a response or resource. Raises ValueError for others, torn ones and those too large."""
    if record.rec_type not in ("response", "resource"):  # type: ignore[attr-defined]
        raise ValueError("a record of another kind")
    headers = record.rec_headers  # type: ignore[attr-defined]
    http = record.http_headers  # type: ignore[attr-defined]
    sent = {name.lower(): value for name, value in http.headers} if http else {}
    url = headers.get_header("WARC-Target-URI")
    at = datetime.strptime(headers.get_header("WARC-Date") or "", "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    whole = (record.payload_length if http else record.length) or 0  # type: ignore[attr-defined]
    if whole > LARGEST:
        raise ValueError(f"a record of {whole} bytes; more than {LARGEST} are not read")
    payload = record.raw_stream.read(whole)  # type: ignore[attr-defined]
    if len(payload) != whole:
        raise TornRecord(f"the record is torn: {len(payload)} bytes of {whole}")
    payload = decoded(payload, sent.get("content-encoding"), sent.get("transfer-encoding"))
    return Page(url, payload, sent.get("content-type"), at, sent, announced=headers.get_header(ANNOUNCED))
