"""A home with many made-up claims, and what dbt takes to build it.

The claims are made by SQL (`claims.sql`), so that a million take seconds; reading them is dbt's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.extraction import lexicon
from orchestration.home import Home
from orchestration.ledger import open_ledger

SCRIPT = Path(__file__).with_name("claims.sql")
COUNTRIES = Path(lexicon.__file__).with_name("countries.csv")
CLAIMS_AN_EVENT = 2.02
"""Of the made-up events, on average."""


def home_of_claims(folder: Path, claims: int, seed: int = 7) -> Home:
    """A new home whose build file holds about so many claims."""
    home = Home(folder)
    home.prepare()
    with open_ledger(home):
        pass  # which makes the raw tables
    _make(home, claims, seed, "")
    return home


def _make(home: Home, claims: int, seed: int, prefix: str) -> None:
    """Insert the claims of one seed; `prefix` keeps their names apart from those of another."""
    settings = {
        "seed": seed, "events": round(claims / CLAIMS_AN_EVENT), "countries": str(COUNTRIES),
        "prefix": prefix,
    }  # fmt: skip
    with duckdb.connect(str(home.build_file)) as connection:
        for name, value in settings.items():
            connection.execute(f"set variable {name} = $value", {"value": value})
        connection.execute(SCRIPT.read_text(encoding="utf-8"))


def add_claims(home: Home, claims: int, seed: int = 11) -> None:
    """Add about so many claims to a home: the articles of one more day."""
    _make(home, claims, seed, f"more-{seed}-")


@dataclass(frozen=True, slots=True)
class Build:
    """What a build took: dbt's elapsed seconds, and the peak of the process's memory in MiB."""

    seconds: float
    peak: float


def built(home: Home) -> Build:
    """Build the marts in a process of its own. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "benchmarks.claims", str(home.path)]
    environment = os.environ | {"LABORLEDGER_BUILD": str(home.build_file)}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    peak = float(told.stdout.split()[-1])
    results = json.loads((home.dbt_target / "run_results.json").read_text(encoding="utf-8"))
    return Build(float(results["elapsed_time"]), peak)


if __name__ == "__main__":
    import resource

    from orchestration.building import build

    outcomes = build(Home(Path(sys.argv[1])))
    failed = [o for o in outcomes.values() if o.has_failed]
    if failed:
        sys.exit("; ".join(f"{o.name}: {o.message}" for o in failed))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
