"""What a published build is: `manifest.json` beside the file, and its row in `meta_builds` within.

Facts about builds belong here, both ways of writing them down and reading them back; finding the
facts out in the marts is the business of `marts.py`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.home import ROOT
from orchestration.publishing import MARTS, PublishError
from orchestration.publishing.marts import (
    TARGET,
    TableFacts,
    Told,
)
from orchestration.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

MANIFEST = "manifest.json"

HISTORY = Told(
    "meta_builds",
    "Grain: one published build. The line of builds that led to this file, itself the last.",
    (
        ("build_id", "varchar", "UTC stamp and the first digits of the content hash; sorts by time"),
        ("run_id", "varchar", "The pipeline run that published the build"),
        ("created_at", "timestamp", "When the build was published, UTC"),
        (
            "git_sha",
            "varchar",
            "Commit of the code, with -dirty where files differed; null outside a checkout",
        ),
        ("laborledger_version", "varchar", "Version of this project"),
        ("duckdb_version", "varchar", "Version of DuckDB that wrote the file"),
        ("dbt_version", "varchar", "Version of dbt that built the marts"),
        (
            "extractor_version",
            "varchar",
            "Version or versions of the extractor behind the claims; null without claims",
        ),
        (
            "parser_version",
            "varchar",
            "Version or versions of the parser behind the claims; null without claims",
        ),
        ("content_hash", "varchar", "SHA-256 of what all marts say; equal means that nothing changed"),
        (
            "schema_hash",
            "varchar",
            "SHA-256 of the marts' column names, types and comments, and of the macros",
        ),
        ("tables", "varchar", "JSON: rows and content hash by mart"),
        ("quality", "varchar", "JSON: the extractor's measured quality; null where it was not measured"),
        ("storage_version", "varchar", "DuckDB storage version of the file"),
        ("is_sample", "boolean", "Whether the build is made of sample articles, written for this project"),
        ("forced_by", "varchar", "Who published it although the gate refused; null: it passed"),
        ("forced_because", "varchar", "Why they did; meta_checks says what had not passed"),
    ),
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Versions:
    """What made a build; a change of one of them is worth a new build."""

    laborledger: str
    duckdb: str
    dbt: str
    extractor: str | None
    parser: str | None


@dataclass(frozen=True, slots=True)
class Forced:
    """Who had a build published that the gate refused, and why."""

    by: str
    because: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts of one build; `file_sha256` and `file_bytes` are those of its DuckDB file."""

    build_id: str
    run_id: str
    created_at: datetime
    git_sha: str | None
    versions: Versions
    content_hash: str
    schema_hash: str
    tables: dict[str, TableFacts]
    quality: dict[str, Any] | None
    storage_version: str
    sample: bool
    file_sha256: str = ""
    file_bytes: int = 0
    forced: Forced | None = None

    def says_the_same_as(self, other: Manifest) -> bool:
        """Whether content, shape and versions are equal, so that publishing again is idle."""
        return (self.content_hash, self.schema_hash, self.versions) == (
            other.content_hash,
            other.schema_hash,
            other.versions,
        )

    def to_json(self) -> str:
        """The text of manifest.json."""
        facts = dataclasses.asdict(self) | {"created_at": _stamp(self.created_at)}
        return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest that `to_json` wrote. Raises PublishError for anything else."""
        try:
            facts = json.loads(text)
            facts["created_at"] = datetime.fromisoformat(facts["created_at"])
            facts["versions"] = Versions(**facts["versions"])
            facts["tables"] = {mart: TableFacts(**fact) for mart, fact in facts["tables"].items()}
            facts["forced"] = Forced(**facts["forced"]) if facts.get("forced") else None
            return cls(**facts)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise PublishError(f"not a manifest of a published build: {error!r}") from error


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def git_sha(root: Path = ROOT) -> str | None:
    """The commit of the checkout, with `-dirty` where files differ; None where there is no git.

    Asked once a process: it is the code that runs, whatever is committed meanwhile.
    """
    if not (root / ".git").exists():
        return None
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        told = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None


def carry_history(connection: duckdb.DuckDBPyConnection, files: Iterable[Path]) -> str | None:
    """Take the rows of `meta_builds` over from the first of `files` that can be read.

    Returns a warning where files had to be passed over. A column that the older file lacks is null.
    """
    import duckdb

    passed_over = []
    for file in files:
        try:
            _carry(connection, file)
        except duckdb.Error as error:
            passed_over.append(f"{file.parent.name}: {error}")
            continue
        break
    return f"meta_builds could not be read from {'; '.join(passed_over)}" if passed_over else None


def _carry(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    connection.execute(f"attach {literal(str(file))} as earlier (read_only)")
    try:
        known = connection.execute(
            "select column_name from duckdb_columns() where database_name = 'earlier' and table_name = ?",
            [HISTORY.name],
        ).fetchall()
        ours = [identifier(name) for name, _, _ in HISTORY.columns if (name,) in known]
        history = f"{MARTS}.{HISTORY.name}"
        connection.execute(
            f"insert into {TARGET}.{history} by name "
            f"select {', '.join(ours)} from earlier.{history} order by build_id"
        )
    finally:
        connection.execute("detach earlier")


def add_to_history(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> int:
    """Write the build's own row; returns how many builds `meta_builds` tells of now."""
    versions = {f"{name}_version": value for name, value in dataclasses.asdict(manifest.versions).items()}
    row = (
        dataclasses.asdict(manifest)
        | versions
        | {
            "created_at": manifest.created_at.astimezone(UTC).replace(tzinfo=None),
            "tables": json.dumps({mart: dataclasses.asdict(fact) for mart, fact in manifest.tables.items()}),
            "quality": None if manifest.quality is None else json.dumps(manifest.quality, ensure_ascii=False),
            "is_sample": manifest.sample,
            "forced_by": manifest.forced.by if manifest.forced else None,
            "forced_because": manifest.forced.because if manifest.forced else None,
        }
    )
    HISTORY.add(connection, [row])
    found = connection.execute(f"select count(*) from {TARGET}.{MARTS}.{HISTORY.name}").fetchone()
    return int(found[0]) if found else 0
