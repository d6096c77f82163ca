"""The three processes of a server: each prepares the home, says what is wrong, and becomes Dagster's own.

`code` holds the definitions and the runs, `daemon` the schedules and sensors, `web` the UI. Runs are children
of `code`: the other two come and go without a run noticing, and `code` waits for a run when it is asked
to stop. What starts them (systemd, Docker) is beside this file.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from orchestration.deploy.process import Process, socket_of
from orchestration.home import ROOT, Home
from orchestration.launching import SOCKET
from orchestration.running import readiness
from orchestration.selection import Selection

WORKSPACE = str(Path(__file__).with_name("workspace.yaml"))


def serve(selection: Selection, process: Process, host: str, port: int) -> int:
    """Become the process; returns only where it cannot start. Without Docker or systemd: `laborledger ui`."""
    if (status := readiness(selection)) is not None:
        return status
    os.environ[SOCKET] = str(socket_of(selection.home))
    program, *arguments = command(selection.home, process, host, port)
    # A shell starts what is sent to its background deaf to Ctrl-C; Dagster would then ignore SIGTERM too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
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
