"""Whether a process of the server is well: what systemd, Docker's HEALTHCHECK and people ask.

How the ledger is, which a well process may have let go stale, `laborledger status` says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from orchestration.deploy.process import Process, socket_of
from orchestration.home import Home

PATIENCE = 5
"""Seconds for one answer."""
BEAT = 300
"""Seconds without a heartbeat, which comes each 30, after which the daemon counts as gone."""
AGAIN = 1
"""Seconds between two looks while waiting."""


def healthy(home: Home, process: Process, port: int, wait: int) -> int:
    """Say how the process is; exit status 0 where it is well, 1 where it is not after `wait` seconds."""
    trouble = trouble_after(wait, home, process, port)
    print(f"unhealthy: {trouble}" if trouble else "healthy", file=sys.stderr if trouble else sys.stdout)
    return 1 if trouble else 0


def trouble_after(wait: float, home: Home, process: Process, port: int) -> str:
    """What is still wrong with the process after `wait` seconds; empty as soon as nothing is."""
    end = time.monotonic() + wait
    while (trouble := trouble_of(home, process, port)) and time.monotonic() < end:
        time.sleep(AGAIN)
    return trouble


def trouble_of(home: Home, process: Process, port: int) -> str:
    """What is wrong with the process; empty where nothing is."""
    if process is Process.CODE:
        return _trouble_of_code(home)
    return _trouble_of_web(port) if process is Process.WEB else _trouble_of_daemon(home)


def _trouble_of_code(home: Home) -> str:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(f"unix:{socket_of(home)}") as channel:
        question = health_pb2.HealthCheckRequest(service="DagsterApi")
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(question, timeout=PATIENCE)
        except grpc.RpcError as error:
            return f"the code server does not answer ({error.code().name})"
    is_serving = answer.status == health_pb2.HealthCheckResponse.SERVING
    return "" if is_serving else "the code server is not serving"


def _trouble_of_web(port: int) -> str:
    address = f"http://127.0.0.1:{port}/server_info"
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=PATIENCE) as response:
            told = json.load(response)
    except (URLError, OSError, ValueError) as error:
        return f"the web server on port {port} does not answer ({error})"
    return "" if "dagster_webserver_version" in told else f"what answers on port {port} is not the web server"


def _trouble_of_daemon(home: Home) -> str:
    """Its heartbeats are in the home, and Dagster's own command reads them."""
    said = subprocess.run(
        [Path(sys.executable).with_name("dagster-daemon"), "liveness-check"],
        env=os.environ | {"DAGSTER_HOME": str(home.dagster), "DAGSTER_DAEMON_HEARTBEAT_TOLERANCE": str(BEAT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if said.returncode == 0 else f"the daemon gave no sign of life in the last {BEAT} s"
