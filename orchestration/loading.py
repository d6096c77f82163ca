"""What `laborledger read --texts` left, into the raw tables of a home: `laborledger load`.

In bulk, by statements over the Parquet files: a million articles are no work for a loop of Python. Rows
land as a run's do, under the same names; requests are of kind `archive` and name no file of the home's own
archive. How files are read belongs to `reading`, how rows of a run are stored to `ledger`.
"""

from __future__ import annotations

import glob
import hashlib
import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from orchestration.home import Home
from orchestration.ledger import Ledger, LedgerError, MixedHomeError, open_ledger, utc_now
from orchestration.reading.cc_news import MONTH_NOTE
from orchestration.reading.outputs import FAILED, MANIFEST
from orchestration.reading.tables import SCHEMAS
from orchestration.scraping.saved import INBOX
from orchestration.scraping.sources import SOURCES_FILE, SourceError, load_sources

LOADED = ("articles", "figures", "rejects")
"""Tables of a folder that are loaded; the counts stand in its manifest too."""
HELD = 20.0
"""Seconds after which the writer lock is let go between two folders."""
ROOM = "set checkpoint_threshold = '1GB'"
"""Each checkpoint writes the keys of all rows anew: one when the lock is let go is enough."""
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)

PAGES = """
create or replace temp table pages as
select
    *, $run as run_id, $warc_path as warc_path, $read_at::timestamp as read_at,
    left(sha256(concat_ws(chr(10), $warc_path, record_offset, page_url, payload_sha256)), 16) as fetch_id
from read_parquet($articles)
qualify row_number() over (partition by record_offset, page_url, payload_sha256) = 1
"""
"""A file's pages. The name of a request has the file's path in it: others may give two files one name."""

ROWS = (
    """
    insert into raw.fetches by name
    select
        fetch_id, run_id, source_id, 'archive' as kind, page_url as url, fetched_at, 200 as status,
        'not_applicable' as robots_verdict, payload_sha256, 'new' as outcome
    from pages
    anti join raw.fetches using (fetch_id)
    """,
    """
    insert into raw.archive_records by name
    select fetch_id, warc_path, record_offset, kind
    from pages
    anti join raw.archive_records using (fetch_id)
    """,
    """
    insert into raw.parses by name
    select
        page_url as url, payload_sha256, parser_version, source_id, read_at as parsed_at,
        parse_outcome as outcome, detail, article_id, version_id,
        if(version_id is null, [], coalesce(date_candidates, [])) as date_candidates
    from pages
    anti join raw.parses
        on pages.page_url = parses.url and pages.payload_sha256 = parses.payload_sha256
        and pages.parser_version = parses.parser_version
    qualify row_number() over (
        partition by page_url, payload_sha256, parser_version order by record_offset
    ) = 1
    """,
    """
    insert into raw.articles by name
    select
        version_id, article_id, source_id, origin_source_id, url, canonical_url, title, authors, published,
        date_evidence, language, text, text_sha256, fetched_at as first_seen_at, parser_version
    from pages
    anti join raw.articles using (version_id)
    where version_id is not null
    qualify row_number() over (partition by version_id order by fetched_at, record_offset) = 1
    """,
    """
    insert into raw.extractions by name
    select
        version_id, extractor_version, article_id, read_at as extracted_at, outcome,
        reading_detail as detail, figures
    from pages
    anti join raw.extractions using (version_id, extractor_version)
    where version_id is not null
    qualify row_number() over (partition by version_id, extractor_version order by record_offset) = 1
    """,
)
FIGURES = """
insert into raw.figures by name
select * exclude (url, source_id, published, warc, record_offset, parser_version)
from read_parquet($figures)
anti join raw.figures using (version_id, extractor_version, figure_index)
qualify row_number() over (
    partition by version_id, extractor_version, figure_index order by record_offset
) = 1
"""
REJECTS = """
insert into raw.rejects by name
select * exclude (url, source_id, published, warc, record_offset, parser_version)
from read_parquet($rejects)
anti join raw.rejects using (version_id, extractor_version, reject_index)
qualify row_number() over (
    partition by version_id, extractor_version, reject_index order by record_offset
) = 1
"""


class LoadError(ValueError):
    """A folder cannot be loaded; the message says why, and what helps."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What `read` left of one file. `reading_id` names its bytes, so that it is loaded once."""

    place: Path
    reading_id: str
    told: Mapping[str, Any]

    @property
    def warc_path(self) -> str:
        """Path or address of the file that was read."""
        return str(self.told["made_of"]["file"]["path"])

    def files(self, *names: str) -> dict[str, str]:
        """Its Parquet files by table, as DuckDB takes a path that is no pattern."""
        return {name: glob.escape(str(self.place / f"{name}.parquet")) for name in names}


def load(folder: Path, home: Home) -> int:
    """Load what is not loaded, and say what came of it; gives the exit status."""
    try:
        folders = found_folders(folder)
        home.prepare()
        return _Loading(folder, home).run(folders)
    except KeyboardInterrupt:
        return _stopped()
    except (LoadError, MixedHomeError) as error:
        err.print(f"laborledger load: {error}", style="red", markup=False)
        return 2
    except (LedgerError, SourceError, OSError) as error:
        err.print(f"laborledger load: {error}", style="red", markup=False)
        return 1
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):  # as DuckDB tells it within a statement
            raise
        return _stopped()


def _stopped() -> int:
    err.print("stopped; what was loaded stays, and the same command goes on with the others")
    return 1


def found_folders(folder: Path) -> list[Folder]:
    """The finished folders under `folder`, by name. Raises LoadError where one cannot be loaded at all."""
    found = [_folder(path) for path in sorted(folder.glob(f"[!.]*/{MANIFEST}"))]
    notes = [note for ending in (FAILED, MONTH_NOTE) for note in folder.glob(f"*{ending}")]
    if not found and not notes:
        raise LoadError(f"{folder} holds nothing that `laborledger read` has finished")
    return found


def _folder(manifest: Path) -> Folder:
    content = manifest.read_bytes()
    try:
        told = json.loads(content)
        has_texts, _ = told["made_of"]["options"]["texts"], told["made_of"]["file"]["path"]
    except (ValueError, KeyError, TypeError) as error:
        raise LoadError(f"{manifest} is torn: remove its folder and read the file again") from error
    if not has_texts:
        raise LoadError(f"{manifest.parent} was read without texts: read the file again with --texts")
    if "read_at" not in told:
        raise LoadError(f"{manifest.parent} was read by an older laborledger: read the file again")
    return Folder(manifest.parent, hashlib.sha256(content).hexdigest()[:16], told)


@dataclass(slots=True)
class _Loading:
    """One load: what is left to do, what was stored, what failed."""

    folder: Path
    home: Home
    run_id: str = field(default_factory=lambda: f"load-{uuid.uuid4()}")
    counts: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)

    def run(self, folders: Sequence[Folder]) -> int:
        left = self._begin(folders)
        self.counts["kept"] = len(folders) - len(left)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err, disable=not sys.stderr.isatty()) as bar:
            shown = bar.add_task("loading", total=len(left))
            rest = iter(left)
            while batch := self._load_for_a_while(rest):
                bar.advance(shown, batch)
        self._tell()
        return 1 if self.failed else 0

    def _begin(self, folders: Iterable[Folder]) -> list[Folder]:
        """Make sure that the home takes these articles; gives the folders that it has not."""
        outlets = (INBOX, *(source for source in load_sources(SOURCES_FILE) if not source.sample))
        with open_ledger(self.home) as ledger:
            ledger.check_kind(outlets, True, self.home)
            ledger.store_sources(outlets)
            with ledger.bulk() as connection:
                known = set(connection.execute("select warc, reading_id from raw.archive_files").fetchall())
                store_failures(connection, self.folder)
                store_months(connection, self.folder)
        return [one for one in folders if (one.place.name, one.reading_id) not in known]

    def _load_for_a_while(self, rest: Iterator[Folder]) -> int:
        """Load folders, one a transaction, until others should have their turn; gives how many."""
        until, done = time.monotonic() + HELD, 0
        with open_ledger(self.home) as ledger:
            with ledger.bulk() as connection:
                connection.execute(ROOM)
            for one in rest:
                self._load_one(ledger, one)
                done += 1
                if time.monotonic() > until:
                    break
        return done

    def _load_one(self, ledger: Ledger, one: Folder) -> None:
        try:
            check_columns(one)
            self.counts.update(load_folder(ledger, one, self.run_id))
        except KeyError as error:
            self.failed[str(one.place)] = f"its {MANIFEST} lacks {error}: read the file again"
        except (LoadError, duckdb.Error) as error:
            self.failed[str(one.place)] = f"{error}".splitlines()[0]

    def _tell(self) -> None:
        n = self.counts
        out.print(
            f"{n['folders']:,} files loaded, {n['kept']:,} were loaded before: {n['fetches']:,} pages, "
            f"{n['articles']:,} new texts, {n['figures']:,} figures; in {self.home.build_file}",
            markup=False,
        )
        for place, why in self.failed.items():
            err.print(f"not loaded: {place}: {why}", style="red", markup=False)
        if n["folders"]:
            out.print("now build and publish: laborledger run --sources none")


def check_columns(one: Folder) -> None:
    """Whether the tables are those of the present `read`. Raises LoadError."""
    for name in LOADED:
        file = one.place / f"{name}.parquet"
        try:
            there = pq.read_schema(file).names
        except (OSError, pa.ArrowInvalid) as error:
            raise LoadError(f"{file} cannot be read: remove its folder and read the file again") from error
        if lacking := set(SCHEMAS[name].names) - set(there):
            raise LoadError(
                f"{file} was read by an older laborledger and lacks {min(lacking)}: read it again"
            )


def load_folder(ledger: Ledger, one: Folder, run_id: str) -> Counter[str]:
    """Store all that a folder holds, whole or not at all; gives the rows that were new, by table."""
    with ledger.bulk() as connection:
        told = {"run": run_id, "warc_path": one.warc_path, "read_at": one.told["read_at"]}
        connection.execute(PAGES, told | one.files("articles"))
        fetches, _, _, articles, _ = (_inserted(connection, statement) for statement in ROWS)
        figures = _inserted(connection, FIGURES, one.files("figures"))
        _inserted(connection, REJECTS, one.files("rejects"))
        connection.execute("drop table pages")
        _store_file(connection, one, run_id)
    return Counter(folders=1, fetches=fetches, articles=articles, figures=figures)


def _inserted(
    connection: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, Any] | None = None
) -> int:
    ((count,),) = connection.execute(statement, values).fetchall()
    return int(count)


FILE = """
insert or ignore into raw.archive_files by name
select
    $warc as warc, $reading_id as reading_id, $warc_path as warc_path, $run_id as run_id, $now as loaded_at,
    $read_at::timestamp as read_at, $outcome as outcome, $detail as detail, $hosts::varchar[] as hosts,
    $words::varchar[] as words, $records as records, $pages as pages, $passed as passed, $parsed as parsed,
    $undated as undated, $not_parsed as not_parsed, $figures as figures, $broken as broken,
    $extractor_version as extractor_version, $parser_version as parser_version
"""
COUNTED = ("records", "pages", "passed", "parsed", "undated", "not_parsed", "figures")
VERSIONS = ("extractor_version", "parser_version")


def _store_file(connection: duckdb.DuckDBPyConnection, one: Folder, run_id: str) -> None:
    """The row that says that a folder is loaded."""
    made_of, counts = one.told["made_of"], one.told["counts"]
    connection.execute(
        FILE,
        {
            "warc": one.place.name, "reading_id": one.reading_id, "warc_path": one.warc_path,
            "run_id": run_id, "now": utc_now(), "read_at": one.told["read_at"], "outcome": "loaded",
            "detail": None, "hosts": made_of["options"]["hosts"],
            "words": made_of["options"]["words"],
            **{name: counts[name] for name in COUNTED}, "broken": len(counts["broken"]),
            **{name: made_of[name] for name in VERSIONS},
        },
    )  # fmt: skip


def store_failures(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """A row for each file that `read` could not read: what is not there is not taken for empty."""
    for note in sorted(folder.glob(f"*{FAILED}")):
        told = _note(note)
        name = hashlib.sha256(note.read_bytes()).hexdigest()[:16]
        connection.execute(
            FILE,
            {
                "warc": note.name.removesuffix(FAILED), "reading_id": name,
                "warc_path": told["path"], "run_id": None, "now": utc_now(), "read_at": None,
                "outcome": "failed", "detail": told["why"], "hosts": [], "words": [],
                **dict.fromkeys((*COUNTED, "broken")), **told["made_of"],
            },
        )  # fmt: skip


def _note(file: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(file.read_bytes())
    except ValueError as error:
        raise LoadError(f"{file} is torn: remove it, and read again what it is of") from error
    return told


MONTH = "insert or replace into raw.archive_months values ($archive, $month::date, $list, $files::varchar[])"
GAP = """
insert or replace into raw.archive_gaps values ($archive, $from::date, $to::date, $missing, $source)
"""


def store_months(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Rows for the months that were asked for, and for what is known to be missing in them."""
    for note in sorted(folder.glob(f"*{MONTH_NOTE}")):
        told = _note(note)
        month = {name: told[name] for name in ("archive", "list", "files")}
        connection.execute(MONTH, month | {"month": f"{told['month']}-01"})
        for gap in told["gaps"]:
            connection.execute(GAP, {"archive": told["archive"], **gap})
