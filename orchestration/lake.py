"""The lake: a warehouse that many homes share, by DuckLake. Its catalog is a PostgreSQL database (or a file),
its data lie in an object store or a folder.

Where it is, how it is attached, and who may add or build when belong here; what lies in it does not.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from orchestration.home import STEM
from orchestration.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

TARGET, CATALOG, DATA = "LABORLEDGER_TARGET", "LABORLEDGER_LAKE", "LABORLEDGER_LAKE_DATA"
BUILD, DUCKLAKE = "build", "ducklake"
TARGETS = (BUILD, DUCKLAKE)
"""Where raw tables meet and marts are built: a home's own file, or the lake."""

POSTGRES = "postgres:"
EXTENSIONS = ("ducklake", "postgres_scanner", "httpfs")
MAKING, WRITING = 7_530_001, 7_530_002
"""Of PostgreSQL's advisory locks: this project's."""
PATIENCE = 900.0
"""Seconds that a home waits for the others' builds."""
PASSWORD = re.compile(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s']+)")
HOLDER = """
select string_agg(distinct application_name || coalesce(' at ' || client_addr, ''), ', ')
from pg_locks inner join pg_stat_activity using (pid)
where locktype = 'advisory' and granted and objid = %s and pid <> pg_backend_pid()
"""


class LakeError(RuntimeError):
    """The lake cannot be used; the message says why and what helps, and holds no password."""


@dataclass(frozen=True, slots=True)
class Lake:
    """`catalog` is `postgres:` with what libpq takes (`dbname=lake host=db`), or the path of a file, for one
    user at a time; `data` an address such as `s3://bucket/lake/`, or a folder.
    """

    catalog: str
    data: str

    @classmethod
    def from_environment(cls) -> Lake | None:
        """The lake where the target is one; None where a home has its own build file. Raises LakeError."""
        target = os.environ.get(TARGET, "").strip() or BUILD
        if target not in TARGETS:
            raise LakeError(f"{TARGET}={target}: there are the targets {' and '.join(TARGETS)}")
        if target == BUILD:
            return None
        named = {name: os.environ.get(name, "").strip() for name in (CATALOG, DATA)}
        if missing := [name for name, value in named.items() if not value]:
            raise LakeError(
                f"the target ducklake needs {' and '.join(missing)} in the environment: "
                f"{CATALOG}='postgres:dbname=lake host=db.example.org user=ledger' names its catalog, "
                f"{DATA}=s3://bucket/lake/ (or a folder) its data"
            )
        return cls(named[CATALOG], named[DATA])

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Load what a connection needs to attach it, and give it the keys of the store. Raises LakeError."""
        for name in EXTENSIONS:
            _load(connection, name)
        if self.data.startswith("s3://"):
            connection.execute(_secret())

    def attach(self, connection: duckdb.DuckDBPyConnection, snapshot: int | None = None) -> None:
        """Attach it as it is now, or read-only as it was at a snapshot. Raises LakeError.

        An empty one is made; two at once would make it twice.
        """
        import duckdb

        self.prepare(connection)
        options = [f"data_path {literal(self.data)}"]
        options += [] if snapshot is None else [f"snapshot_version {snapshot:d}", "read_only"]
        address = literal(f"ducklake:{self.catalog}")
        try:
            with self._held(MAKING, alone=True, wait=PATIENCE):
                connection.execute(f"attach {address} as {identifier(STEM)} ({', '.join(options)})")
        except duckdb.Error as error:
            raise LakeError(self.hidden(f"the lake {self.catalog}, data in {self.data}: {error}")) from None

    def hidden(self, text: str) -> str:
        """A text without the passwords and keys that were given for the lake."""
        secrets = (os.environ.get("AWS_SECRET_ACCESS_KEY"), os.environ.get("PGPASSWORD"))
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return PASSWORD.sub(r"\1***", text)

    def held(self, *, alone: bool, wait: float = PATIENCE) -> AbstractContextManager[None]:
        """Hold the lake while adding to it, beside others who add; or alone, to build. Raises LakeError.

        Whoever dies lets go of it.
        """
        return self._held(WRITING, alone, wait)

    def _held(self, what: int, alone: bool, wait: float) -> AbstractContextManager[None]:
        if self.catalog.startswith(POSTGRES):
            return self._held_in_postgres(what, alone, wait)
        return self._held_by_file(what, wait)

    @contextmanager
    def _held_by_file(self, what: int, wait: float) -> Iterator[None]:
        lock = FileLock(f"{self.catalog}.{what}.lock")
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise LakeError(f"the lake {self.catalog} is being written by another process") from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _held_in_postgres(self, what: int, alone: bool, wait: float) -> Iterator[None]:
        import psycopg

        kind = "pg_advisory_lock" if alone else "pg_advisory_lock_shared"
        name = f"laborledger on {platform.node()}, process {os.getpid()}"
        told = self.catalog.removeprefix(POSTGRES)
        try:
            connection = psycopg.connect(told, application_name=name, autocommit=True)
        except psycopg.Error as error:
            raise LakeError(self.hidden(f"the lake's catalog {self.catalog}: {error}".strip())) from None
        with connection:
            connection.execute("select set_config('lock_timeout', %s, false)", [f"{wait:.0f}s"])
            try:
                connection.execute(f"select {kind}(%s)", [what])
            except psycopg.errors.LockNotAvailable:
                raise LakeError(_busy(connection, what, wait)) from None
            yield


def _busy(connection: object, what: int, wait: float) -> str:
    who = connection.execute(HOLDER, [what]).fetchone()  # type: ignore[attr-defined]
    named = (who and who[0]) or "another"
    return f"the lake was not free within {wait:.0f} s: {named} holds it; wait for it to end, or stop it"


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension: one that is installed, that of a wheel, or one from DuckDB's own store."""
    import duckdb

    connection.execute("set autoinstall_known_extensions = false")
    try:
        connection.execute(f"load {name}")
    except duckdb.Error:
        try:
            _install(connection, name)
            connection.execute(f"load {name}")
        except (duckdb.Error, ImportError, OSError) as error:
            raise LakeError(
                f"DuckDB's extension {name} cannot be had: {str(error).splitlines()[0]}. "
                "pip install 'laborledger[lake]' brings it"
            ) from error


def _install(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        import duckdb_extensions
    except ImportError:
        connection.execute(f"install {name}")
    else:
        duckdb_extensions.import_extension(name, con=connection)


def _secret() -> str:
    """The store's keys as DuckDB takes them, from the variables that all clients of S3 know."""
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    told = {
        "key_id": os.environ.get("AWS_ACCESS_KEY_ID"),
        "secret": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": os.environ.get("AWS_SESSION_TOKEN"),
        "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "endpoint": endpoint.netloc,
        "url_style": "path" if endpoint.netloc else None,
    }
    options = [f"{name} {literal(value)}" for name, value in told.items() if value]
    options += ["use_ssl false"] if endpoint.scheme == "http" else []
    return f"create or replace secret ledger ({', '.join(['type s3', *options])})"
