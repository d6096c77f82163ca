"""Publishing, step by step: gate, copy of the marts, a stranger's look at it, and the flip.

The order of the steps and what an error means belong here; each step's own work is in its module. The
caller holds the home's writer lock and has closed the build file.
"""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing import marts as copying
from orchestration.publishing.builds import FILE, Builds, file_hash
from orchestration.publishing.gate import Passed, check_gate
from orchestration.publishing.manifest import (
    HISTORY,
    MANIFEST,
    Manifest,
    Versions,
    add_to_history,
    carry_history,
    create_history,
    git_sha,
    read_quality,
)

if TYPE_CHECKING:
    import duckdb

SMOKE = Path(__file__).with_name("smoke.py")
SMOKE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Published:
    """The current build after publishing; `changed` is False when it was current before."""

    build: str
    path: Path
    content_hash: str
    changed: bool
    rows: dict[str, int]
    warnings: tuple[str, ...] = ()

    def metadata(self) -> dict[str, Any]:
        """The facts by name, as plain values for an orchestrator to show."""
        plain = {"path": str(self.path), "warnings": list(self.warnings)}
        return {name: plain.get(name, getattr(self, name)) for name in self.__slots__}


def publish(home: Home, run_id: str, now: datetime) -> Published:
    """Publish the home's build file; `now` carries a time zone.

    A build that says the same as the current one, by the same versions, is not published again.
    Raises GateRefused when dbt's checks did not pass, PublishError for anything else that keeps the
    build from being published: the published file is then as it was. ValueError for a `now` without
    a time zone.
    """
    if now.tzinfo is None:
        raise ValueError(f"{now} has no time zone, and a build is named by its moment in UTC")
    passed = check_gate(home.dbt_target, home.build_file)
    builds = Builds(home.published)
    with told_clearly(home), copying.reading(home.build_file) as connection:
        builds.prepare()
        copying.check_present(connection, passed.marts)
        before = builds.current()
        draft = _describe(connection, passed, run_id, now)
        current = builds.current_manifest()
        if current and current.says_the_same_as(draft):
            return _published(
                builds, current, False, (*passed.warnings, *builds.prune(now, {current.build_id}))
            )
        build_id = builds.new_id(now, draft.content_hash)
        made, warnings = _make(connection, builds, replace(draft, build_id=build_id))
        builds.flip(build_id)
        builds.sweep_wals()
        pruned = builds.prune(now, {build_id, before or build_id})
        return _published(builds, made, True, (*passed.warnings, *warnings, *pruned))


@contextmanager
def told_clearly(home: Home) -> Iterator[None]:
    """Errors of the disk and of DuckDB as one PublishError."""
    import duckdb

    try:
        yield
    except (OSError, duckdb.Error) as error:
        is_full = getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in str(error)
        cure = f"The disk under {home.published} is full: make room and run again. " if is_full else ""
        raise PublishError(f"{cure}Nothing was published: {error}") from error


def _describe(connection: duckdb.DuckDBPyConnection, passed: Passed, run_id: str, now: datetime) -> Manifest:
    """The manifest of the build as it stands in the build file, without a name and a file yet."""
    facts = copying.table_facts(connection, passed.marts)
    return Manifest(
        build_id="",
        run_id=run_id,
        created_at=now,
        git_sha=git_sha(),
        versions=Versions(
            laborledger=version("laborledger"),
            duckdb=version("duckdb"),
            dbt=passed.dbt,
            extractor=copying.versions_used(connection, "extractor_version"),
            parser=copying.versions_used(connection, "parser_version"),
        ),
        content_hash=copying.content_hash(facts),
        schema_hash=copying.schema_hash(connection, passed.marts),
        tables=facts,
        quality=read_quality(),
        storage_version=copying.STORAGE_VERSION,
        sample=copying.holds_sample(connection),
    )


def _make(
    connection: duckdb.DuckDBPyConnection, builds: Builds, manifest: Manifest
) -> tuple[Manifest, tuple[str, ...]]:
    """Make, check and place a build under its name; no reader sees it yet."""
    with builds.draft(manifest.build_id) as folder:
        file = folder / FILE
        copying.create_copy(connection, file, sorted(manifest.tables))
        create_history(connection)
        broken = carry_history(connection, builds.newest_files())
        told = add_to_history(connection, manifest)
        copying.finish_copy(connection)
        tables = manifest.tables | {HISTORY: copying.TableFacts(told, None)}
        uncommented = _check(file, {mart: fact.rows for mart, fact in tables.items()})
        made = replace(manifest, tables=tables, file_sha256=file_hash(file), file_bytes=file.stat().st_size)
        (folder / MANIFEST).write_text(made.to_json(), encoding="utf-8")
        builds.place(folder, manifest.build_id)
    return made, tuple(warning for warning in (broken, uncommented) if warning)


def _check(file: Path, rows: dict[str, int]) -> str | None:
    """Have a fresh process look at the file; returns a warning about missing comments."""
    command = [sys.executable, "-I", str(SMOKE), str(file)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=SMOKE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise PublishError(f"the copy could not be read within {SMOKE_SECONDS} seconds") from error
    if told.returncode:
        raise PublishError(f"the copy cannot be used: {told.stderr.strip()[-2000:]}")
    answer: dict[str, Any] = json.loads(told.stdout)
    if answer["rows"] != rows:
        raise PublishError(f"the copy holds {answer['rows']} rows where the build file holds {rows}")
    names = ", ".join(answer["uncommented"])
    return f"published without a comment: {names}" if names else None


def _published(builds: Builds, manifest: Manifest, changed: bool, warnings: tuple[str, ...]) -> Published:
    return Published(
        build=manifest.build_id,
        path=builds.root / FILE,
        content_hash=manifest.content_hash,
        changed=changed,
        rows={mart: fact.rows for mart, fact in manifest.tables.items()},
        warnings=warnings,
    )
