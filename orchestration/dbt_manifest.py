"""Where dbt's manifest lies, and whether it was made of the project as it stands.

The definitions read it when they load. Making it is dbt's work, which `defs/dbt.py` starts.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from orchestration.home import ROOT, Home

PROJECT_DIR = ROOT / "dbt_project"
WATCHED = (PROJECT_DIR, ROOT / "orchestration" / "extraction" / "lexicon", ROOT / "warehouse" / "seeds")
SUFFIXES = {".sql", ".yml", ".csv"}
OF = "manifest.of"
"""Beside a manifest: the fingerprint of what it was made of."""


def place(home: Home) -> Path:
    """The folder of the manifest: the checkout's, or the home's where that one is old and cannot be written.

    A server's checkout is read-only; an image brings the manifest along.
    """
    inside = PROJECT_DIR / "target"
    # Whether it can be written is asked first: to know whether it is current, all of the project is read.
    stays = os.access(PROJECT_DIR, os.W_OK) or is_current(inside)
    return inside if stays else home.path / "build" / "manifest"


def is_current(folder: Path) -> bool:
    """Whether the manifest in the folder was made of the models, seeds and settings that stand there now."""
    stamp = folder / OF
    has_both = stamp.exists() and (folder / "manifest.json").exists()
    return has_both and stamp.read_text(encoding="utf-8") == fingerprint()


def mark_current(folder: Path) -> None:
    """Write down that the manifest in the folder has just been made."""
    (folder / OF).write_text(fingerprint(), encoding="utf-8")


def fingerprint() -> str:
    """Of what is written, not of when: an older image or a `git checkout` of an older commit is a change."""
    told = hashlib.sha256(version("dbt-core").encode())
    for path in _watched():
        told.update(f"\0{path.relative_to(ROOT)}\0".encode())
        told.update(path.read_bytes())
    return told.hexdigest()


def _watched() -> Iterator[Path]:
    target = PROJECT_DIR / "target"
    for folder in WATCHED:
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and target not in path.parents:
                yield path
