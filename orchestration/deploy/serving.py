"""The three processes of a server: each prepares the home, says what is wrong, and becomes Dagster's own.

`code` holds the definitions and the runs, `daemon` the schedules and sensors, `web` the UI. Runs are children
of `code`: the other two come and go without a run noticing, and `code` waits for a run when it is asked
to stop. What starts them (systemd, Docker) is beside this file.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.home import ROOT, Home
from orchestration.running import PID_TAG, readiness
from orchestration.selection import Selection

if TYPE_CHECKING:
    from dagster import DagsterInstance

SOCKET = "LABORLEDGER_SOCKET"
WORKSPACE = str(Path(__file__).with_name("workspace.yaml"))


class Process(StrEnum):
    """A process of the server."""

    CODE = "code"
    DAEMON = "daemon"
    WEB = "web"


def socket_of(home: Home) -> Path:
    """Where the code server of a home listens."""
    return home.dagster / "code.sock"


def serve(selection: Selection, process: Process, host: str, port: int) -> int:
    """Become the process; returns only where it cannot start. Without Docker or systemd: `laborledger ui`."""
    if (status := readiness(selection)) is not None:
        return status
    os.environ[SOCKET] = str(socket_of(selection.home))
    if process is Process.CODE:
        _close_cut_off_runs()
    program, *arguments = command(selection.home, process, host, port)
    os.chdir(ROOT)
    os.execv(program, [program, *arguments])


def command(home: Home, process: Process, host: str, port: int) -> list[str]:
    """Dagster's own command line for a process; `host` and `port` are the web server's."""
    programs = Path(sys.executable).parent
    if process is Process.CODE:
        return [
            *(str(programs / "dagster"), "api", "grpc", "--socket", str(socket_of(home))),
            *("--module-name", "orchestration.definitions", "--working-directory", str(ROOT)),
            *("--location-name", "laborledger"),
        ]
    if process is Process.DAEMON:
        return [str(programs / "dagster-daemon"), "run", "--workspace", WORKSPACE]
    web = str(programs / "dagster-webserver")
    return [web, "--workspace", WORKSPACE, "--host", host, "--port", str(port)]


def _close_cut_off_runs() -> None:
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        close_cut_off_runs(instance)


def close_cut_off_runs(instance: DagsterInstance) -> int:
    """Mark the runs of a code server that is gone as failed: the daemon takes them up again. Gives how many.

    Dagster would show them as running for good, and keep their place in the queue. A run of `laborledger run`
    is its own process, and no child of a code server.
    """
    import dagster as dg

    going = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    runs = [record.dagster_run for record in instance.get_run_records(dg.RunsFilter(statuses=going))]
    cut_off = [run for run in runs if PID_TAG not in run.tags]
    for run in cut_off:
        instance.report_run_failed(run, "the server that ran it was stopped or died before it ended")
    return len(cut_off)
