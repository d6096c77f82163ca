"""The dashboard as code without a Superset: its SQL on a published file, and the rules for adding up.

What Superset and a browser make of it is in `test_superset.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.home import ROOT
from tests.runs import Ran

ASSETS = ROOT / "warehouse" / "bi" / "superset" / "assets"
HOSTILE = "Some 40 <img src=x onerror=alert(1)> <b>&amp;</b> left"


def told(kind: str) -> dict[str, dict[str, Any]]:
    """The assets of a kind, by file name."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in (ASSETS / kind).rglob("*.yaml")}


CHARTS, DATASETS = told("charts"), told("datasets")
BY_UUID = {dataset["uuid"]: dataset for dataset in DATASETS.values()}
ADDED_UP = ("flows", "defections", "deployments")


def kept(chart: dict[str, Any]) -> dict[str, str]:
    """What a chart is narrowed to."""
    return {one["subject"]: one["comparator"] for one in chart["params"]["adhoc_filters"]}


@pytest.fixture(scope="module")
def file(sample: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published sample, with a sentence in it that would like to be a page."""
    copy = tmp_path_factory.mktemp("assets") / "labor_ledger.duckdb"
    shutil.copyfile(sample[0] / "published" / "labor_ledger.duckdb", copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update marts.fct_claims set quote = ? "
            "where claim_id = (select min(claim_id) from marts.fct_claims)",
            [HOSTILE],
        )
    return copy


@pytest.fixture(scope="module")
def ledger(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def measured(ledger: duckdb.DuckDBPyConnection, name: str, where: str = "true") -> dict[str, Any]:
    """The metrics of a dataset over all its rows that are asked for."""
    dataset = DATASETS[name]
    words = ", ".join(f"{one['expression']} as {one['metric_name']}" for one in dataset["metrics"])
    found = ledger.execute(f"select {words} from ({dataset['sql']}) where {where}")
    (row,) = found.fetchall()
    return {column[0]: value for column, value in zip(found.description or [], row, strict=True)}


class TestAChart:
    @pytest.mark.parametrize("name", sorted(CHARTS))
    def test_asks_for_what_its_dataset_has(self, ledger: duckdb.DuckDBPyConnection, name: str) -> None:
        params, dataset = CHARTS[name]["params"], BY_UUID[CHARTS[name]["dataset_uuid"]]
        asked = [params.get(key) for key in ("x_axis", "groupby", "entity")]
        columns = {one for one in [*asked, *params.get("all_columns", []), *kept(CHARTS[name])] if one}
        metrics = {*params.get("metrics", []), params.get("metric")} - {None}
        found = ledger.execute(f"select * from ({dataset['sql']}) limit 0").description or []
        assert columns <= {column[0] for column in found}
        assert metrics <= {one["metric_name"] for one in dataset["metrics"]}

    @pytest.mark.parametrize("name", sorted(CHARTS))
    def test_of_flows_keeps_to_one_measure_and_one_status(self, name: str) -> None:
        source = BY_UUID[CHARTS[name]["dataset_uuid"]]["table_name"]
        wanted = {"flows": {"measure", "status"}, "work": {"measure", "status"}, "defections": {"status"}}
        assert set(kept(CHARTS[name])) == wanted.get(source, set())

    def test_stands_on_the_dashboard(self) -> None:
        (dashboard,) = told("dashboards").values()
        placed = {one["meta"]["uuid"] for one in dashboard["position"].values() if "CHART" in str(one)[:20]}
        assert placed == {chart["uuid"] for chart in CHARTS.values()}


class TestADataset:
    @pytest.mark.parametrize("name", sorted(DATASETS))
    def test_is_answered_by_the_published_file(self, ledger: duckdb.DuckDBPyConnection, name: str) -> None:
        assert measured(ledger, name)

    @pytest.mark.parametrize("name", ADDED_UP)
    def test_adds_nothing_up_over_a_mixture(self, ledger: duckdb.DuckDBPyConnection, name: str) -> None:
        found = measured(ledger, name)
        assert (found["workers_low"], found["workers_high"]) == (None, None)

    def test_adds_up_one_measure_and_status_without_parts(self, ledger: duckdb.DuckDBPyConnection) -> None:
        wanted = ledger.execute(
            "select sum(workers_low)::bigint, "
            "case when not bool_or(is_open_high) then sum(workers_high)::bigint end "
            "from marts.country_totals where measure = 'repatriation' and status = 'done'"
        ).fetchone()
        for name in ("flows", "deployments"):
            found = measured(ledger, name, "measure = 'repatriation' and status = 'done'")
            assert (found["workers_low"], found["workers_high"]) == wanted, name

    def test_never_adds_up_presence(self, ledger: duckdb.DuckDBPyConnection) -> None:
        found = measured(ledger, "deployments", "measure = 'presence' and status = 'done'")
        assert found["workers_low"] is None
        assert "sum" not in str(DATASETS["presence"]["metrics"]).lower().replace("never a sum", "")

    def test_leaves_an_open_bound_open(self, ledger: duckdb.DuckDBPyConnection) -> None:
        assert measured(ledger, "presence")["present_high"] is None
        assert (
            measured(ledger, "defections", "status = 'done' and workers_high is null")["workers_high"] is None
        )

    def test_neither_loses_nor_doubles_a_claim(self, ledger: duckdb.DuckDBPyConnection) -> None:
        (count,) = ledger.execute("select count(*) from marts.fct_claims").fetchone() or (None,)
        assert measured(ledger, "claims")["rows"] == count

    def test_shows_the_words_of_a_hostile_page_as_words(self, ledger: duckdb.DuckDBPyConnection) -> None:
        shown = ledger.execute(f"select quote from ({DATASETS['claims']['sql']}) where quote like '%<%'")
        assert shown.fetchall() == [
            ("<span>Some 40 &lt;img src=x onerror=alert(1)&gt; &lt;b&gt;&amp;amp;&lt;/b&gt; left</span>",)
        ]


def test_the_connection_is_read_only_and_has_no_way_out() -> None:
    (database,) = told("databases").values()
    assert database["extra"]["engine_params"]["connect_args"] == {
        "read_only": True,
        "config": {"enable_external_access": False, "lock_configuration": True},
    }
    assert database["allow_dml"] is False
