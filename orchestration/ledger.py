"""The raw tables in and out of a home's build file, idempotently, by one writer at a time.

Only storage belongs here: what is fetched, parsed or extracted is decided elsewhere, and what is made
of it is dbt's. Statements are constants with parameters; none is built from data.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import psutil
from filelock import FileLock, Timeout

from orchestration.habits import Look
from orchestration.home import ROOT, Home
from orchestration.records import Article, Figure, Reading, Reject, Review
from orchestration.scraping.copies import Copy, Signed
from orchestration.scraping.page import Fetch, Known, KnownPost, ParsedPage, Visit
from orchestration.scraping.sources import Source

SCHEMA = ROOT / "warehouse" / "schema.sql"
SCHEMA_VERSION = 5
OLDEST_VERSION = 1
UPGRADES = ROOT / "warehouse" / "upgrades"
"""N.sql makes raw tables of version N of those of the version before."""
STORAGE = {"storage_compatibility_version": "v1.0.0"}
"""Readers from DuckDB 1.0 on open a file of this storage version."""

WAIT_SECONDS = 60.0
"""How long a writer waits for the one before it: a batch or a build, not a whole run."""


_ARTICLE_FIELDS = (
    *("id", "title", "published", "text", "language", "url", "canonical_url", "source_id"),
    *("origin_source_id", "authors", "date_evidence"),
)


class LedgerError(RuntimeError):
    """The build file cannot be used; the message says why and what helps."""


class BuildFileLocked(LedgerError):
    """Somebody else holds the build file; the message names them."""


class MixedHomeError(LedgerError):
    """Sample articles and others were about to meet in one home."""


def process_of(pid: int) -> str:
    """A process as a person knows it: its number and its command line."""
    try:
        return f"process {pid} ({' '.join(psutil.Process(pid).cmdline())[:200]})"
    except psutil.Error:
        return f"process {pid}"


def _holder(home: Home) -> str:
    """Who wrote their name into the lock file."""
    try:
        noted = json.loads(home.lock_file.with_suffix(".json").read_text(encoding="utf-8"))
        return f"{process_of(noted['pid'])}, since {noted['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


@contextmanager
def writer_lock(home: Home, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the home's writer lock; the kernel drops it when its holder dies.

    Raises BuildFileLocked, naming the holder, when it is not free within `wait` seconds.
    """
    home.lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        raise BuildFileLocked(
            f"{home.build_file} is being written by {_holder(home)}; wait for it to end, or stop it"
        ) from error
    try:
        noted = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        home.lock_file.with_suffix(".json").write_text(json.dumps(noted), encoding="utf-8")
        yield
    finally:
        lock.release()


def _connect(home: Home) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(home.build_file), config=dict(STORAGE))
    except duckdb.IOException as error:
        held = re.search(r"PID (\d+)", str(error))
        if held:
            raise BuildFileLocked(
                f"{home.build_file} is open in {process_of(int(held.group(1)))}; close it there. "
                f"To look at the data, open {home.published_file}, which nothing locks"
            ) from error
        raise LedgerError(
            f"{home.build_file} cannot be opened as a DuckDB file: {error}. "
            "If it is damaged, delete it: the next run asks the outlets again"
        ) from error


@contextmanager
def open_ledger(home: Home, wait: float = WAIT_SECONDS) -> Iterator[Ledger]:
    """The home's ledger under its writer lock, its tables made where they are missing. Raises LedgerError."""
    with writer_lock(home, wait):
        connection = _connect(home)
        try:
            _create_tables(connection, home)
            yield Ledger(connection)
        except duckdb.Error as error:
            raise LedgerError(f"{home.build_file}: {error}") from error
        finally:
            connection.close()


def _create_tables(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    connection.execute("begin")
    found = next(iter(_versions(connection)), SCHEMA_VERSION)
    if not OLDEST_VERSION <= found <= SCHEMA_VERSION:
        raise LedgerError(
            f"{home.build_file} has raw tables of version {found}, and this laborledger writes version "
            f"{SCHEMA_VERSION}: use the laborledger that wrote it, or give another --home"
        )
    for version in range(found + 1, SCHEMA_VERSION + 1):
        connection.execute((UPGRADES / f"{version}.sql").read_text(encoding="utf-8"))
    connection.execute(SCHEMA.read_text(encoding="utf-8"))
    connection.execute("delete from raw.schema_version")
    connection.execute("insert into raw.schema_version values (?)", [SCHEMA_VERSION])
    connection.execute("commit")


def _versions(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """What the file says of its raw tables, read before any statement relies on their shape."""
    there = connection.execute(
        "select 1 from information_schema.tables "
        "where (table_schema, table_name) = ('raw', 'schema_version') and table_catalog = current_database()"
    ).fetchall()
    if not there:
        return []
    return [version for (version,) in connection.execute("select version from raw.schema_version").fetchall()]


def check_kinds(asked: set[bool], held: set[bool], has_inbox: bool, home: Home) -> None:
    """Refuse a selection whose kinds (True: sample) differ among themselves or from what the home holds.

    Raises MixedHomeError with the cure.
    """
    asked = asked | ({False} if has_inbox else set())
    if len(asked | held) <= 1:
        return
    if not held:
        raise MixedHomeError("sample articles and others cannot enter one home; run them one after the other")
    what, there = ("articles that are no sample", "sample articles")[:: -1 if True in asked else 1]
    raise MixedHomeError(f"{what} cannot enter: {home.path} holds {there}. Give another folder with --home")


def version_id(article: Article) -> str:
    """16 hex digits that name one text version: the article's id and all of its content."""
    content = [str(getattr(article, f.name)) for f in fields(article) if f.compare]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class StalePage:
    """A payload in the archive that the present parser has not read."""

    source_id: str
    url: str
    payload_sha256: str
    warc_file: str
    warc_offset: int


class Ledger:
    """The raw tables of one open build file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, list(values)).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def _insert(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert what is not there yet; `table` is one of this module's own words."""
        for row in rows:
            marks = ", ".join("?" * len(row))
            self._connection.execute(f"insert or ignore into raw.{table} values ({marks})", row)

    @contextmanager
    def bulk(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection within one transaction, for what is stored by the thousand: see `loading`."""
        with self._transaction():
            yield self._connection

    def check_kind(self, sources: Iterable[Source], has_inbox: bool, home: Home) -> None:
        """Refuse to let sample articles and others meet. Raises MixedHomeError with the cure."""
        held = self._rows(
            "select distinct coalesce(is_sample, false) from raw.fetches "
            "left join raw.sources using (source_id)"
        )
        check_kinds({s.sample for s in sources}, {bool(sample) for (sample,) in held}, has_inbox, home)

    def store_sources(self, sources: Iterable[Source]) -> None:
        """Make `raw.sources` say what the sources file says of these outlets."""
        with self._transaction():
            for s in sources:
                self._connection.execute(
                    "insert or replace into raw.sources values (?, ?, ?, ?, ?, ?, ?, ?)",
                    [s.id, s.name, s.language, s.timezone, s.homepage, s.sample, s.verified, list(s.credits)],
                )

    def store_reviews(self, reviews: Sequence[Review]) -> None:
        """Make `raw.reviews` say what the reviews file says; nothing is written where it does."""
        rows = [(index, *astuple(review)) for index, review in enumerate(reviews)]
        if self._rows("select * from raw.reviews order by review_index") == rows:
            return
        with self._transaction():
            self._connection.execute("delete from raw.reviews")
            for row in rows:
                self._connection.execute("insert into raw.reviews values (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def known_pages(self, source_id: str) -> dict[str, Known]:
        """For each address, what its latest request with a payload left: validators, hash, archived place.

        What was asked for longest ago comes first.
        """
        found = self._rows(
            """
            with asked as (
                select
                    *,
                    max(fetched_at) over (partition by url) as last_asked_at,
                    min(fetched_at) filter (payload_sha256 is not null)
                        over (partition by url) as first_seen_at
                from raw.fetches
                where source_id = ? and kind not in ('post', 'archive')
            )
            select url, etag, last_modified, payload_sha256, warc_file, warc_offset,
                first_seen_at, last_asked_at
            from asked
            where payload_sha256 is not null
            qualify row_number() over (partition by url order by fetched_at desc, fetch_id) = 1
            order by last_asked_at, url
            """,
            source_id,
        )
        return {
            url: Known(
                etag, modified, sha, file, offset, first.replace(tzinfo=UTC), asked.replace(tzinfo=UTC)
            )
            for url, etag, modified, sha, file, offset, first, asked in found
        }

    def known_posts(self, source_id: str) -> dict[int, KnownPost]:
        """What was last seen of each post of a WordPress outlet, by number."""
        found = self._rows(
            "select source_id, post_id, url, published, modified, is_protected, is_gone "
            "from raw.posts where source_id = ?",
            source_id,
        )
        return {
            id: KnownPost(source, id, url, at.replace(tzinfo=UTC), edited.replace(tzinfo=UTC), hidden, gone)
            for source, id, url, at, edited, hidden, gone in found
        }

    def last_looks(self) -> dict[str, datetime]:
        """When each outlet was last looked at (UTC), its robots.txt not counted."""
        rows = self._rows(
            "select source_id, max(fetched_at) from raw.fetches "
            "where kind not in ('robots', 'archive') group by 1"
        )
        return {str(source): moment for source, moment in rows}

    def last_answers(self) -> dict[str, datetime]:
        """When each outlet of the sources file last answered (UTC); one that never did is not among them."""
        rows = self._rows(
            "select source_id, max(fetched_at) from raw.fetches join raw.sources using (source_id) "
            "where kind not in ('robots', 'archive') and outcome in ('new', 'changed', 'unchanged') "
            "group by 1 order by 1"
        )
        return {str(source): moment for source, moment in rows}

    def days_of_news(self) -> dict[str, list[date]]:
        """The days on which each outlet of the sources file published an article that is held, sorted."""
        rows = self._rows(
            "select source_id, list_sort(list_distinct(list(published))) from raw.current_articles "
            "join raw.sources using (source_id) group by 1 order by 1"
        )
        return {str(source): days for source, days in rows}

    def undated_pages(self, most: int = 20) -> list[str]:
        """Addresses of pages of the newest run that show an article without a day."""
        rows = self._rows(
            "select distinct url from raw.parses join raw.fetches using (url, payload_sha256) "
            "where parses.outcome = 'undated' "
            "and run_id = (select arg_max(run_id, fetched_at) from raw.fetches where kind <> 'archive') "
            "order by 1 limit ?",
            most,
        )
        return [str(url) for (url,) in rows]

    def looks(self, source_id: str, most: int = 15) -> list[Look]:
        """The latest looks at an outlet that brought an answer, the last one first."""
        found = self._rows(
            """
            select
                count(*) filter (fetches.outcome = 'new' and kind in ('article', 'post', 'entry')) as new,
                count(*) filter (parses.outcome = 'parsed') as parsed,
                count(*) filter (parses.outcome = 'undated') as undated,
                count(*) filter (parses.outcome in ('empty', 'no_article', 'failed')) as without_article,
                median(length(articles.text)) as text_length
            from raw.fetches
            left join raw.parses
                on fetches.url = parses.url and fetches.payload_sha256 = parses.payload_sha256
                and fetches.outcome in ('new', 'changed')
            left join raw.articles on parses.version_id = articles.version_id
            where fetches.source_id = ? and fetches.run_id <> 'reparse' and fetches.kind <> 'archive'
            group by fetches.run_id
            having count(*) filter (fetches.outcome in ('new', 'changed', 'unchanged')) > 0
            order by min(fetches.fetched_at) desc
            limit ?
            """,
            source_id,
            most,
        )
        return [Look(*row) for row in found]

    def known_records(self) -> set[tuple[str, int, str]]:
        """File, offset and address of everything in the archive that the ledger speaks of."""
        return set(
            self._rows("select warc_file, warc_offset, url from raw.fetches where warc_file is not null")
        )

    def archive_files(self) -> set[str]:
        """The files of the archive that the ledger speaks of."""
        rows = self._rows("select distinct warc_file from raw.fetches where warc_file is not null")
        return {str(name) for (name,) in rows}

    def payload_places(self) -> dict[str, tuple[str, int]]:
        """Where the archive holds each payload of its own record, by its hash."""
        found = self._rows(
            "select payload_sha256, warc_file, warc_offset from raw.fetches "
            "where warc_file is not null and kind not in ('post', 'entry', 'inbox') "
            "qualify row_number() over (partition by payload_sha256 order by fetched_at, fetch_id) = 1"
        )
        return {sha: (file, offset) for sha, file, offset in found}

    def files_of_announcements(self, before: datetime) -> list[str]:
        """Files of the archive that speak of announcements alone, all of it asked for before a moment.

        None that holds what an address is known by: the next request is compared with it.
        """
        found = self._rows(
            """
            with held as (select * from raw.fetches where payload_sha256 is not null),
            newest as (
                select payload_sha256 from held
                qualify row_number() over (partition by url order by fetched_at desc, fetch_id) = 1
            ),
            wanted as (
                select warc_file from held
                where kind not in ('robots', 'rest', 'feed', 'sitemap', 'listing')
                    or payload_sha256 in (from newest) or fetched_at >= ?
                    or payload_sha256 in (select payload_sha256 from raw.parses)
            )
            select distinct warc_file from held
            anti join wanted using (warc_file) where warc_file is not null order by 1
            """,
            _plain(before),
        )
        return [str(file) for (file,) in found]

    def forget_files(self, files: Iterable[str]) -> None:
        """The requests that these files of the archive hold name no record any more."""
        with self._transaction():
            for file in files:
                self._connection.execute(
                    "update raw.fetches set warc_file = null, warc_offset = null where warc_file = ?", [file]
                )

    def known_parses(self, parser_version: str) -> set[tuple[str, str]]:
        """The (url, payload hash) pairs that this parser version has read."""
        found = self._rows(
            "select url, payload_sha256 from raw.parses where parser_version = ?", parser_version
        )
        return {(url, sha) for url, sha in found}

    def stale_pages(self, parser_version: str) -> list[StalePage]:
        """The latest payload of each page that older parsers read and this one has not."""
        found = self._rows(
            """
            with latest as (
                select source_id, url, payload_sha256, warc_file, warc_offset
                from raw.fetches
                where warc_file is not null
                qualify row_number() over (partition by url order by fetched_at desc, fetch_id) = 1
            )
            select source_id, url, payload_sha256, warc_file, warc_offset
            from latest
            semi join raw.parses using (url, payload_sha256)
            anti join (select * from raw.parses where parser_version = ?) as read using (url, payload_sha256)
            order by url
            """,
            parser_version,
        )
        return [StalePage(*row) for row in found]

    def store_visits(self, visits: Iterable[Visit]) -> None:
        """Keep requests and what their pages gave, in one transaction; storing twice changes nothing."""
        with self._transaction():
            for visit in visits:
                self._insert("fetches", [_fetch_row(visit.fetch)])
                if visit.parsed:
                    self._store_parse(visit.parsed)
                if visit.post:
                    self._store_post(visit.post)

    def _store_post(self, post: KnownPost) -> None:
        row = [_plain(value) if isinstance(value, datetime) else value for value in astuple(post)]
        self._connection.execute("insert or replace into raw.posts values (?, ?, ?, ?, ?, ?, ?)", row)

    def store_parse(self, parsed: ParsedPage) -> None:
        """Keep a page that was read again from the archive."""
        with self._transaction():
            self._store_parse(parsed)

    def _store_parse(self, parsed: ParsedPage) -> None:
        article = parsed.article
        version = version_id(article) if article else None
        self._insert(
            "parses",
            [
                (parsed.url, parsed.payload_sha256, parsed.parser_version, parsed.source_id, parsed.parsed_at,
                 parsed.outcome, parsed.detail, article.id if article else None, version,
                 list(article.date_candidates) if article else [])
            ],
        )  # fmt: skip
        if article and version:
            self._insert("articles", [_article_row(article, version, parsed)])

    def unsigned_texts(self, method: str, limit: int) -> list[tuple[str, str]]:
        """Version ids and texts of up to `limit` current articles that have no signature by this method."""
        found = self._rows(
            "select version_id, text from raw.current_articles "
            "anti join (select version_id from raw.signatures where method = ?) as signed using (version_id) "
            "order by version_id limit ?",
            method,
            limit,
        )
        return [(name, text) for name, text in found]

    def store_signatures(self, method: str, signatures: Iterable[tuple[str, bytes | None]]) -> None:
        """Keep the signatures of text versions."""
        with self._transaction():
            self._insert("signatures", ((name, method, signature) for name, signature in signatures))

    def signed_texts(self, method: str) -> list[Signed]:
        """The current texts that can be compared."""
        found = self._rows(
            "select version_id, article_id, source_id, published, first_seen_at, origin_source_id, signature "
            "from raw.current_articles inner join raw.signatures using (version_id) "
            "where method = ? and signature is not null",
            method,
        )
        return [Signed(*row) for row in found]

    def store_copies(self, copies: Sequence[Copy]) -> bool:
        """Make `raw.copies` hold these; gives whether that changed it."""
        rows = [(c.version_id, c.origin_version_id, c.origin_article_id, c.similarity) for c in copies]
        if self._rows("select * from raw.copies order by version_id") == rows:
            return False
        with self._transaction():
            self._connection.execute("delete from raw.copies")
            self._insert("copies", rows)
        return True

    def unread_articles(self, extractor_version: str, limit: int) -> list[tuple[str, Article]]:
        """Up to `limit` current text versions that this extractor has not read, with their version ids."""
        found = self._rows(
            """
            select version_id, article_id, title, published, text, language, url, canonical_url, source_id,
                origin_source_id, authors, date_evidence
            from raw.current_articles
            anti join (select version_id from raw.extractions where extractor_version = ?) as read
                using (version_id)
            order by published, version_id
            limit ?
            """,
            extractor_version,
            limit,
        )
        return [(row[0], _article(row[1:])) for row in found]

    def count_unread(self, extractor_version: str) -> int:
        """How many current text versions this extractor has not read."""
        return int(
            self._rows(
                """
                select count(*) from raw.current_articles
                anti join (select version_id from raw.extractions where extractor_version = ?) as read
                    using (version_id)
                """,
                extractor_version,
            )[0][0]
        )

    def store_reading(
        self, version: str, article_id: str, reading: Reading, extractor: str, milliseconds: float,
        detail: str | None = None,
    ) -> None:  # fmt: skip
        """Keep what one extractor version read in one text version, whole or not at all."""
        done = (
            version,
            extractor,
            article_id,
            utc_now(),
            reading.outcome,
            detail,
            len(reading.figures),
            milliseconds,
        )
        with self._transaction():
            self._insert("extractions", [done])
            for index, f in enumerate(reading.figures):
                self._insert("figures", [_figure_row(version, extractor, index, article_id, f)])
            self._insert(
                "rejects",
                (
                    _reject_row(version, extractor, index, article_id, reject)
                    for index, reject in enumerate(reading.rejects)
                ),
            )


def utc_now() -> datetime:
    """The present moment as the raw tables keep it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _fetch_row(fetch: Fetch) -> tuple[Any, ...]:
    row = astuple(fetch)
    return tuple(_plain(value) if isinstance(value, datetime) else value for value in row)


def _article_row(article: Article, version: str, parsed: ParsedPage) -> tuple[Any, ...]:
    text_sha256 = hashlib.sha256(article.text.encode()).hexdigest()
    return (
        version, article.id, article.source_id, article.origin_source_id, article.url, article.canonical_url,
        article.title, list(article.authors), article.published, article.date_evidence, article.language,
        article.text, text_sha256, _plain(parsed.parsed_at), parsed.parser_version,
    )  # fmt: skip


def _article(row: tuple[Any, ...]) -> Article:
    """The article of a row of `unread_articles`; authors come as a list."""
    fields = dict(zip(_ARTICLE_FIELDS, row, strict=True))
    return Article(**fields | {"authors": tuple(fields["authors"])})


def _figure_row(version: str, extractor: str, index: int, article_id: str, f: Figure) -> tuple[Any, ...]:
    return (
        version, extractor, index, article_id, str(f.measure), str(f.status), f.low, f.high, str(f.hedge),
        list(f.countries), f.region, list(f.sectors), f.period_start, f.period_end, f.part_of, f.quote,
        f.start, f.end, f.count_text, f.count_start, f.count_end, f.attribution, f.agency, f.gender,
        f.location, f.confidence,
    )  # fmt: skip


def _reject_row(version: str, extractor: str, index: int, article_id: str, r: Reject) -> tuple[Any, ...]:
    return (
        version, extractor, index, article_id, r.sentence, r.number, r.start, r.end, r.reason, r.probability,
    )  # fmt: skip
