"""What workers of an engine are given in tests: paths that end them, or leave a note of each try."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def tried(path: str) -> int:
    """How often a path was tried, this time included."""
    notes = Path(path)
    with notes.open("a", encoding="utf-8") as file:
        file.write("tried\n")
    return len(notes.read_text(encoding="utf-8").splitlines())


def answer(path: str) -> str:
    """The path's name; one named `dies` ends its worker each time, `once` the first time, `raises` raises."""
    tries, name = tried(path), Path(path).name
    if name == "dies" or (name == "once" and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "raises":
        raise ValueError("no such thing")
    return name
