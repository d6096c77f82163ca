"""Going back to a build that was published before, and standing by it.

A run that says again what was gone back from is not shown again: only what says something else is, or
what a person shows. How a build is made and checked is not known here.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path

from orchestration.publishing import PublishError
from orchestration.publishing.builds import TEMPORARY, Builds, sync
from orchestration.publishing.manifest import Manifest

ROLLBACK = "rollback.json"


@dataclass(frozen=True, slots=True)
class Rollback:
    """Which build was `left` for `to`, who did it, and when (UTC, ISO)."""

    left: str
    to: str
    by: str
    at: str


def go_back(builds: Builds, build_id: str, by: str, at: str) -> Rollback | None:
    """Show readers an earlier build; None when they see it already.

    Raises PublishError when there is no such build, or it is not whole any more.
    """
    left = builds.current()
    if builds.manifest_of(build_id) is None:
        raise PublishError(_no_such_build(builds, build_id))
    if left == build_id:
        return None
    stood_by_before = read_rollback(builds)
    newest = max(left or "", stood_by_before.left if stood_by_before else "")
    rollback = Rollback(newest, build_id, by, at)
    if build_id == rollback.left:  # Forward again, to what was left: nothing is stood by.
        forget_rollback(builds)
    else:
        _write(builds, rollback)
    builds.flip(build_id)
    return rollback


def _no_such_build(builds: Builds, build_id: str) -> str:
    lying = [name for name in builds.names() if builds.manifest_of(name)]
    listed = "\n".join(f"  {name}" for name in lying) or "  none"
    state = "is not whole any more" if build_id in builds.names() else "is not here"
    return f"the build {build_id} {state}; these are:\n{listed}"


def _write(builds: Builds, rollback: Rollback) -> None:
    fresh = builds.root / f"{TEMPORARY}{ROLLBACK}"
    fresh.write_text(json.dumps(dataclasses.asdict(rollback), indent=2) + "\n", encoding="utf-8")
    sync(fresh)
    os.replace(fresh, _file(builds))
    sync(builds.root)


def _file(builds: Builds) -> Path:
    return builds.root / ROLLBACK


def read_rollback(builds: Builds) -> Rollback | None:
    """The rollback that readers stand by, None where there is none or it cannot be read."""
    try:
        return Rollback(**json.loads(_file(builds).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def forget_rollback(builds: Builds) -> None:
    """Stand by nothing: a build that says something else is shown."""
    _file(builds).unlink(missing_ok=True)


def stood_by(builds: Builds, draft: Manifest) -> Rollback | None:
    """The rollback by which this build is not shown again: it says what was gone back from."""
    rollback = read_rollback(builds)
    if rollback is None or rollback.to != builds.current():
        return None
    left = builds.manifest_of(rollback.left)
    return rollback if left and left.says_the_same_as(draft) else None
