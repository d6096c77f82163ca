"""A PostgreSQL server of Debian's on loopback, with a database for each lake; its data are thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.browser import free_port
from tests.needs import needs

HERE = "/usr/lib/postgresql"
USER, SECRET = "postgres", "only-of-this-test"


def _bin() -> Path | None:
    versions = sorted(Path(HERE).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def postgres(folder: Path) -> Iterator[int]:
    """Its port, until the block ends. It asks for a password, and does not run as root."""
    found = _bin()
    needs(found and os.getuid() == 0, "root and Debian's postgresql (make setup-system)")
    assert found
    data, port = folder / "postgres", free_port()
    data.mkdir(parents=True)
    (folder / "password").write_text(SECRET)
    for place in (data, folder / "password"):
        shutil.chown(place, USER)
    for above in [folder, *folder.parents]:
        above.chmod(above.stat().st_mode | 0o011) if above != Path("/") else None
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    made = ["-D", str(data), "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
    subprocess.run([*as_user, str(found / "initdb"), *made], check=True, capture_output=True, cwd="/")
    settings = ["-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
    with (folder / "postgres.log").open("wb") as log:
        server = subprocess.Popen(
            [*as_user, str(found / "postgres"), "-D", str(data), *settings], stdout=log, stderr=log, cwd="/"
        )
        try:
            _wait(found, port)
            yield port
        finally:
            server.terminate()
            server.wait(30)


def _wait(found: Path, port: int) -> None:
    asked = [str(found / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
    for _ in range(100):
        if subprocess.run(asked, check=False).returncode == 0:
            return
    raise AssertionError("PostgreSQL does not answer")


def told(port: int, database: str) -> str:
    """How libpq is told of a database."""
    return f"host=127.0.0.1 port={port} user={USER} password={SECRET} dbname={database}"


def new_database(port: int, name: str) -> str:
    """A new database; gives how libpq is told of it."""
    with psycopg.connect(told(port, "postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{name}"')  # type: ignore[arg-type]
    return told(port, name)
