"""One reader of a published file, in a process and with a DuckDB of its own: what analysts' tools do all day.

python published_reader.py HOW FILE COUNTER STOP

Reads FILE until STOP is there, and prints what it saw as JSON. COUNTER holds the number of the newest build
that is surely published: a new connection may not see an older one. All tables of build n say n.
Nothing but duckdb is imported, so that every version's environment runs it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

NUMBERS = (
    "select workers_low from marts.fct_claims where claim_id = 'c1' "
    "union all select label::bigint from marts.dim_sectors "
    "union all select workers_low from marts.fct_deployments where event_id = 'c1'"
)
SCAN = "select count(*), sum(workers_low) from marts.fct_claims, range(20000000) where claim_id = 'c1'"
HELD_READS = 20


class Reader:
    """Counts what it read, and notes what should not be."""

    def __init__(self, file: str, counter: Path) -> None:
        self.file, self.counter = file, counter
        self.reads, self.seen = 0, set()
        self.problems: list[str] = []

    def newest(self) -> int:
        return int(self.counter.read_text())

    def numbers(self, connection: duckdb.DuckDBPyConnection) -> int:
        """The build's number; a torn read, of two builds at once, is a problem."""
        found = {int(n) for (n,) in connection.execute(NUMBERS).fetchall()}
        self.reads += 1
        self.seen |= found
        if len(found) != 1:
            self.problems.append(f"torn: {sorted(found)}")
        return max(found, default=-1)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A new connection, which must see what was published before it was asked for."""
        surely = self.newest()
        connection = duckdb.connect(self.file, read_only=True)
        if (number := self.numbers(connection)) < surely:
            self.problems.append(f"stale: {number} where {surely} was published")
        return connection

    def opening(self) -> None:
        """Open, ask, close."""
        self.connect().close()

    def holding(self) -> None:
        """One connection for many questions: it keeps to one build."""
        connection = self.connect()
        found = {self.numbers(connection) for _ in range(HELD_READS) if not time.sleep(0.02)}
        if len(found) != 1:
            self.problems.append(f"changed under a held connection: {sorted(found)}")
        connection.close()

    def beside(self) -> None:
        """New connections beside a held one (from DuckDB 1.5 on they see the newest build)."""
        held = self.connect()
        for _ in range(3):
            self.connect().close()
            time.sleep(0.05)
        self.numbers(held)
        held.close()

    def scanning(self) -> None:
        """A question that outlasts builds."""
        connection = self.connect()
        number = self.numbers(connection)
        if connection.execute(SCAN).fetchone() != (20_000_000, 20_000_000 * number):
            self.problems.append(f"a scan of build {number} went wrong")
        self.reads += 1
        connection.close()


def main() -> None:
    """Read until told to stop."""
    how, file, counter, stop = sys.argv[1:]
    reader = Reader(file, Path(counter))
    print("ready", flush=True)
    while not Path(stop).exists():
        try:
            getattr(reader, how)()
        except Exception as error:
            reader.problems.append(f"{type(error).__name__}: {error}")
            break
    told = {"how": how, "duckdb": duckdb.__version__, "reads": reader.reads, "builds": len(reader.seen)}
    print(json.dumps(told | {"problems": reader.problems[:5]}))


if __name__ == "__main__":
    main()
