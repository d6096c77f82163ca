"""The summary that a run prints, from a published file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from rich.console import Console

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing.publish import publish
from orchestration.publishing.summary import print_summary, read_summary, worded_bounds
from tests.builds import NOW, build_home, rebuild

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "bounds.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['low']}-{case['high']}-{case['open']}")
def test_a_count_reads(case: dict[str, Any]) -> None:
    assert worded_bounds(case["low"], case["high"], case["open"]) == case["reads"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return build_home(tmp_path / "home")


def shown(home: Home, width: int = 100) -> str:
    out = io.StringIO()
    print_summary(home.published_file, Console(file=out, width=width))
    return out.getvalue()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("│")[1:-1]]


def test_it_lists_hosts_with_their_bounds_and_counts_what_is_behind(home: Home) -> None:
    publish(home, "run-1", NOW)
    lines = shown(home).splitlines()
    assert cells(lines[3]) == ["Russia", "presence", "underway", "300–500", "1"]
    assert cells(lines[4]) == ["Qatar and Kuwait", "dispatch", "done", "≥ 50", "1"]
    assert lines[-1] == "2 figures, 2 articles, 1 source"


def test_a_host_is_named_once_and_its_measures_stand_in_the_order_of_the_contract(home: Home) -> None:
    rebuild(
        home,
        "insert into marts.country_totals values "
        "('Russia', 'RUS', 'defection', 'done', 9, 9, false, 2), "
        "('Russia', 'RUS', 'dispatch', 'done', 4, 6, false, 1), "
        "('Russia', 'RUS', 'dispatch', 'planned', 1000, 1000, false, 1), "
        "('Qatar', 'QAT', 'presence', 'underway', null, 70, false, 1)",
    )
    publish(home, "run-1", NOW)
    assert [cells(line) for line in shown(home).splitlines()[3:9]] == [
        ["Qatar", "presence", "underway", "up to 70", "1"],
        ["Russia", "dispatch", "planned", "1,000", "1"],
        ["", "dispatch", "done", "4–6", "1"],
        ["", "presence", "underway", "300–500", "1"],
        ["", "defection", "done", "9", "2"],
        ["Qatar and Kuwait", "dispatch", "done", "≥ 50", "1"],
    ]


def test_a_ledger_without_figures_says_so_in_numbers(home: Home) -> None:
    rebuild(home, "delete from marts.country_totals; delete from marts.fct_claims")
    publish(home, "run-1", NOW)
    assert shown(home).splitlines()[-1] == "0 figures, 2 articles, 1 source"


def test_square_brackets_in_a_name_are_shown_as_they_are(home: Home) -> None:
    rebuild(home, "update marts.country_totals set host = '[red]Russia[/red]' where country_code = 'RUS'")
    publish(home, "run-1", NOW)
    assert "[red]Russia[/red]" in shown(home)


def test_before_the_first_build_it_says_what_to_run(home: Home) -> None:
    with pytest.raises(PublishError, match=r"no published file yet at .*: run `make run`"):
        read_summary(home.published_file)


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb")):
        pass
    with pytest.raises(PublishError, match=r"other\.duckdb cannot be read"):
        read_summary(tmp_path / "other.duckdb")
