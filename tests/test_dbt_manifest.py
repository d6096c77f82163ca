"""dbt's manifest: current by what the project says, and in the home where the checkout is read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import dbt_manifest
from orchestration.dbt_manifest import is_current, mark_current
from orchestration.home import ROOT
from tests.needs import needs
from tests.runs import environment

READ_ONLY = """set -e; mount --bind "$1" "$1"; cd "$1"; mount -t tmpfs -o ro tmpfs dbt_project/target
mount -o remount,bind,ro "$1"; cd "$1"; shift; exec "$@" """
"""A checkout without a manifest that not even root can write into; the mounts end with the process."""
LOADS = "import orchestration.defs.dbt as loaded; print(loaded.PROJECT.manifest_path)"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one model, with a manifest of it."""
    (tmp_path / "target").mkdir()
    (tmp_path / "model.sql").write_text("select 1")
    (tmp_path / "target" / "manifest.json").write_text("{}")
    for name, value in {"ROOT": tmp_path, "PROJECT_DIR": tmp_path, "WATCHED": (tmp_path,)}.items():
        monkeypatch.setattr(dbt_manifest, name, value)
    return tmp_path


def test_a_manifest_is_current_until_the_project_says_something_else(project: Path) -> None:
    assert not is_current(project / "target")
    mark_current(project / "target")
    assert is_current(project / "target")
    os.utime(project / "model.sql", (0, 0))
    assert is_current(project / "target")
    before = (project / "model.sql").stat()
    (project / "model.sql").write_text("select 2")
    os.utime(project / "model.sql", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not is_current(project / "target")


def test_what_dbt_wrote_into_its_target_is_no_change(project: Path) -> None:
    mark_current(project / "target")
    (project / "target" / "compiled.sql").write_text("select 1")
    assert is_current(project / "target")


def test_a_read_only_checkout_has_its_manifest_in_the_home(tmp_path: Path) -> None:
    needs(
        os.geteuid() == 0 and shutil.which("unshare"),
        "root and unshare: a checkout that nobody can write into",
    )
    command = ["unshare", "--mount", "bash", "-c", READ_ONLY, "-", str(ROOT), sys.executable, "-W", "ignore"]
    env = environment(LABORLEDGER_HOME=str(tmp_path / "home"), PYTHONDONTWRITEBYTECODE="1")
    loaded = subprocess.run([*command, "-c", LOADS], env=env, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout == f"{tmp_path}/home/build/manifest/manifest.json\n"
    assert is_current(tmp_path / "home" / "build" / "manifest")
