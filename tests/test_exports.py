"""Exports of the published file: CSV and Parquet with a description that strangers and programs can read."""

from __future__ import annotations

import codecs
import csv
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import pyarrow.parquet
import pytest

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing.exports import Exported, _column, export
from orchestration.publishing.publish import publish
from orchestration.publishing.texts import write_texts
from orchestration.records import Measure
from tests.dbt_home import Warehouse
from tests.raw_rows import Story, Told, build_ledger, outlet
from tests.runs import laborledger

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
FORMULA = '=HYPERLINK(1) says 노동자, "12" loggers fled;\nthey hid.'
FLED = Told(FORMULA, "12", 12, None, Measure.DEFECTION, countries=("RUS",), sectors=("logging",))
SENT = Told("Some 50 left for Qatar and Kuwait.", "50", 50, 50, countries=("QAT", "KWT"))
STORIES = [
    Story("fled", "2024-02-01", [FLED], text=f"Before.\n\n{FORMULA}\n\nAfter."),
    Story("sent", "2024-03-01", [SENT]),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = build_ledger(tmp_path_factory.mktemp("exports") / "home", STORIES, [outlet("harbour")])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LABORLEDGER_BUILD", str(home.build_file))
        Warehouse(home).build()
        publish(home, "run-1", NOW)
        yield home


@pytest.fixture(scope="module")
def exported(home: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    folder = tmp_path_factory.mktemp("out")
    return {form: export(home.published_file, folder / form, form) for form in ("csv", "parquet")}


def described(done: Exported) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((done.folder / "datapackage.json").read_text(encoding="utf-8"))
    return told


def resource(done: Exported, name: str) -> dict[str, Any]:
    (found,) = [one for one in described(done)["resources"] if one["name"] == name]
    return dict(found)


def without(package: dict[str, Any], empty: set[str]) -> dict[str, Any]:
    """A package that refers to no table without rows: inline data must have some."""
    for one in package["resources"]:
        keys = one["schema"].get("foreignKeys", [])
        one["schema"]["foreignKeys"] = [key for key in keys if key["reference"]["resource"] not in empty]
    return package


def read_csv(done: Exported, name: str) -> list[dict[str, str]]:
    with (done.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def query(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


class TestThePackage:
    def test_of_csv_is_valid_with_its_types_keys_and_references(self, exported: dict[str, Exported]) -> None:
        told = frictionless.validate(str(exported["csv"].folder / "datapackage.json"))
        assert told.valid, told.flatten(["name", "type", "note"])
        assert len(told.tasks) > 25

    def test_a_damaged_file_is_found_out(self, exported: dict[str, Exported], tmp_path: Path) -> None:
        """By its hash and its references: the package is no decoration."""
        folder = Path(shutil.copytree(exported["csv"].folder, tmp_path / "damaged"))
        claims = folder / "bridge_claim_countries.csv"
        claims.write_text(claims.read_text(encoding="utf-8").replace("QAT", "XXX"), encoding="utf-8")
        told = frictionless.validate(str(folder / "datapackage.json"))
        assert {error.type for task in told.tasks for error in task.errors} >= {"hash-count", "foreign-key"}

    def test_of_parquet_is_valid_with_its_sizes_and_hashes(self, exported: dict[str, Exported]) -> None:
        told = frictionless.validate(str(exported["parquet"].folder / "datapackage.json"))
        assert told.valid, told.flatten(["name", "type", "note"])
        assert len(told.tasks) > 25

    def test_of_parquet_fits_its_rows(self, exported: dict[str, Exported]) -> None:
        """Types, keys and references: frictionless reads no Parquet without pandas, so pyarrow does."""
        told = described(exported["parquet"])
        names = ("name", "schema")
        resources = [
            {name: one[name] for name in names}
            | {"data": pyarrow.parquet.read_table(exported["parquet"].folder / one["path"]).to_pylist()}
            for one in told["resources"]
        ]
        filled = [one for one in resources if one["data"]]
        empty = {one["name"] for one in resources} - {one["name"] for one in filled}
        report = frictionless.validate(without({"name": "rows", "resources": filled}, empty))
        assert report.valid, report.flatten(["name", "type", "note"])
        assert {"fct_claims", "bridge_claim_countries"} <= {one["name"] for one in filled}

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_holds_every_table_and_every_row(
        self, home: Home, exported: dict[str, Exported], form: str
    ) -> None:
        names = [name for (name,) in query(home, "select table_name from duckdb_tables() order by 1")]
        assert [one["name"] for one in described(exported[form])["resources"]] == names
        for name in names:
            (rows,) = query(home, f"select count(*) from marts.{name}")
            path = exported[form].folder / f"{name}.{form}"
            found = duckdb.sql(f"select count(*) from '{path}'").fetchone()
            assert found == rows, name

    def test_says_what_each_column_means(self, exported: dict[str, Exported]) -> None:
        for one in described(exported["csv"])["resources"]:
            assert one["description"], one["name"]
            assert all(field["description"] for field in one["schema"]["fields"]), one["name"]

    def test_names_the_key_and_what_a_column_refers_to(self, exported: dict[str, Exported]) -> None:
        schema = resource(exported["csv"], "bridge_claim_countries")["schema"]
        assert schema["primaryKey"] == ["claim_id", "country_code"]
        assert {
            "fields": ["country_code"],
            "reference": {"resource": "dim_countries", "fields": ["country_code"]},
        } in (schema["foreignKeys"])

    def test_names_the_build_the_outlets_and_the_terms(
        self, home: Home, exported: dict[str, Exported]
    ) -> None:
        told = described(exported["parquet"])
        assert (
            told["version"]
            == exported["parquet"].build
            == query(home, "select build_id from marts.meta_builds")[0][0]
        )
        assert told["sources"] == [{"title": "Harbour", "path": "https://harbour.example/"}]
        assert "not licensed" in told["description"]

    def test_each_key_is_one_in_fact(self, home: Home) -> None:
        columns = "string_agg(column_name, ', ' order by key_place)"
        keyed = f"select table_name, {columns} from marts.meta_keys where key_place > 0 group by all"
        keys = query(home, keyed)
        assert len(keys) > 20
        for table, columns in keys:
            doubles = f"select {columns} from marts.{table} group by all having count(*) > 1"
            assert query(home, doubles) == [], table
            for column in columns.split(", "):
                assert query(home, f"select 1 from marts.{table} where {column} is null") == [], table


class TestValues:
    def test_text_comes_back_as_it_was(self, exported: dict[str, Exported]) -> None:
        quotes = {row["quote"] for row in read_csv(exported["csv"], "fct_claims")}
        table = pyarrow.parquet.read_table(exported["parquet"].folder / "fct_claims.parquet")
        assert FORMULA in quotes
        assert set(table.column("quote").to_pylist()) == quotes

    def test_an_open_bound_is_an_empty_cell_and_no_zero(self, exported: dict[str, Exported]) -> None:
        bounds = {
            (row["workers_low"], row["workers_high"]) for row in read_csv(exported["csv"], "fct_claims")
        }
        assert bounds == {("12", ""), ("50", "50")}

    def test_an_empty_text_is_not_an_empty_cell(self, home: Home, tmp_path: Path) -> None:
        file = tmp_path / "labor_ledger.duckdb"
        shutil.copy(home.published_file, file)
        file.chmod(0o644)
        with duckdb.connect(str(file)) as connection:
            connection.execute("update marts.fct_claims set attribution = '', agency_code = null")
        done = export(file, tmp_path / "csv", "csv")
        line = (done.folder / "fct_claims.csv").read_text(encoding="utf-8").splitlines()[-1]
        assert ',"",,' in line

    def test_a_spreadsheet_runs_nothing_where_that_is_asked(self, home: Home, tmp_path: Path) -> None:
        done = export(home.published_file, tmp_path / "csv", "csv", is_safe=True)
        quotes = {row["quote"] for row in read_csv(done, "fct_claims")}
        assert f"'{FORMULA}" in quotes
        assert (done.folder / "fct_claims.csv").read_bytes().startswith(codecs.BOM_UTF8)
        assert frictionless.validate(str(done.folder / "datapackage.json")).valid
        assert SENT.quote in quotes
        assert described(done)["spreadsheetSafe"] is True

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
    def test_each_beginning_that_a_spreadsheet_runs_is_defused(self, start: str) -> None:
        (cell,) = duckdb.execute(
            f"select {_column('quote', 'VARCHAR', True)} from (select $1 as quote)", [f"{start}1 left"]
        ).fetchone() or ("",)
        assert cell == f"'{start}1 left"

    def test_days_and_moments_are_iso(self, exported: dict[str, Exported]) -> None:
        claim = read_csv(exported["csv"], "fct_claims")[0]
        build = read_csv(exported["csv"], "meta_builds")[0]
        assert claim["published_on"] in {"2024-02-01", "2024-03-01"}
        assert build["created_at"] == "2026-11-27T06:00:00.000000Z"


class TestTheFolder:
    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_equal_builds_give_equal_bytes(
        self, home: Home, exported: dict[str, Exported], tmp_path: Path, form: str
    ) -> None:
        again = export(home.published_file, tmp_path / "again", form)
        assert again.changed
        for path in exported[form].folder.iterdir():
            assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name

    def test_the_same_build_is_written_once(self, home: Home, tmp_path: Path) -> None:
        assert export(home.published_file, tmp_path / "csv", "csv").changed
        assert not export(home.published_file, tmp_path / "csv", "csv").changed
        assert export(home.published_file, tmp_path / "csv", "csv", is_safe=True).changed

    def test_a_lost_file_is_written_again(self, home: Home, tmp_path: Path) -> None:
        done = export(home.published_file, tmp_path / "csv", "csv")
        (done.folder / "fct_claims.csv").unlink()
        assert export(home.published_file, tmp_path / "csv", "csv").changed
        assert (done.folder / "fct_claims.csv").exists()

    def test_a_cut_file_is_written_again(self, home: Home, tmp_path: Path) -> None:
        done = export(home.published_file, tmp_path / "csv", "csv")
        (done.folder / "fct_claims.csv").write_text("claim_id\n")
        assert export(home.published_file, tmp_path / "csv", "csv").changed

    @pytest.mark.parametrize(
        "content", ["mine", "[]", '{"name": "thesis"}', '{"name": "labor-ledger"}', '{"resources": []}']
    )
    def test_what_is_somebodys_is_left_alone(self, home: Home, tmp_path: Path, content: str) -> None:
        (tmp_path / "csv").mkdir()
        (tmp_path / "csv" / "datapackage.json").write_text(content)
        with pytest.raises(PublishError, match="holds something else: name a folder that is new"):
            export(home.published_file, tmp_path / "csv", "csv")
        assert (tmp_path / "csv" / "datapackage.json").read_text() == content

    def test_two_exports_at_once_never_mix(self, home: Home, tmp_path: Path) -> None:
        held = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            with pytest.raises(PublishError, match="another export is writing"):
                export(home.published_file, tmp_path / "csv", "csv")
        finally:
            os.close(held)
        assert list(tmp_path.iterdir()) == []

    def test_nothing_half_done_stays_beside_it(self, home: Home, tmp_path: Path) -> None:
        (tmp_path / ".tmp-csv").mkdir()
        (tmp_path / ".tmp-csv" / "half.csv").write_text("half")
        export(home.published_file, tmp_path / "csv", "csv")
        assert [path.name for path in tmp_path.iterdir()] == ["csv"]


class TestTheCommands:
    def test_export_writes_both_forms(self, home: Home, tmp_path: Path) -> None:
        told = laborledger("export", tmp_path / "out", "--home", home.path)
        assert told.returncode == 0, told.stderr
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["csv", "parquet"]
        assert "up to date" in laborledger("export", tmp_path / "out", "--home", home.path).stdout

    def test_without_a_run_it_says_what_to_do(self, tmp_path: Path) -> None:
        told = laborledger("export", tmp_path / "out", "--home", tmp_path / "none")
        assert told.returncode == 1
        assert "make run" in told.stderr


class TestTexts:
    """Beside the published file; what else they are is in `test_texts.py`."""

    def test_quotes_are_slices_of_them(self, home: Home, tmp_path: Path) -> None:
        assert write_texts(home, tmp_path / "texts.duckdb") == 2
        with duckdb.connect() as connection:
            connection.execute(f"attach '{home.published_file}' as ledger (read_only)")
            connection.execute(f"attach '{tmp_path / 'texts.duckdb'}' as texts (read_only)")
            sliced = connection.execute(
                "select quote = substr(text, quote_start + 1, quote_end - quote_start) "
                "from ledger.marts.fct_claims join texts.article_texts using (article_id)"
            ).fetchall()
        assert sliced == [(True,), (True,)]

    def test_are_not_in_the_published_file(self, home: Home, exported: dict[str, Exported]) -> None:
        """No table has a sentence that no claim quotes."""
        for path in (home.published_file, *exported["csv"].folder.iterdir()):
            content = path.read_bytes()
            assert b"Before.\n\n" not in content
            assert b"\n\nAfter." not in content
