"""Publishing, step by step: gate, copy of the marts, a stranger's look at it, and the flip.

The order of the steps and what an error means belong here; each step's own work is in its module. The
caller holds the home's writer lock and has closed the build file.
"""

from __future__ import annotations

import errno
import json
import os
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
from orchestration.lake import LakeError
from orchestration.publishing import PublishError
from orchestration.publishing import marts as copying
from orchestration.publishing.builds import FILE, Builds, file_hash
from orchestration.publishing.checks import ERROR, META_CHECKS, PASS, WARN, Check, own_check, write_checks
from orchestration.publishing.gate import GateRefused, Passed, check_gate
from orchestration.publishing.keys import META_KEYS, Key, write_keys
from orchestration.publishing.losses import find_losses
from orchestration.publishing.manifest import (
    HISTORY,
    MANIFEST,
    Forced,
    Manifest,
    Versions,
    add_to_history,
    carry_history,
    git_sha,
)
from orchestration.publishing.quality import META_QUALITY, is_of, read_quality, worse, write_quality
from orchestration.publishing.rollback import Rollback, forget_rollback, read_rollback, stood_by
from orchestration.warehouse import what_was_built

if TYPE_CHECKING:
    import duckdb

SMOKE = Path(__file__).with_name("smoke.py")
SMOKE_SECONDS = 600
WRITTEN = (HISTORY, META_CHECKS, META_KEYS, META_QUALITY)
"""Tables that publishing adds to the marts."""
Proven = tuple[tuple[Check, ...], tuple[Key, ...]]
"""What was checked of a build, and the keys that it has."""


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


def publish(home: Home, run_id: str, now: datetime, forced: Forced | None = None) -> Published:
    """Publish the home's build file; `now` carries a time zone.

    A build that says the same as the current one, by the same versions, is not published again; nor is one
    that says what a person went back from. Raises GateRefused when dbt's checks did not pass, or rows were
    lost without a word (`forced`: published all the same, and the build says by whom and why),
    PublishError for anything else that keeps the build from being published: the published file is then as
    it was. ValueError for a `now` without a time zone.
    """
    if now.tzinfo is None:
        raise ValueError(f"{now} has no time zone, and a build is named by its moment in UTC")
    passed = check_gate(home.dbt_target, what_was_built(home), bool(forced))
    builds = Builds(home.published)
    with told_clearly(home), copying.reading(home) as connection:
        builds.prepare()
        copying.check_present(connection, passed.marts)
        draft = _describe(connection, passed, run_id, now)
        current = builds.current_manifest()
        if current and current.says_the_same_as(draft):
            return _published(builds, current, False, (*passed.warnings, *_prune(builds, now)))
        if current and not forced and (rollback := stood_by(builds, draft)):
            return _published(builds, current, False, (*passed.warnings, _told(rollback)))
        checks = (*passed.checks, *_compare(connection, builds, current, draft))
        _refuse(checks, forced)
        draft = replace(draft, forced=forced if any(check.refuses for check in checks) else None)
        return _show(connection, builds, draft, (checks, passed.keys), now)


def _show(
    connection: duckdb.DuckDBPyConnection,
    builds: Builds,
    draft: Manifest,
    proven: Proven,
    now: datetime,
) -> Published:
    """Make the build, and let readers see it."""
    before = builds.current()
    build_id = builds.new_id(now, draft.content_hash)
    made, warnings = _make(connection, builds, replace(draft, build_id=build_id), proven)
    builds.flip(build_id)
    forget_rollback(builds)
    builds.sweep_wals()
    told = (check.told() for check in proven[0] if check.status != PASS)
    return _published(builds, made, True, (*told, *warnings, *_prune(builds, now, before)))


def _prune(builds: Builds, now: datetime, *spared: str | None) -> list[str]:
    rollback = read_rollback(builds)
    left = rollback.left if rollback else None
    return builds.prune(now, {name for name in (builds.current(), left, *spared) if name})


def _told(rollback: Rollback) -> str:
    return (
        f"this build says what {rollback.by} went back from at {rollback.at}, so {rollback.to} stays; "
        f"to show it after all: laborledger publish --to {rollback.left}"
    )


def _compare(
    connection: duckdb.DuckDBPyConnection, builds: Builds, current: Manifest | None, draft: Manifest
) -> Iterator[Check]:
    """What publishing itself checks: that nothing went without a word, that the extractor is no worse."""
    if current:
        rows, before = ({mart: fact.rows for mart, fact in m.tables.items()} for m in (draft, current))
        lost = find_losses(connection, builds.folder / current.build_id / FILE, rows, before)
        yield own_check("nothing_went_without_a_word", ERROR, lost)
    fallen = worse(current.quality, draft.quality) if current else []
    yield own_check(
        "quality_is_not_below_the_last_published", ERROR if os.environ.get("CI") else WARN, fallen
    )
    measured = [] if is_of(draft.quality, draft.versions.extractor) else [
        f"claims are by the extractor {draft.versions.extractor}, and the pinned quality is of another: "
        "laborledger run reads all articles anew, make score PIN=1 measures it"
    ]  # fmt: skip
    yield own_check("quality_is_of_this_extractor", WARN, measured)


def _refuse(checks: tuple[Check, ...], forced: Forced | None) -> None:
    refused = [check.told() for check in checks if check.refuses]
    if refused and not forced:
        lines = "\n".join(f"  {line}" for line in refused)
        raise GateRefused(
            f"{len(refused)} of {len(checks)} checks did not pass:\n{lines}\n"
            "Where that is meant to be: laborledger publish --force REASON"
        )


@contextmanager
def told_clearly(home: Home) -> Iterator[None]:
    """Errors of the disk and of DuckDB as one PublishError."""
    import duckdb

    try:
        yield
    except LakeError as error:
        raise PublishError(f"Nothing was published: {error}") from error
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
        schema_hash=copying.schema_hash(connection, passed.marts, WRITTEN),
        tables=facts,
        quality=read_quality(),
        storage_version=copying.STORAGE_VERSION,
        sample=copying.holds_sample(connection),
    )


def _make(
    connection: duckdb.DuckDBPyConnection, builds: Builds, manifest: Manifest, proven: Proven
) -> tuple[Manifest, tuple[str, ...]]:
    """Make, check and place a build under its name; no reader sees it yet."""
    with builds.draft(manifest.build_id) as folder:
        file = folder / FILE
        copying.create_copy(connection, file)
        HISTORY.create(connection)
        broken = carry_history(connection, builds.newest_files())
        copying.fill_copy(connection, sorted(manifest.tables))
        written = {
            HISTORY.name: add_to_history(connection, manifest),
            META_CHECKS.name: write_checks(connection, proven[0]),
            META_KEYS.name: write_keys(connection, proven[1]),
            META_QUALITY.name: write_quality(connection, manifest.quality),
        }
        copying.finish_copy(connection)
        tables = manifest.tables | {name: copying.TableFacts(n, None) for name, n in written.items()}
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
        path=Home(builds.root.parent).published_file,
        content_hash=manifest.content_hash,
        changed=changed,
        rows={mart: fact.rows for mart, fact in manifest.tables.items()},
        warnings=warnings,
    )
