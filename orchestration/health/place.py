"""Looks at where a home lies and what it holds: its folder, disk, files, lock, clock, sources and port.

What is installed is for `installation.py`; how the ledger fares is for `status.py`. Nothing is changed but
a temporary folder that is removed again.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from filelock import FileLock, Timeout

from orchestration.health.status import existing, lack_of_room, writer_of
from orchestration.health.troubles import Look, Trouble, in_a_line, trouble
from orchestration.home import Home
from orchestration.instance import PARTS
from orchestration.lake import Lake, LakeError
from orchestration.ledger import SCHEMA_VERSION, process_of
from orchestration.publishing import PublishError
from orchestration.publishing.builds import NO_LINKS, Builds
from orchestration.reviews import ReviewsError, read_reviews
from orchestration.scraping.fetch import user_agent
from orchestration.scraping.sources import Source, SourceError

if TYPE_CHECKING:
    from orchestration.selection import Selection

LEAST_FILES = 20_000
"""More files than a first run writes."""
APART = timedelta(hours=1)
"""A clock may be put right by so much without a word."""
NEWEST = "select max(fetched_at) from raw.fetches"
VERSION = "select version from raw.schema_version"
CONTACT_MARK = "; contact: "


def folder(home: Home) -> Look:
    """Whether the home is a folder that this user can write, on a file system with links and with room."""
    if (place := existing(home.path)) and not place.is_dir():
        return Look.of("home", str(home.path), [trouble("home_is_file", path=place)])
    return Look.of("home", str(home.path), [*_writable(home, place), *_room(home, place)])


def _writable(home: Home, place: Path) -> Iterator[Trouble]:
    """Not by the rights that are noted: a disk may be mounted so that they do not hold."""
    present = [
        path for path in (home.archive, home.dagster, home.published, home.build_file.parent) if path.exists()
    ]
    for path in present or [place]:
        try:
            with tempfile.TemporaryDirectory(dir=path, prefix=".tmp-doctor-") as probe:
                os.symlink("nowhere", Path(probe) / "link")
        except OSError as error:
            if error.errno in NO_LINKS and error.filename2:  # A link alone has two names.
                yield trouble("no_links", path=path)
                return
            yield trouble("home_not_writable", path=path)


def _room(home: Home, place: Path) -> Iterator[Trouble]:
    build = home.build_file.stat().st_size if home.build_file.exists() else 0
    yield from lack_of_room(home, shutil.disk_usage(place).free, build)
    told = os.statvfs(place)
    if told.f_files and told.f_favail < LEAST_FILES:
        yield trouble("inodes_low", free=told.f_favail, path=home.path)


def build_file(home: Home, now: datetime) -> Look:
    """Whether the build file opens, is of a version known here, and of no later day than the clock shows.

    It is left alone while a run holds it: a reader would keep the run from writing.
    """
    if not home.build_file.exists():
        return Look.of("build file", "none yet")
    if who := writer_of(home):
        return Look.of("build file", "a run is writing", [trouble("writer_lock_held", who=who)])
    try:
        with FileLock(home.lock_file, timeout=0):
            version, newest = _asked(home.build_file, VERSION), _asked(home.build_file, NEWEST)
    except (Timeout, OSError) as error:
        return Look.of(
            "build file", "not read", [trouble("unreadable", path=home.build_file, why=in_a_line(error))]
        )
    except Exception as error:
        return Look.of("build file", "does not open", [_why_closed(home, error)])
    return Look.of("build file", f"version {version}", _version_and_clock(home, version, newest, now))


def _asked(file: Path, question: str) -> Any:
    """One value of the file; None where it has no such table yet."""
    import duckdb

    with duckdb.connect(str(file), read_only=True) as connection:
        try:
            return (connection.execute(question).fetchone() or (None,))[0]
        except duckdb.CatalogException:
            return None


def _why_closed(home: Home, error: Exception) -> Trouble:
    held = re.search(r"PID (\d+)", str(error))
    if held:
        return trouble("build_file_open", path=home.build_file, who=process_of(int(held[1])))
    return trouble("build_file_broken", path=home.build_file, why=in_a_line(error))


def _version_and_clock(home: Home, version: Any, newest: datetime | None, now: datetime) -> Iterator[Trouble]:
    if version is not None and version > SCHEMA_VERSION:
        yield trouble("ledger_newer", path=home.build_file, found=version, known=SCHEMA_VERSION)
    if newest and newest.replace(tzinfo=UTC) > now + APART:
        yield trouble("clock_behind", now=f"{now:%Y-%m-%d %H:%M} UTC", newest=f"{newest:%Y-%m-%d %H:%M} UTC")


def lake() -> Look:
    """Whether the lake can be reached, where the target is one."""
    import duckdb

    try:
        found = Lake.from_environment()
        if found is None:
            return Look.of("lake", "none: marts are built in the home's own file")
        with duckdb.connect() as connection:
            found.attach(connection)
    except LakeError as error:
        return Look.of("lake", "cannot be used", [trouble("lake_away", why=in_a_line(error))])
    return Look.of("lake", found.hidden(found.catalog))


def published(home: Home) -> Look:
    """Whether the published file is whole, byte for byte; none is no trouble of an installation."""
    builds = Builds(home.published)
    try:
        name = builds.current() if home.published.is_dir() else None
        is_whole = name is None or builds.manifest_of(name) is not None
    except (PublishError, OSError):
        name, is_whole = "?", False
    return Look.of("published file", name or "none yet", [] if is_whole else [trouble("published_broken")])


def history(home: Home) -> Look:
    """Whether Dagster's history can be read: a torn file of it would stop every run."""
    files = (file for part in PARTS for file in sorted((home.dagster / part).glob("*.db")))
    broken = [file for file in files if not _is_sound(file)]
    words = "broken" if broken else "sound" if home.dagster.is_dir() else "none yet"
    return Look.of("history", words, [trouble("history_broken", path=file) for file in broken])


def _is_sound(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        return True  # Busy, or closed to this user: nothing is known against it.
    except sqlite3.DatabaseError:
        return False


def port(number: int) -> Look:
    """Whether the UI's port is free on 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            who = _listener(number) if error.errno == errno.EADDRINUSE else in_a_line(error)
            return Look.of(
                "port", str(number), [trouble("port_taken", port=number, who=who, other=number + 1)]
            )
    return Look.of("port", f"{number} is free")


def _listener(number: int) -> str:
    try:
        listening = (c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN)
        pid = next((c.pid for c in listening if c.laddr[1:] == (number,)), None)
    except psutil.Error:
        pid = None
    return process_of(pid) if pid else "another process"


def sources(selection: Selection) -> tuple[Look, tuple[Source, ...]]:
    """Whether the sources file is right; and what stands in it."""
    from orchestration.steps import chosen_sources

    try:
        found = chosen_sources(selection)
    except SourceError as error:
        return Look.of("sources", selection.sources, [trouble("sources_wrong", why=in_a_line(error))]), ()
    return Look.of("sources", f"{selection.sources}: {len(found)} outlets"), found


def reviews(selection: Selection) -> Look:
    """Whether the file of what people decided is right."""
    if selection.reviews is None:
        return Look.of("reviews", "none")
    try:
        found = read_reviews(selection.reviews)
    except ReviewsError as error:
        return Look.of("reviews", str(selection.reviews), [trouble("reviews_wrong", why=in_a_line(error))])
    return Look.of("reviews", f"{len(found)} in {selection.reviews}")


def contact(said: str, outlets: tuple[Source, ...]) -> Look:
    """Whether outlets are told who asks; the sample outlet need not know."""
    if all(source.local for source in outlets):
        return Look.of("contact", said or "not needed")
    if not said:
        return Look.of("contact", "nobody", [trouble("no_contact")])
    fits = CONTACT_MARK in user_agent(said)
    return Look.of("contact", said, [] if fits else [trouble("contact_odd")])
