"""The dashboard as code in a real Superset: every chart is asked for by a real browser and answered.

Part of `make test-superset`; nothing here runs in `make test`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.home import ROOT
from tests.browser import CHROMIUM, QUIET, free_port, wait_for
from tests.needs import needs
from tests.runs import laborledger

PYTHON = ROOT / ".venvs" / "superset" / "bin" / "python"
BI = ROOT / "warehouse" / "bi" / "superset"
CHARTS = {
    told["slice_name"]: told
    for told in (yaml.safe_load(path.read_text(encoding="utf-8")) for path in BI.glob("assets/charts/*.yaml"))
}
DASHBOARD = "/superset/dashboard/labor-ledger/"
ANSWERS_WITHIN = 60
YEARS = {
    "Sent abroad by year": "measure = 'dispatch'",
    "Sent home by year": "measure = 'repatriation'",
    "Fled by year": "measure = 'defection'",
}
HOSTILE = "Forty <img src=x onerror=document.title='taken'> left"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("superset") / "home"
    assert laborledger("run", "--sources", "sample", "--home", folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[str]:
    """The address of a Superset on the home's published file."""
    needs(PYTHON.exists(), "make test-superset")
    port, log = free_port(), home.parent / "superset.log"
    command = [str(PYTHON), str(BI / "serve.py"), str(home / "published" / "labor_ledger.duckdb")]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--kept-in", str(home.parent / "kept"), "--port", str(port)],
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def load(home: Path) -> None:
    """What a second start does before it serves."""
    kept = home.parent / "kept"
    settings = {"LABORLEDGER_SUPERSET": str(kept), "SUPERSET_CONFIG_PATH": str(BI / "superset_config.py")}
    file = home / "published" / "labor_ledger.duckdb"
    subprocess.run([PYTHON, BI / "load.py", file], env=os.environ | settings, check=True, capture_output=True)


def publish_hostile(home: Path) -> None:
    """Publish a second build, in which the newest claim's sentence would like to be a page."""
    with duckdb.connect(str(home / "build" / "labor_ledger.duckdb")) as connection:
        connection.execute(
            "update marts.fct_claims set quote = ? where claim_id = "
            "(select arg_max(claim_id, published_on) from marts.fct_claims)",
            [HOSTILE],
        )
    # As if dbt had built it so: what is written to after its build is not published.
    results = home / "build" / "dbt" / "run_results.json"
    said = json.loads(results.read_text())
    said["metadata"]["generated_at"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    results.write_text(json.dumps(said))
    published = laborledger("publish", "--force", "a hostile page", "--home", home)
    assert published.returncode == 0, published.stderr


@dataclass
class Seen:
    """What a browser saw of the dashboard: questions that failed, and what it asked of others."""

    page: Any
    problems: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def note(self, response: Any) -> None:
        """Keep what went wrong."""
        if "/api/v1/chart/data" not in response.url and "/explore_json" not in response.url:
            return
        if response.status != 200:
            self.problems.append(f"{response.status} {response.url} {response.text()[:500]}")

    def asked(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.outside.append(request.url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    needs(CHROMIUM.exists(), "make setup-system")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield opened
        opened.close()


def logged_in(browser: Any, served: str, home: Path) -> Any:
    page = browser.new_page(viewport={"width": 1500, "height": 3800})
    page.set_default_timeout(60_000)
    page.goto(f"{served}/login/")
    page.fill("#username", "admin")
    page.fill("#password", (home.parent / "kept" / "password").read_text().strip())
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome/**")
    return page


@pytest.fixture(scope="module")
def seen(browser: Any, served: str, home: Path) -> Seen:
    page = logged_in(browser, served, home)
    seen = Seen(page)
    page.on("response", seen.note)
    page.on("requestfinished", seen.asked)
    page.goto(served + DASHBOARD)
    page.wait_for_selector("[data-test='chart-container'], .chart-container")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3_000)
    page.screenshot(path=str(home.parent / "dashboard.png"))
    return seen


def answer(page: Any, served: str, chart: str) -> dict[str, Any]:
    """What Superset's chart-data API says of a chart, asked as its own page asks."""
    listed = page.request.get(f"{served}/api/v1/chart/?q=(page_size:100)").json()["result"]
    (number,) = [one["id"] for one in listed if one["slice_name"] == chart]
    answers: list[Any] = []

    def keep(route: Any) -> None:
        # Read on its way: the page moves on, and takes a body that was not read with it.
        # A kept connection may be closed by the server just as it is used again: asked once more.
        response = route.fetch(max_retries=3)
        answers.append((response.status, response.json()))
        route.fulfill(response=response)

    places = ("**/api/v1/chart/data*", "**/explore_json/**")
    for place in places:
        page.route(place, keep)
    page.goto(f"{served}/explore/?slice_id={number}")
    # The page can lie still before it asks: wait for what it asks, not for stillness.
    until = time.monotonic() + ANSWERS_WITHIN
    while not answers and time.monotonic() < until:
        page.wait_for_timeout(100)
    page.wait_for_load_state("networkidle")
    for place in places:
        page.unroute(place)
    assert answers, f"{chart} asked nothing"
    assert {status for status, _ in answers} == {200}, answers
    found: dict[str, Any] = answers[-1][1]
    return found


def rows(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an answer of the new API or of the old one, which the world map still asks."""
    found: list[dict[str, Any]] = told["result"][0]["data"] if "result" in told else told["data"]
    return found


@pytest.mark.parametrize("chart", sorted(CHARTS))
def test_each_chart_answers_with_rows(seen: Seen, served: str, chart: str) -> None:
    told = answer(seen.page, served, chart)
    assert rows(told), chart
    assert not told.get("error")


def file_says(home: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "published" / "labor_ledger.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


class TestNumbers:
    """They are those of the file."""

    def test_of_claims(self, seen: Seen, served: str, home: Path) -> None:
        (row,) = rows(answer(seen.page, served, "Claims"))
        assert [(row["rows"],)] == file_says(home, "select count(*) from marts.fct_claims")

    @pytest.mark.parametrize(("chart", "narrowed"), YEARS.items())
    def test_of_each_year_with_open_bounds_left_open(
        self, seen: Seen, served: str, home: Path, chart: str, narrowed: str
    ) -> None:
        told = {
            str(r["year"]): (r["workers_low"], r["workers_high"])
            for r in rows(answer(seen.page, served, chart))
        }
        wanted = file_says(
            home,
            "select year::varchar, sum(coalesce(workers_low, 0))::bigint, "
            "case when sum(n_open_high) = 0 then sum(workers_high)::bigint end from marts.country_year "
            f"where {narrowed} and status = 'done' and n_events > 0 group by year",
        )
        assert told == {year: (low, high) for year, low, high in wanted}
        assert any(high is None for _, high in told.values())

    def test_of_plans(self, seen: Seen, served: str, home: Path) -> None:
        told = rows(answer(seen.page, served, "Plans against what happened"))
        wanted = file_says(
            home, "select planned_low, planned_high, verdict from marts.plan_vs_done where not is_part"
        )
        found = [(row["planned_low"], row["planned_high"], row["verdict"]) for row in told]
        assert sorted(found, key=str) == sorted(wanted, key=str)

    def test_of_the_last_reported_presence(self, seen: Seen, served: str, home: Path) -> None:
        told = rows(answer(seen.page, served, "Last reported presence by host"))
        wanted = file_says(
            home,
            "select name, arg_max(coalesce(present_low, -1), year), "
            "arg_max(coalesce(present_high, -1), year) "
            "from marts.country_year join marts.dim_countries using (country_code) "
            "where measure = 'presence' and present_low is not null "
            "and year <= (select year(max(created_at)) from marts.meta_builds) group by name",
        )
        found = {
            (row["host"], row["present_low"], -1 if row["present_high"] is None else row["present_high"])
            for row in told
        }
        assert found == set(wanted)

    def test_of_contradictions(self, seen: Seen, served: str, home: Path) -> None:
        told = rows(answer(seen.page, served, "Contradictions"))
        assert [(len(told),)] == file_says(
            home, "select count(*) from marts.balance_audit where verdict <> 'agrees'"
        )


class TestTheDashboard:
    def test_is_drawn_without_an_error(self, seen: Seen) -> None:
        assert seen.problems == []

    def test_asks_nothing_outside(self, seen: Seen) -> None:
        assert seen.outside == []

    def test_shows_every_chart(self, seen: Seen, served: str) -> None:
        seen.page.goto(served + DASHBOARD)
        seen.page.wait_for_load_state("networkidle")
        text = seen.page.inner_text("body")
        assert [name for name in CHARTS if name not in text] == []
        assert "Unexpected error" not in text

    def test_is_narrowed_by_a_host(self, seen: Seen, served: str, home: Path) -> None:
        seen.page.goto(served + DASHBOARD)
        seen.page.wait_for_load_state("networkidle")
        seen.page.get_by_label("Host").first.click()
        seen.page.keyboard.type("Qatar")
        seen.page.locator(".ant-select-item-option[title='Qatar']").click()
        seen.page.keyboard.press("Escape")
        seen.page.get_by_role("button", name="Apply filters").click()
        ((count,),) = file_says(home, "select count(*) from marts.fct_claims where country_code = 'QAT'")
        seen.page.locator(".header-line", has_text=re.compile(f"^{count}$")).first.wait_for()

    def test_is_the_codes_again_after_a_second_start(self, seen: Seen, served: str, home: Path) -> None:
        listed = f"{served}/api/v1/chart/?q=(page_size:100)"
        before = seen.page.request.get(listed).json()["result"]
        token = seen.page.request.get(f"{served}/api/v1/security/csrf_token/").json()["result"]
        changed = seen.page.request.put(
            f"{served}/api/v1/chart/{before[0]['id']}",
            data={"slice_name": "Changed by hand"},
            headers={"X-CSRFToken": token, "Referer": served},
        )
        assert changed.ok
        load(home)
        after = seen.page.request.get(listed).json()["result"]
        assert sorted(one["slice_name"] for one in after) == sorted(CHARTS)

    def test_describes_columns_as_the_file_does(self, seen: Seen, served: str, home: Path) -> None:
        listed = seen.page.request.get(f"{served}/api/v1/dataset/?q=(page_size:100)").json()["result"]
        (number,) = [one["id"] for one in listed if one["table_name"] == "claims"]
        told = seen.page.request.get(f"{served}/api/v1/dataset/{number}").json()["result"]["columns"]
        described = {column["column_name"]: column["description"] for column in told}
        comment = file_says(
            home,
            "select comment from duckdb_columns() where table_name = 'fct_claims' and column_name = 'quote'",
        )
        assert [(described["quote"],)] == comment


class TestTheConnection:
    def test_writes_nothing_and_opens_nothing_else(self, seen: Seen, served: str) -> None:
        for statement in ("create table marts.mine (x int)", "select * from read_text('/etc/hostname')"):
            assert "error" in json.dumps(self.run(seen.page, served, statement)).lower()

    def test_sees_a_new_build_at_once_and_its_hostile_sentence_as_words(
        self, seen: Seen, served: str, home: Path
    ) -> None:
        """The published file is a link: what Superset asks next is answered by the new file."""
        query = "select count(*) as n from marts.meta_builds"
        assert self.run(seen.page, served, query)["data"] == [{"n": 1}]
        publish_hostile(home)
        assert self.run(seen.page, served, query)["data"] == [{"n": 2}]
        seen.page.goto(served + DASHBOARD)
        seen.page.get_by_text(HOSTILE).wait_for()
        assert seen.page.title() != "taken"

    def run(self, page: Any, served: str, statement: str) -> dict[str, Any]:
        token = page.request.get(f"{served}/api/v1/security/csrf_token/").json()["result"]
        databases = page.request.get(f"{served}/api/v1/database/").json()["result"]
        told: dict[str, Any] = page.request.post(
            f"{served}/api/v1/sqllab/execute/",
            data={"database_id": databases[0]["id"], "sql": statement, "runAsync": False},
            headers={"X-CSRFToken": token, "Referer": served},
        ).json()
        return told


class TestSecrets:
    def test_are_for_their_owner_alone(self, served: str, home: Path) -> None:
        kept = home.parent / "kept"
        assert kept.stat().st_mode & 0o077 == 0
        assert all((kept / name).stat().st_mode & 0o077 == 0 for name in ("secret-key", "password"))

    def test_are_in_no_log(self, served: str, home: Path) -> None:
        log = (home.parent / "superset.log").read_text()
        for name in ("secret-key", "password"):
            assert (home.parent / "kept" / name).read_text().strip() not in log

    def test_the_server_listens_on_loopback_alone(self, served: str) -> None:
        assert served.startswith("http://127.0.0.1:")
        assert urllib.request.urlopen(f"{served}/health", timeout=10).status == 200
