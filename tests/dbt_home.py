"""dbt on a home's build file, as a run calls it, and questions to what it built."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from orchestration.home import ROOT, Home
from orchestration.publishing.gate import check_gate
from orchestration.publishing.marts import content_hash, reading, table_facts

PROJECT = ROOT / "dbt_project"
FAILED = {"fail", "error", "skipped"}


class Warehouse:
    """dbt on one home, and what it built."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def dbt(self, *words: str, target: Path) -> int:
        """Run a dbt command and let go of the build file: how many nodes ran. Fails by what did not pass."""
        folders = ("--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", target)
        try:
            answer = dbtRunner().invoke([*words, "--quiet", "--log-level-file", "none", *map(str, folders)])
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        assert not answer.exception, answer.exception
        results = list(getattr(answer.result, "results", []))
        assert answer.success, [f"{r.node.name}: {r.message}" for r in results if r.status in FAILED]
        return len(results)

    def aside(self, target: Path, *words: str) -> int:
        """A dbt command whose artifacts are not those of the build; what is parsed is not parsed again."""
        shutil.copy(self.home.dbt_target / "partial_parse.msgpack", target)
        return self.dbt(*words, target=target)

    def build(self) -> None:
        """What a run does."""
        self.dbt("build", "--exclude-resource-type", "unit_test", target=self.home.dbt_target)

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.build_file), read_only=True) as connection:
            return connection.execute(query, values).fetchall()

    def marts(self) -> tuple[str, ...]:
        """The names that the gate lets through."""
        return check_gate(self.home.dbt_target, self.home.build_file).marts

    def content(self) -> str:
        with reading(self.home) as connection:
            return content_hash(table_facts(connection, self.marts()))
