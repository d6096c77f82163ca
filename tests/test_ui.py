"""The Dagster UI in a real browser: the asset graph, a run launched by hand that ends green, its checks.

The run is the second one on the sample home, so that it also shows that nothing is fetched or changed twice.
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

import duckdb
import psutil
import pytest

from orchestration.home import ROOT
from tests.needs import needs
from tests.runs import COMMAND, Ran, environment, manifest

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


def test_a_second_run_is_launched_in_the_browser_and_ends_green(
    ui: tuple[str, Path], page: Any, tmp_path: Path
) -> None:
    address, home = ui
    before = manifest(home)
    page.goto(f"{address}/locations/__repository__@laborledger/jobs/ledger")
    page.get_by_role("button", name="Materialize all").first.click()
    link = page.get_by_role("link", name="View", exact=True).first.get_attribute("href")
    page.goto("about:blank")  # a page that follows a run takes the time of the run itself
    wait_for_the_run(address, str(link).rpartition("/")[2])
    page.goto(f"{address}{link}")
    page.get_by_text("Success", exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 20_000
    assert manifest(home) == before


def test_the_second_run_sent_conditional_requests_only(ui: tuple[str, Path]) -> None:
    with duckdb.connect(str(ui[1] / "build" / "labor_ledger.duckdb"), read_only=True) as connection:
        told = connection.execute(
            "select distinct status, outcome from raw.fetches "
            "where run_id = (select arg_max(run_id, fetched_at) from raw.fetches)"
        ).fetchall()
    assert told == [(304, "unchanged")]


def test_the_checks_are_shown_with_their_results(ui: tuple[str, Path], page: Any) -> None:
    page.goto(f"{ui[0]}/assets/marts/fct_claims?view=checks")
    page.get_by_text("Succeeded").first.wait_for()
