"""Runs a command on one core as its user does, and says what that took: time, processor time, memory.

What is run and what is wanted of it is for `checks`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

COMMAND = (str(Path(sys.executable).with_name("laborledger")), "extract")
PEER = (
    sys.executable,
    "-c",
    "import json, sys\nfor line in sys.stdin.buffer: json.loads(line)['text'].split()",
)
"""The floor: nobody in Python reads an article faster than it is parsed and cut at its spaces."""
SAMPLED_EVERY = 0.1
MEBIBYTE = 2**20


class CommandError(RuntimeError):
    """A measured command failed; the message is the last line of what it said."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run took: seconds by the clock and of the processor, peak and course of its memory (MiB)."""

    seconds: float
    processor: float
    peak: float
    memory: tuple[float, ...]
    lines: int

    @property
    def growth(self) -> float:
        """By how much the memory grew over the last four fifths of the run."""
        settled = self.memory[len(self.memory) // 5 :]
        return max(settled) - settled[0] if settled else 0.0


def written(lines: Iterable[str], folder: Path, name: str) -> Path:
    """The lines as a file, so that making them costs the measured process nothing."""
    path = folder / f"{name}.jsonl"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
    return path


def take(command: Sequence[str], source: Path) -> Taken:
    """Run a command with a file as its input. Raises CommandError where it does not end well."""
    with source.open("rb") as given, tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=told, stderr=said)
        _pin(process.pid)
        memory: list[float] = []
        watcher = threading.Thread(target=_watch, args=(process.pid, memory), daemon=True)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        if process.returncode:
            said.seek(0)
            raise CommandError(_last_line(said.read(), process.returncode))
        told.seek(0)
        lines = sum(1 for _ in told)
    processor = used.ru_utime + used.ru_stime
    return Taken(seconds, processor, _mebibytes(used.ru_maxrss), tuple(memory), lines)


def _pin(pid: int) -> None:
    """Keep a process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})


def _watch(pid: int, memory: list[float]) -> None:
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            memory.append(process.memory_info().rss / MEBIBYTE)
            time.sleep(SAMPLED_EVERY)
    except psutil.Error:
        return


def _mebibytes(maxrss: int) -> float:
    """Linux tells kibibytes, macOS bytes."""
    return maxrss / (MEBIBYTE if sys.platform == "darwin" else 1024)


def _last_line(said: bytes, status: int) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit status {status}"
