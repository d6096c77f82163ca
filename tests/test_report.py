"""The report on the published file: what it says, and how it looks in a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pytest

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing.publish import publish
from orchestration.publishing.report.charts import Chart, draw
from orchestration.publishing.report.data import Report, read_report
from orchestration.publishing.report.page import sections
from orchestration.publishing.report.palette import NAMES, ON_PAPER, STANDS_IN
from orchestration.publishing.report.write import Written, report_version, write_report
from orchestration.records import Hedge, Measure, Status
from tests.browser import CHROMIUM, QUIET
from tests.dbt_home import Warehouse
from tests.needs import needs
from tests.raw_rows import Story, Told, build_ledger, outlet
from tests.runs import laborledger

HOSTILE = 'Some 300 men </blockquote><script>document.title = "taken"</script> work in Qatar.'
STOCK = Told(HOSTILE, "300", 300, None, Measure.PRESENCE, hedge=Hedge.AT_LEAST, countries=("QAT",))
SENT = Told(
    "It wants to send 500 tailors to Oman.", "500", 500, 500, status=Status.PLANNED, countries=("OMN",)
)
CAME = Told("About 450 tailors arrived in Oman.", "450", 405, 495, hedge=Hedge.ABOUT, countries=("OMN",))
FLED = Told(
    "Two loggers fled in Russia.", "Two", 2, 2, Measure.DEFECTION, countries=("RUS",), sectors=("logging",)
)
FEW = Told("Only 50 remain in Qatar.", "50", 50, 50, Measure.PRESENCE, countries=("QAT",))

STORIES = [
    Story("stock", "2024-02-01", [STOCK]),
    Story("planned", "2024-03-01", [SENT]),
    Story("came", "2024-06-01", [CAME], source="lantern"),
    Story("fled", "2024-07-01", [replace(FLED, period=("2024-06-01", "2024-06-30"))]),
    Story("few", "2024-12-01", [FEW], source="lantern"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = build_ledger(
        tmp_path_factory.mktemp("report") / "home", STORIES, [outlet("harbour"), outlet("lantern")]
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LABORLEDGER_BUILD", str(home.build_file))
        Warehouse(home).build()
        publish(home, "run-1", datetime(2026, 11, 27, 6, 0, tzinfo=UTC))
        yield home


@pytest.fixture(scope="module")
def written(home: Home) -> Written:
    return write_report(home)


@pytest.fixture(scope="module")
def text(written: Written) -> str:
    return written.path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def report(home: Home) -> Report:
    return read_report(home.published_file)


@pytest.fixture(scope="module")
def charts(report: Report) -> dict[str, Chart]:
    return {chart.name: chart for section in draw(report).values() for chart in section}


def changed(home: Home, folder: Path, sql: str) -> Home:
    """A home whose published file was changed behind publishing's back."""
    other = Home(folder / "home")
    other.published.mkdir(parents=True)
    shutil.copy(home.published_file, other.published_file)
    other.published_file.chmod(0o644)
    with duckdb.connect(str(other.published_file)) as connection:
        connection.execute(f"use marts; {sql}")
    return other


class TestWhatItSays:
    def test_a_stock_with_an_open_top_stays_open(self, charts: dict[str, Chart]) -> None:
        header, rows = charts["presence-qat"].numbers
        assert header == ("Year", "Workers", "As of", "Origins")
        assert ("2024", "50", "2024-12-01", "1") in rows
        assert "at last 50" in charts["presence-qat"].words

    def test_a_flow_is_summed_by_the_year_it_was_done(self, charts: dict[str, Chart]) -> None:
        assert charts["flow-dispatch"].numbers[1] == (("2024", "405–495", "1"),)
        assert charts["flow-defection"].numbers[1] == (("2024", "2", "1"),)

    def test_a_plan_stands_beside_what_came_of_it(self, charts: dict[str, Chart]) -> None:
        assert charts["plans"].numbers[1] == (("2024-03-01", "Oman", "dispatch", "500", "405–495", "fewer"),)
        assert charts["plans"].words == "1 plan of 1; of 1 something is reported as done since."

    def test_who_fled_has_a_day_a_host_and_a_number(self, charts: dict[str, Chart]) -> None:
        assert charts["defections"].numbers[1] == (("2024-06-30", "Russia", "done", "2"),)

    def test_the_map_shows_the_last_word_on_each_country(self, charts: dict[str, Chart]) -> None:
        assert charts["map"].numbers[1] == (("Qatar", "50", "2026"),)

    def test_areas_on_the_map_are_to_one_scale(self, report: Report) -> None:
        places = [
            {**report.places[0], "host": name, "low": n, "high": n} for name, n in (("A", 100), ("B", 400))
        ]
        (chart,) = draw(replace(report, places=tuple(places)))["map"]
        sizes = [layer.get("encoding", {}).get("size", {}) for layer in chart.spec["layer"]]
        scales = [size["scale"] for size in sizes if "scale" in size]
        assert scales
        assert all((s["type"], s["domain"], s["range"][0]) == ("linear", [0, 400], 0) for s in scales)

    def test_kinds_of_work_are_counted_in_events(self, charts: dict[str, Chart]) -> None:
        assert ("Logging", "2024", "1") in charts["sectors"].numbers[1]

    def test_a_day_that_was_not_looked_at_is_no_silence(self, report: Report) -> None:
        states = {row["state"] for row in report.coverage}
        assert "new pages" in states
        assert states <= {"new pages", "nothing new", "failed", "not looked"}

    def test_a_contradiction_shows_both_sides(self, text: str, report: Report) -> None:
        (row,) = report.contradictions
        assert (row["host"], row["verdict"], row["to_low"]) == ("Qatar", "fewer_than_told", 50)
        assert "Qatar: fewer than told." in text
        assert text.count("Only 50 remain in Qatar.") == 2

    def test_every_claim_has_its_sentence_and_a_link_to_it(self, text: str, report: Report) -> None:
        assert len(report.claims) == len(STORIES)
        for row in report.claims:
            assert f'href="{row["evidence_url"].replace("&", "&amp;")}"' in text

    def test_it_says_as_of_when_and_of_which_build(self, text: str, written: Written) -> None:
        assert "Data as of 2026-11-27 06:00 UTC; newest article of 2024-12-01" in text
        assert f"<code>{written.build}</code>" in text

    def test_a_sample_is_called_one(self, home: Home, tmp_path: Path, text: str) -> None:
        assert "no source of facts" not in text
        sample = changed(home, tmp_path, "update meta_builds set is_sample = true")
        assert "no source of facts" in write_report(sample).path.read_text(encoding="utf-8")

    def test_each_chart_has_words_and_numbers(self, charts: dict[str, Chart], text: str) -> None:
        assert len(charts) >= 8
        for chart in charts.values():
            header, rows = chart.numbers
            assert chart.words.endswith(".")
            assert all(len(row) == len(header) for row in rows)
            assert f'aria-label="{chart.title}: ' in text

    def test_a_ledger_without_claims_gets_a_page_that_says_so(self, home: Home, tmp_path: Path) -> None:
        tables = [
            "fct_claims", "fct_deployments", "fct_defections", "country_year", "plan_vs_done", "sector_year",
            "balance_audit", "source_coverage", "dim_articles",
        ]  # fmt: skip
        empty = changed(home, tmp_path, ";".join(f"delete from {table}" for table in tables))
        page = write_report(empty).path.read_text(encoding="utf-8")
        assert "The ledger holds no claims yet" in page
        assert "<figure" not in page

    def test_without_a_published_file_it_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(PublishError, match=r"no published file yet at .*make run"):
            read_report(tmp_path / "labor_ledger.duckdb")
        told = laborledger("report", "--home", tmp_path)
        assert told.returncode == 1
        assert "make run" in told.stderr


class TestThePage:
    def test_what_an_outlet_wrote_is_text(self, text: str) -> None:
        assert "<script" not in text
        assert "&lt;script&gt;" in text

    def test_it_loads_nothing(self, text: str) -> None:
        assert "default-src 'none'; style-src 'unsafe-inline'" in text
        assert not re.search(r"<(img|iframe|link|object|embed)\b|@import|url\((?!#)", text)

    def test_a_link_that_is_no_web_address_is_none(self, home: Home, tmp_path: Path) -> None:
        other = changed(home, tmp_path, "update fct_claims set evidence_url = 'javascript:alert(1)'")
        assert "javascript:" not in write_report(other).path.read_text(encoding="utf-8")

    def test_colours_are_the_pages_own(self, text: str) -> None:
        assert not any(stand_in in text for stand_in in STANDS_IN.values())
        for name in NAMES:
            assert f"--{name}: {ON_PAPER[name]};" in text

    def test_each_section_of_the_table_is_there_once(self, text: str) -> None:
        for section in sections():
            assert text.count(f'id="{section.id}"') == 1
            assert f'href="#{section.id}"' in text


class TestFiles:
    def test_charts_are_drawings_and_pictures_that_say_what_they_are(self, written: Written) -> None:
        names = {path.stem for path in written.charts.glob("*.svg")}
        assert names == {path.stem for path in written.charts.glob("*.png")}
        for path in written.charts.glob("*.svg"):
            svg = path.read_text(encoding="utf-8")
            ElementTree.fromstring(svg)
            assert written.build in svg
            assert "var(--" not in svg
        for path in written.charts.glob("*.png"):
            assert path.read_bytes().startswith(b"\x89PNG")

    def test_the_same_build_is_not_drawn_again(self, home: Home, written: Written) -> None:
        before = written.path.stat().st_mtime_ns
        again = write_report(home)
        assert not again.changed
        assert again.path.stat().st_mtime_ns == before
        assert "up to date" in laborledger("report", "--home", home.path).stdout

    @pytest.mark.parametrize("lost", ["charts", "report.html"])
    def test_what_is_lost_is_written_again(self, home: Home, written: Written, lost: str) -> None:
        path = home.published / lost
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert write_report(home).changed
        assert path.exists()

    def test_a_report_of_older_code_is_written_again(self, home: Home, written: Written) -> None:
        old = written.path.read_text(encoding="utf-8").replace(report_version(), "0123456789ab")
        written.path.write_text(old, encoding="utf-8")
        assert write_report(home).changed

    def test_it_may_lie_elsewhere(self, home: Home, tmp_path: Path) -> None:
        told = laborledger("report", "--home", home.path, "--out", tmp_path / "there")
        assert told.returncode == 0, told.stderr
        assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["charts", "report.html"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    needs(CHROMIUM.exists(), "make setup-system")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield opened
        opened.close()


def shown(browser: Any, written: Written, **how: Any) -> tuple[Any, list[str]]:
    """The report opened from its file, and whatever went wrong or left the machine."""
    page = browser.new_page(**how)
    troubles: list[str] = []
    page.on("console", lambda told: troubles.append(told.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith("file:") else troubles.append(asked.url))
    page.goto(written.path.as_uri())
    return page, troubles


CONTRAST = """
() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = css => { const [r, g, b] = css.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!c.endsWith(', 0)') && c !== 'transparent') return c; } return 'rgb(255, 255, 255)'; };
  const poor = [];
  for (const e of document.querySelectorAll('p,li,dt,dd,th,td,a,h1,h2,h3,summary,figcaption,svg text')) {
    if (!e.textContent.trim()) continue;
    const style = getComputedStyle(e), ink = e.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(e.textContent.trim().slice(0, 40) + ' ' + ink);
  }
  return poor;
}
"""


class TestInABrowser:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_it_is_drawn_whole_and_legible_with_no_network(
        self, browser: Any, written: Written, scheme: str, charts: dict[str, Chart]
    ) -> None:
        page, troubles = shown(browser, written, color_scheme=scheme, viewport={"width": 1300, "height": 900})
        assert troubles == []
        assert page.title().startswith("Labor Ledger")
        drawn = page.eval_on_selector_all(
            "figure svg", "all => all.map(s => s.getBoundingClientRect().height)"
        )
        assert len(drawn) == len(charts)
        assert min(drawn) > 20
        assert page.evaluate(CONTRAST) == []

    def test_it_follows_the_readers_scheme(self, browser: Any, written: Written) -> None:
        def background(scheme: str) -> str:
            page = shown(browser, written, color_scheme=scheme)[0]
            return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

        assert background("light") != background("dark")

    def test_a_phone_scrolls_down_and_never_sideways(self, browser: Any, written: Written) -> None:
        page = shown(browser, written, viewport={"width": 390, "height": 800})[0]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    def test_the_keyboard_reaches_the_report_first_and_then_its_links(
        self, browser: Any, written: Written
    ) -> None:
        page = shown(browser, written)[0]
        focused = "document.activeElement.textContent.trim()"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "To the report"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == sections()[0].title

    def test_a_screen_reader_finds_headings_in_order_and_a_name_for_each_drawing(
        self, browser: Any, written: Written
    ) -> None:
        page = shown(browser, written)[0]
        levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(h => Number(h.tagName[1]))")
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        unnamed = page.eval_on_selector_all(
            "svg", "all => all.filter(s => s.getAttribute('role') !== 'img' || !s.getAttribute('aria-label'))"
        )
        assert unnamed == []
        assert page.evaluate("document.documentElement.lang") == "en"
