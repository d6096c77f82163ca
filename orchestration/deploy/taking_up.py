"""Runs that a code server left behind when it died: marked as failed once a new one serves.

Dagster would show them as running for good, and keep their place in the queue. Not before the new one serves:
the daemon takes a failed run up again at once, and only once. Which runs retry is for `dagster.yaml`.
"""

from __future__ import annotations

import subprocess
import sys

from orchestration.deploy.healthy import trouble_after
from orchestration.deploy.process import Process
from orchestration.home import Home
from orchestration.running import PID_TAG

WAIT = 600
"""Seconds for the new code server to serve; the next one finds what this one left."""


def take_up_later() -> None:
    """Where runs were left behind, start a process that marks them when the code server serves."""
    if left := left_behind():
        subprocess.Popen([sys.executable, "-m", "orchestration.deploy.taking_up", *left])


def left_behind() -> list[str]:
    """The runs that are said to go on while no code server is there.

    A run of `laborledger run` is its own process, and no child of a code server.
    """
    import dagster as dg

    going = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    with dg.DagsterInstance.get() as instance:
        runs = [record.dagster_run for record in instance.get_run_records(dg.RunsFilter(statuses=going))]
    return [run.run_id for run in runs if PID_TAG not in run.tags]


def mark_failed(run_ids: list[str]) -> None:
    """Say of each run that has not ended that it failed."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        for record in instance.get_run_records(dg.RunsFilter(run_ids=run_ids)):
            if not record.dagster_run.is_finished:
                instance.report_run_failed(record.dagster_run, "the server that ran it died before it ended")


if __name__ == "__main__":
    if not trouble_after(WAIT, Home.default("live"), Process.CODE):
        mark_failed(sys.argv[1:])
