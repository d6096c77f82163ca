"""A server's processes on the sample outlet: a run outlives the daemon, the code server waits for it;
where that one died, the run is taken up again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs import laborledger
from tests.server import ENDS_WITHIN, LOCATIONS, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "home")
    server.start("code", "web", "daemon")
    yield server
    server.close()


@pytest.mark.skipif("LABORLEDGER_KILLS" not in os.environ, reason="long: make endurance")
def test_a_run_outlives_the_daemon_and_ends_before_the_code_server_does(server: Server) -> None:
    (location,) = server.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
    assert location["name"] == "laborledger"
    assert location["locationOrLoadError"]["__typename"] == "RepositoryLocation", location

    run_id = server.launch("ledger")
    assert server.wait_for(run_id, {"STARTED"}) == "STARTED"
    assert server.stop("daemon") == 0
    assert server.stop("code") == 0
    assert server.runs()[run_id] == "SUCCESS"
    assert (server.home / "published" / "labor_ledger.duckdb").exists()

    assert server.healthy("code").stderr.startswith("unhealthy: the code server does not answer")
    assert server.healthy("web").stdout == "healthy\n"
    server.stop("web")
    assert server.healthy("web").returncode == 1


def test_a_run_whose_code_server_died_is_taken_up_again(server: Server) -> None:
    run_id = server.launch("ledger")
    assert server.wait_for(run_id, {"STARTED"}) == "STARTED"
    server.kill("code")
    assert server.runs()[run_id] == "STARTED"

    server.start("code")
    assert server.wait_for(run_id, set()) == "FAILURE"
    again = _next_run(server, after=run_id)
    assert server.wait_for(again, set()) == "SUCCESS"


def _next_run(server: Server, after: str) -> str:
    end = time.monotonic() + ENDS_WITHIN
    while (newest := next(iter(server.runs()))) == after:
        assert time.monotonic() < end, server.log("daemon")[-2000:]
        time.sleep(0.5)
    return newest


def test_a_server_that_cannot_run_says_why_and_is_not_started_again(tmp_path: Path) -> None:
    sources = tmp_path / "my.toml"
    sources.write_text("[[source]]\nid = 7\n")
    said = laborledger("serve", "code", "--sources", sources, "--home", tmp_path / "home")
    assert said.returncode == 2
    assert "my.toml" in said.stderr


def test_a_daemon_that_never_ran_is_not_well(tmp_path: Path) -> None:
    laborledger("run", "--sources", "none", "--home", tmp_path / "home")
    said = laborledger("healthy", "daemon", "--home", tmp_path / "home")
    assert said.returncode == 1
    assert said.stderr == "unhealthy: the daemon gave no sign of life in the last 300 s\n"
