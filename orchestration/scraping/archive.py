"""The archive: what an outlet sent, in WARC files of a home, one file a run, append-only.

Each record is a gzip member of its own, so a torn last one (a killed run) spoils nothing before it, and
no run appends to another's file. Bodies are kept decoded; what a record means is not decided here.
"""

from __future__ import annotations

import io
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

from orchestration.scraping.page import Page

LARGEST = 64 * 1024 * 1024
"""Bytes that are read of one record."""
REWRITTEN = frozenset({"content-encoding", "transfer-encoding", "content-length"})
UNWRITABLE = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
"""What would break a record's header: a file's name may hold anything."""


class ArchiveError(RuntimeError):
    """A record is not where the ledger says it is; the message names file and offset."""


class Archive:
    """The WARC files of one folder; `run_id` names the file that this run writes."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self._folder = folder
        self._name = f"{run_id}.warc.gz"
        self._file: IO[bytes] | None = None

    def write(self, url: str, payload: bytes, headers: Mapping[str, str], at: datetime) -> tuple[str, int]:
        """Append a response of status 200; gives the file's name and the record's offset."""
        kept = [(n, v) for n, v in headers.items() if n.lower() not in REWRITTEN]
        kept.append(("content-length", str(len(payload))))
        return self._append("response", url, payload, at, StatusAndHeaders("200 OK", kept, "HTTP/1.1"))

    def write_file(self, url: str, payload: bytes, at: datetime) -> tuple[str, int]:
        """Append a saved page as a resource record."""
        return self._append("resource", url, payload, at, None)

    def _append(
        self, kind: str, url: str, payload: bytes, at: datetime, http: StatusAndHeaders | None
    ) -> tuple[str, int]:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / self._name).open("ab")
        offset = self._file.seek(0, io.SEEK_END)
        writer = WARCWriter(self._file, gzip=True)
        date = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        record = writer.create_warc_record(
            UNWRITABLE.sub(lambda found: quote(found[0], errors="replace"), url), kind,
            payload=io.BytesIO(payload), length=len(payload), http_headers=http,
            warc_headers_dict={"WARC-Date": date},
            warc_content_type="application/octet-stream" if http is None else "",
        )  # fmt: skip
        writer.write_record(record)
        self._file.flush()
        return self._name, offset

    def holds(self, warc_file: str) -> bool:
        """Whether the folder still has this file."""
        return (self._folder / warc_file).is_file()

    def read(self, warc_file: str, offset: int) -> Page:
        """The page that a record holds. Raises ArchiveError."""
        where = f"{self._folder / warc_file} at byte {offset}"
        try:
            with (self._folder / warc_file).open("rb") as stream:
                stream.seek(offset)
                return _page(next(iter(ArchiveIterator(stream, check_digests="raise"))))
        except (OSError, StopIteration, ArchiveLoadFailed, EOFError, ValueError, zlib.error) as error:
            raise ArchiveError(f"{where}: no readable record: {error or 'nothing is there'}") from error

    def close(self) -> None:
        """Close this run's file; nothing is lost without it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _page(record: object) -> Page:
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
    payload = record.content_stream().read(LARGEST)  # type: ignore[attr-defined]
    if len(payload) != whole:
        raise ValueError(f"the record is torn: {len(payload)} bytes of {whole}")
    return Page(url, payload, sent.get("content-type"), at, sent)
