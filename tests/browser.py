"""The Dagster UI and a real browser to look at it with: fixtures of the tests of whole runs.

One file of tests uses them: with several processes, a file's tests stay in one, and share one home.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestration.home import ROOT
from tests.needs import needs
from tests.runs import COMMAND, Ran, environment

CHROMIUM = Path("/usr/bin/chromium")
STARTS_WITHIN, RUNS_WITHIN = 120, 150
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def ui(sample: Ran) -> Iterator[tuple[str, Path]]:
    """The address of `laborledger ui` on the sample outlet, and its home."""
    needs(CHROMIUM.exists(), "make setup-system")
    home, port = sample[0], free_port()
    log = home.parent / "ui.log"
    command = [str(COMMAND), "ui", "--sources", "sample", "--home", str(home), "--port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=out, stderr=out, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/server_info", process, log)
        yield f"http://127.0.0.1:{port}", home
    finally:
        everyone = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        process.send_signal(signal.SIGINT)
        for left in psutil.wait_procs(everyone, timeout=10)[1]:
            left.kill()
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"the UI did not answer: {log.read_text()[-2000:]}")


def wait_for_the_run(address: str, run_id: str) -> None:
    query = f'{{"query": "{{ runOrError(runId: \\"{run_id}\\") {{ ... on Run {{ status }} }} }}"}}'
    asked = urllib.request.Request(f"{address}/graphql", query.encode(), {"content-type": "application/json"})
    end = time.monotonic() + RUNS_WITHIN
    while time.monotonic() < end:
        status = json.load(urllib.request.urlopen(asked, timeout=30))["data"]["runOrError"].get("status")
        if status in ("SUCCESS", "FAILURE", "CANCELED"):
            break
        time.sleep(1)
    assert status == "SUCCESS"


@pytest.fixture(scope="module")
def page(ui: tuple[str, Path]) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        opened = browser.new_page(viewport={"width": 1600, "height": 1000})
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()
