"""The gate before publishing: dbt's own word that this build is whole and passed its checks.

Reads `run_results.json` and `manifest.json` as dbt wrote them, never an orchestrator's state. Judging
rows belongs in dbt tests, and opening the file in `smoke.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.publishing import MARTS, PublishError
from orchestration.publishing.checks import ERROR, FAIL, PASS, WARN, Check
from orchestration.publishing.keys import Key, keys_of
from orchestration.warehouse import Built

PASSED = frozenset({"success", "pass", "no-op"})
"""dbt says no-op of what it only documents: exposures."""
CLOSING = timedelta(minutes=1)
"""dbt writes its results before DuckDB's last checkpoint, so the build file is a little younger."""
SHOWN = 20
"""Of the names in one message: a broken source fails a hundred tests."""


class GateRefused(PublishError):
    """The build did not pass; the message names what failed."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A build that may be published: its `marts` and their keys, the `dbt` version, and what dbt checked."""

    dbt: str
    marts: tuple[str, ...]
    checks: tuple[Check, ...]
    keys: tuple[Key, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Checks that did not pass and keep nothing from being published."""
        return tuple(check.told() for check in self.checks if check.status == WARN)


def check_gate(target: Path, built: Path | Built | None, is_forced: bool = False) -> Passed:
    """Read dbt's artifacts in `target` about what was built: a build file, or a snapshot of the lake.

    Raises GateRefused when an artifact is missing or broken, is of another dbt call than its
    neighbour (a killed one leaves such a pair), is older than the build, lacks a node of the project,
    or tells of a model, seed or error-severity test that did not pass. A person may force a build whose
    tests failed; none whose marts were not made.
    """
    results = _read(target / "run_results.json")
    manifest = _read(target / "manifest.json")
    try:
        _check_whole(results, manifest)
        _check_age(results, built) if isinstance(built, Path) else _check_lake(results, built)
        return _judge(results, manifest, is_forced)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GateRefused(
            f"dbt's artifacts in {target} are not of a known form ({error!r}): build again"
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise GateRefused(f"{path} is missing: dbt has not built here; run the build first") from error
    except (OSError, ValueError) as error:
        raise GateRefused(f"{path} cannot be read ({error}): build again") from error
    if not isinstance(content, dict):
        raise GateRefused(f"{path} is no dbt artifact: build again")
    return content


def _check_whole(results: dict[str, Any], manifest: dict[str, Any]) -> None:
    if results["metadata"]["invocation_id"] != manifest["metadata"]["invocation_id"]:
        raise GateRefused(
            "run_results.json is of an earlier dbt call, so the last one was cut off: build again"
        )


def _check_lake(results: dict[str, Any], built: Built | None) -> None:
    """A snapshot of the lake does not change: it only has to be that of dbt's results."""
    if built is None or built.invocation_id != results["metadata"]["invocation_id"]:
        raise GateRefused("dbt's results are not of this home's last build on the lake: build again")


def _check_age(results: dict[str, Any], build_file: Path) -> None:
    finished = datetime.fromisoformat(results["metadata"]["generated_at"])
    written = _last_written(build_file)
    if written > finished + CLOSING:
        raise GateRefused(
            f"run_results.json is older ({finished:%Y-%m-%d %H:%M:%S} UTC) than the build file "
            f"({written:%Y-%m-%d %H:%M:%S} UTC), which was written to since: build again"
        )


def _last_written(build_file: Path) -> datetime:
    if not build_file.exists():
        raise GateRefused(f"{build_file} is missing: there is no build to publish")
    wal = build_file.with_name(build_file.name + ".wal")
    return max(
        datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in (build_file, wal) if path.exists()
    )


def _judge(results: dict[str, Any], manifest: dict[str, Any], is_forced: bool) -> Passed:
    outcomes = {result["unique_id"]: result for result in results["results"]}
    wanted = {name: node for name, node in manifest["nodes"].items() if _is_built(node)}
    broken = [name for name in outcomes if not _has_passed(outcomes[name])]
    kept = [name for name in broken if not (is_forced and _is_failed_test(wanted.get(name), outcomes[name]))]
    if kept:
        lines = _listed([_line(name, outcomes[name]) for name in kept])
        raise GateRefused(f"{len(kept)} of {len(outcomes)} dbt nodes did not pass:\n{lines}")
    missing = sorted(wanted.keys() - outcomes.keys())
    if missing:
        raise GateRefused(
            f"dbt built only a part: {len(missing)} nodes are not among its results. "
            f"Build the whole project:\n{_listed(missing)}"
        )
    tests = {name: node for name, node in wanted.items() if node["resource_type"] == "test"}
    return Passed(
        dbt=results["metadata"]["dbt_version"],
        marts=tuple(sorted(_marts(wanted.values()))),
        checks=tuple(_check(manifest, node, outcomes[name]) for name, node in tests.items()),
        keys=keys_of(manifest),
    )


def _is_failed_test(node: dict[str, Any] | None, result: dict[str, Any]) -> bool:
    """Whether a test ran and found something; one that broke, or was never reached, says nothing."""
    return node is not None and node["resource_type"] == "test" and result["status"] == FAIL


def _check(manifest: dict[str, Any], node: dict[str, Any], result: dict[str, Any]) -> Check:
    about = manifest["nodes"].get(node.get("attached_node") or "", {})
    has_passed = result["status"] in PASSED
    return Check(
        check_name=node.get("name") or node["alias"],
        table_name=f"{about['schema']}.{about['alias']}" if about else None,
        checked_by="dbt",
        severity=str(node["config"].get("severity") or ERROR).lower(),
        status=PASS if has_passed else str(result["status"]),
        failures=int(result.get("failures") or 0),
        message=None if has_passed else _message(result),
    )


def _is_built(node: dict[str, Any]) -> bool:
    """Whether `dbt build` reports on the node: an ephemeral model is only text in others."""
    return node["resource_type"] in {"model", "seed", "snapshot", "test"} and (
        node["config"].get("materialized") != "ephemeral"
    )


def _marts(nodes: Any) -> Iterator[str]:
    for node in nodes:
        if node["resource_type"] != "test" and node["schema"] == MARTS:
            yield node["alias"]


def _has_passed(result: dict[str, Any]) -> bool:
    return result["status"] in PASSED or result["status"] == WARN


def _line(name: str, result: dict[str, Any]) -> str:
    return f"{name}: {result['status']}: {_message(result)}"


def _message(result: dict[str, Any]) -> str:
    return " ".join(str(result.get("message") or "no message").split())


def _listed(lines: list[str]) -> str:
    more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join(f"  {line}" for line in lines[:SHOWN] + more)
