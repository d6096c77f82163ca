"""A server's three processes as a test starts, asks and ends them, here or inside an image."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestration.home import ROOT
from tests.browser import free_port
from tests.runs import COMMAND, environment

STARTS_WITHIN = 120
ENDS_WITHIN = 180
LAUNCH = """mutation($job: String!) { launchRun(executionParams: {selector: {repositoryLocationName:
  "laborledger", repositoryName: "__repository__", jobName: $job}, runConfigData: "{}"}) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId status jobName } } } }"
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
  __typename ... on PythonError { message } } } } } }"""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


class Server:
    """Code server, daemon and web server of one home."""

    def __init__(self, home: Path, prefix: Sequence[str] = (str(COMMAND),)) -> None:
        self.home, self.prefix, self.port = home, prefix, free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = environment(LABORLEDGER_HOME=str(home), LABORLEDGER_SOURCES="sample")

    def start(self, *names: str) -> None:
        """Start processes one after the other, each when the one before it is well."""
        for name in names:
            options = ("--port", str(self.port)) if name == "web" else ()
            command = [*self.prefix, "serve", name, *options]
            with (self.home.parent / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
                )
            told = self.healthy(name, wait=STARTS_WITHIN)
            assert told.returncode == 0, told.stderr + self.log(name)

    def healthy(self, name: str, wait: int = 0) -> subprocess.CompletedProcess[str]:
        """What `laborledger healthy` says."""
        command = [*self.prefix, "healthy", name, "--port", str(self.port), "--wait", str(wait)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def log(self, name: str) -> str:
        return (self.home.parent / f"{name}.log").read_text()

    def stop(self, name: str) -> int:
        """Ask the main process to stop, as systemd with KillMode=mixed and Docker do; its exit status."""
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(ENDS_WITHIN)

    def kill(self, name: str) -> None:
        """End the process and its children at once."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def ask(self, query: str, **variables: str) -> Any:
        """The web server's answer to a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        return json.load(urllib.request.urlopen(asked, timeout=30))["data"]

    def launch(self, job: str) -> str:
        told = self.ask(LAUNCH, job=job)["launchRun"]
        assert told["__typename"] == "LaunchRunSuccess", told
        return str(told["run"]["runId"])

    def runs(self) -> dict[str, str]:
        """The state of each run, newest first."""
        return {run["runId"]: run["status"] for run in self.ask(RUNS)["runsOrError"]["results"]}

    def wait_for(self, run_id: str, states: set[str]) -> str:
        end = time.monotonic() + ENDS_WITHIN
        while time.monotonic() < end:
            if (state := self.runs()[run_id]) in states | ENDED:
                return state
            time.sleep(0.5)
        pytest.fail(f"the run is still {state}: {self.log('daemon')[-2000:]}")
