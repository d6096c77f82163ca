"""The inbox: a folder of saved pages, one `Visit` for each file.

Which files are read, and what their sidecars say of them, belongs here; what a page holds does not. A
file that cannot be read is an outcome, never the end of a run.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from orchestration.scraping.archive import Archive
from orchestration.scraping.asking import fetch_id, utc_now
from orchestration.scraping.identity import INBOX_PREFIX
from orchestration.scraping.page import Fetch, Known, Page, Visit
from orchestration.scraping.parse import parse
from orchestration.scraping.reading import parse_page
from orchestration.scraping.restore import Restorer
from orchestration.scraping.robots import NOT_APPLICABLE
from orchestration.scraping.saved import INBOX, PAGE_SUFFIXES, SavedFileError, read_file
from orchestration.scraping.sidecar import LARGEST_SIDECAR, Sidecar, SidecarError, read_sidecar, with_sidecar
from orchestration.scraping.sources import Source
from orchestration.scraping.warc import SUFFIX, TornFile, pages_of

__all__ = ["INBOX", "read_inbox"]
logger = logging.getLogger(__name__)

MOST_FILES = 200_000


def read_inbox(
    folder: Path, known: Mapping[str, Known], archive: Archive, run_id: str, sources: Sequence[Source],
    parser_version: str,
) -> Iterator[Visit]:  # fmt: skip
    """A visit for each file under `folder`, in the order of names; sidecars have none of their own.

    `known` is what the ledger has of each `inbox:NAME`; a file that is as it was is not parsed again.
    `sources` are the outlets that a sidecar may name and a story may come from. Raises OSError where the
    archive cannot write.
    """
    by_id = {source.id: source for source in (INBOX, *sources)}
    reader = _Reader(folder, known, archive, run_id, by_id, parser_version)
    for number, path in enumerate(_files(folder)):
        if number >= MOST_FILES:
            logger.warning("%s holds more than %d files; the rest is left", folder, MOST_FILES)
            return
        if path.name.lower().endswith(SUFFIX):
            yield from reader.warc_visits(path)
        elif path.suffix.lower() != ".json":
            yield reader.visit(path)


def _files(folder: Path) -> Iterator[Path]:
    """All files under a folder, sorted, hidden ones left out; links to folders are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(place, name)


def name_of(path: Path, folder: Path) -> str:
    """A file's name under the inbox, as it stands in the ledger: what no address can hold is escaped."""
    name = path.relative_to(folder).as_posix()
    return "".join(c if c.isprintable() and c not in " %#?" else _escaped(c) for c in name)


def _escaped(character: str) -> str:
    return quote(character.encode("utf-8", "surrogateescape"), safe="")


class _Stop(Exception):
    """Ends one file with an outcome."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(detail)
        self.outcome, self.detail = outcome, detail


@dataclass(slots=True)
class _Reader:
    """Reads the files of one inbox."""

    folder: Path
    known: Mapping[str, Known]
    archive: Archive
    run_id: str
    sources: Mapping[str, Source]
    parser_version: str

    def visit(self, path: Path) -> Visit:
        """The look at one file."""
        name = name_of(path, self.folder)
        fetch = self._row(f"{INBOX_PREFIX}{name}")
        try:
            self._check(path)
            payload = read_file(path)
            sidecar = self._sidecar(path)
        except (_Stop, SavedFileError) as stop:
            return Visit(replace(fetch, outcome=stop.outcome, detail=f"{name}: {stop.detail}"))
        except SidecarError as error:
            return Visit(replace(fetch, outcome="bad_sidecar", detail=str(error)[:1000]))
        source = self.sources[sidecar.source or INBOX.id] if sidecar else INBOX
        return self._kept(replace(fetch, source_id=source.id), with_sidecar(payload, sidecar), source, name)

    def warc_visits(self, path: Path) -> Iterator[Visit]:
        """A visit for each page of a WARC file, under the address that it was saved from."""
        sources = tuple(self.sources.values())
        parser = partial(parse, sources=sources)
        restorer = Restorer(sources, self.run_id, parser, self.parser_version)
        name = name_of(path, self.folder)
        try:
            self._check_place(path)
            for _, page in pages_of(path):
                yield from self._restored(page, restorer)
        except (_Stop, TornFile) as stop:
            row = replace(self._row(f"{INBOX_PREFIX}{name}"), outcome="unreadable", detail=f"{name}: {stop}")
            yield Visit(row)

    def _restored(self, page: Page, restorer: Restorer) -> Iterator[Visit]:
        """The visits of one page of a WARC file, archived where it is not as it was."""
        before = self.known.get(page.url or "")
        if before and before.payload_sha256 == hashlib.sha256(page.payload).hexdigest():
            return
        file, offset = self.archive.write(
            page.url or "", page.payload, page.headers, page.fetched_at, page.announced
        )
        for visit in restorer.visits(page, file, offset):
            fetch = visit.fetch
            name = fetch_id(self.run_id, fetch.url, fetch.fetched_at)
            yield replace(visit, fetch=replace(fetch, fetch_id=name))

    def _row(self, url: str) -> Fetch:
        at = utc_now()
        return Fetch(
            fetch_id(self.run_id, url, at), self.run_id, INBOX.id, "inbox", url, at, None, None, None,
            NOT_APPLICABLE, None, None, None, "new",
        )  # fmt: skip

    def _check(self, path: Path) -> None:
        """Refuse what is no page, and links that lead out of the folder."""
        if path.suffix.lower() not in PAGE_SUFFIXES:
            raise _Stop("not_a_page", f"only {', '.join((*PAGE_SUFFIXES, SUFFIX))} are read")
        self._check_place(path)

    def _check_place(self, path: Path) -> None:
        try:
            is_inside = path.resolve(strict=True).is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "its links lead in a circle"
            raise _Stop("unreadable", f"the file cannot be read: {reason}") from None
        if not is_inside:
            raise _Stop("refused", "a link that leads out of the inbox")

    def _sidecar(self, path: Path) -> Sidecar | None:
        """What NAME.json says of a page; None where there is none."""
        beside = path.with_suffix(".json")
        if not os.path.lexists(beside):
            return None
        name = name_of(beside, self.folder)
        try:
            if not beside.resolve(strict=True).is_relative_to(self.folder.resolve()):
                raise SidecarError(f"{name}: a link that leads out of the inbox")
            return read_sidecar(read_file(beside, LARGEST_SIDECAR), name, self.sources)
        except (SavedFileError, OSError, RuntimeError) as error:
            raise SidecarError(f"{name}: {error}") from None

    def _kept(self, fetch: Fetch, payload: bytes, source: Source, name: str) -> Visit:
        """The visit with its page archived and read, where it is not as it was."""
        sha = hashlib.sha256(payload).hexdigest()
        before = self.known.get(fetch.url)
        fetch = replace(fetch, payload_sha256=sha)
        if before and before.payload_sha256 == sha and before.warc_file is not None:
            return Visit(
                replace(
                    fetch, outcome="unchanged", warc_file=before.warc_file, warc_offset=before.warc_offset
                )
            )
        file, offset = self.archive.write_file(fetch.url, payload, fetch.fetched_at)
        outcome = "changed" if before else "new"
        page = Page(None, payload, None, fetch.fetched_at, path=name)
        read = partial(parse, page, source, tuple(self.sources.values()))
        return Visit(
            replace(fetch, warc_file=file, warc_offset=offset, outcome=outcome),
            parse_page(read, fetch.url, sha, self.parser_version, source.id),
        )
