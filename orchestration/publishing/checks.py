"""What was checked of a build before it was published: the rows of `meta_checks`.

How dbt tells it is read in `gate.py`, what publishing itself looks at is in `losses.py` and
`quality.py`; here is what a check is, and its table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.publishing.marts import Told

if TYPE_CHECKING:
    import duckdb

ERROR, WARN = "error", "warn"
PASS, FAIL = "pass", "fail"

META_CHECKS = Told(
    "meta_checks",
    "Grain: one check of this build. A failed one of severity error is here only where somebody forced the "
    "build: meta_builds says who and why.",
    (
        ("check_name", "varchar", "Name of the dbt test, or of what publishing itself looks at"),
        ("table_name", "varchar", "The table it is about; null where it is about several"),
        ("checked_by", "varchar", "dbt: over the rows; publish: against the build published before"),
        ("severity", "varchar", "error: it keeps a build from being published; warn: it is only told"),
        ("status", "varchar", "pass, warn or fail"),
        ("failures", "bigint", "Rows, or things, that did not pass; 0 where all did"),
        ("message", "varchar", "What did not pass; null where all did"),
    ),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One row of `meta_checks`."""

    check_name: str
    table_name: str | None
    checked_by: str
    severity: str
    status: str
    failures: int
    message: str | None

    @property
    def refuses(self) -> bool:
        """Whether it keeps the build from being published."""
        return self.status == FAIL and self.severity == ERROR

    def told(self) -> str:
        """In one line."""
        return f"{self.check_name}: {self.status}: {self.message or 'no message'}"


def own_check(name: str, severity: str, problems: list[str], table: str | None = None) -> Check:
    """A check of publishing's own, from the problems that it found."""
    status = PASS if not problems else FAIL if severity == ERROR else WARN
    return Check(name, table, "publish", severity, status, len(problems), "; ".join(problems) or None)


def write_checks(connection: duckdb.DuckDBPyConnection, checks: Iterable[Check]) -> int:
    """Make `meta_checks` in the copy; returns its rows."""
    META_CHECKS.create(connection)
    rows = sorted((dataclasses.asdict(check) for check in checks), key=lambda row: str(row["check_name"]))
    return META_CHECKS.add(connection, rows)
