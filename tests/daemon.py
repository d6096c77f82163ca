"""A home's Dagster daemon as a server runs it, and ways to kill what belongs to it.

The daemon, its code server and the runs are real processes; whoever uses this plays the supervisor that
starts the daemon again. What should come of a kill is for the tests.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from orchestration.home import ROOT, Home
from orchestration.instance import prepare_history
from tests.runs import environment

BIN = Path(sys.executable).parent
DEFINITIONS = ("-m", "orchestration.definitions")
GOING = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
RUN, STEP, SERVER, DAEMON, ALL = "run", "step", "code server", "daemon", "everything"
KINDS = (RUN, STEP, SERVER, DAEMON, ALL)
TICK = 0.5


@dataclass
class Machine:
    """The processes of one home; `log` is what the daemon said."""

    home: Home
    sources: Path
    log: Path
    more: dict[str, str] = field(default_factory=dict)
    """More of its environment."""
    _daemon: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def environment(self) -> dict[str, str]:
        """What the processes have in their environment, as `Selection.export` gives it."""
        return environment(
            LABORLEDGER_SOURCES=str(self.sources),
            LABORLEDGER_HOME=str(self.home.path),
            LABORLEDGER_BUILD=str(self.home.build_file),
            DAGSTER_HOME=str(self.home.dagster),
            **self.more,
        )

    def start(self) -> None:
        """Start the daemon unless it is there."""
        if self._daemon and self._daemon.poll() is None:
            return
        with self.log.open("ab") as log:
            command = [str(BIN / "dagster-daemon"), "run", *DEFINITIONS]
            self._daemon = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(), stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> None:
        """End everything: kindly, and then not."""
        if self._daemon and self._daemon.poll() is None:
            self._daemon.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._daemon.wait(20)
        self.kill(ALL)

    def launch(self, job: str) -> None:
        """Put a job into the daemon's queue."""
        command = [str(BIN / "dagster"), "job", "launch", *DEFINITIONS, "-j", job]
        told = subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True)
        assert told.returncode == 0, told.stderr

    def runs(self) -> list[tuple[str, str]]:
        """Job and status of each run, oldest first."""
        file = self.home.dagster / "history" / "runs.db"
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            try:
                return connection.execute("select pipeline_name, status from runs order by id").fetchall()
            except sqlite3.OperationalError:
                return []  # Its tables are being made.

    def is_busy(self) -> bool:
        """Whether a run goes on or waits."""
        return any(status in GOING for _, status in self.runs())

    def settle(self, longest: float = 400) -> None:
        """Wait until nothing goes on, starting the daemon again where it is gone, as a supervisor does."""
        until, quiet = time.monotonic() + longest, 0
        while quiet < 3:
            assert time.monotonic() < until, f"still going after {longest} s: {self.runs()[-3:]}"
            self.start()
            time.sleep(TICK)
            quiet = 0 if self.is_busy() else quiet + 1

    def processes(self) -> list[psutil.Process]:
        """All that runs for this home: the daemon, its code server, runs, and what those started."""
        mine = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("DAGSTER_HOME") == str(self.home.dagster):
                    mine.append(process)
        return [process for process in mine if process.pid != os.getpid()]

    def of_kind(self, kind: str) -> list[psutil.Process]:
        """The processes of a kind; a step is what a run has started, or the run: steps run in its process."""
        mine = {process.pid: (process, _words(process)) for process in self.processes()}
        if kind == ALL:
            return [process for process, _ in mine.values()]
        if kind == DAEMON:
            return [process for process, words in mine.values() if "dagster-daemon" in words]
        servers = [process for process, words in mine.values() if "api grpc" in words]
        if kind == SERVER:
            return servers
        runs = [p for p, words in mine.values() if "spawn_main" in words and _parent(p) in mine]
        return runs if kind == RUN else [*(child for run in runs for child in _children(run)), *runs]

    def kill(self, kind: str, chance: random.Random | None = None) -> int:
        """Kill one process of a kind, or all where everything is meant; gives how many."""
        found = self.of_kind(kind)
        chosen = found if kind == ALL or chance is None else chance.sample(found, min(1, len(found)))
        for process in chosen:
            with suppress(psutil.Error):
                process.kill()
        if self._daemon:
            self._daemon.poll()
        return len(chosen)


@contextmanager
def machine(home: Home, sources: Path, log: Path, **more: str) -> Iterator[Machine]:
    """A running daemon until the block ends; nothing of it is left."""
    home.prepare()
    prepare_history(home)
    running = Machine(home, sources, log, more)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def wait_for(condition: Callable[[], bool], seconds: float = 200) -> None:
    """Wait until a condition holds; AssertionError where it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []
