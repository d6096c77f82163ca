"""Dagster's run launcher, which also knows whether the process of a run is still there.

Dagster's own asks nobody: a run whose code server is killed with it, as when a machine is switched off, goes
on for ever in its history, and holds up all that wait for its pool. Starting runs is Dagster's as before.
"""

from __future__ import annotations

import os
import platform

import dagster as dg
import psutil
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster_shared.serdes import deserialize_value

HOST_TAG = "laborledger/host"
"""Of a run that `laborledger run` began: a process number says nothing on another machine."""
SOCKET = "LABORLEDGER_SOCKET"
"""Set where a code server of its own holds the runs, as on a server: it is asked after them."""
ANSWER = 10
"""Seconds for its answer."""
SLACK = 1.0
"""Seconds by which a process may seem to have begun after it was spoken of."""
PID = "pid"
GONE = "its process is gone: the run was cut off"


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster does; the daemon's monitor may ask it after each."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """So that the monitor asks."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run is there; one of which that cannot be known counts as there."""
        if self._is_disowned(run) if _is_served(run) else is_cut_off(self._instance, run):
            return CheckRunHealthResult(WorkerStatus.FAILED, GONE)
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _is_disowned(self, run: dg.DagsterRun) -> bool:
        """Whether the code server answers, and knows nothing of the run: it is a later one.

        Runs are its children, in its container and in its control group: they die with it.
        """
        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        if client is None:
            return False
        try:
            told = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run.run_id), timeout=ANSWER)
            return not deserialize_value(told, CanCancelExecutionResult).can_cancel
        except dg.DagsterError:
            return False


def _is_served(run: dg.DagsterRun) -> bool:
    """Whether a run is a child of a code server, maybe in another container: its number says nothing."""
    return SOCKET in os.environ and HOST_TAG not in run.tags


def is_cut_off(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run goes on by its history, and the process of this machine that it says it is in is gone."""
    if run.tags.get(HOST_TAG, platform.node()) != platform.node():
        return False
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    told = [(_pid(event), event.timestamp) for event in events]
    known = [(pid, since) for pid, since in told if pid is not None]
    return bool(known) and not _is_there(*known[-1])


def _pid(event: dg.EventLogEntry) -> int | None:
    """The process that an event of the engine names."""
    metadata = event.dagster_event.engine_event_data.metadata if event.dagster_event else {}
    value = metadata[PID].value if PID in metadata else None
    return int(value) if isinstance(value, str) and value.isdigit() else None


def _is_there(pid: int, since: float) -> bool:
    """Whether a process that was there at a moment still is; its number may have come to another."""
    try:
        process = psutil.Process(pid)
        is_same = process.create_time() <= since + SLACK
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
