"""`laborledger sql`: answers in three forms, and no way to read or write another file."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.home import Home
from orchestration.publishing.answers import plain
from orchestration.publishing.builds import file_hash
from orchestration.publishing.publish import publish
from orchestration.publishing.query import run_sql
from tests.builds import NOW, build_home

CASES = Path(__file__).parent / "cases"
HOSTILE = yaml.safe_load((CASES / "hostile_sql.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = build_home(tmp_path_factory.mktemp("query") / "home")
    publish(home, "run-1", NOW)
    return home


def answer(home: Home, sql: str, form: str) -> str:
    out = io.StringIO()
    assert run_sql(home, sql, form, out) == 0
    return out.getvalue()


def rows_of_csv(home: Home, sql: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer(home, sql, "csv"))))


def value_of(home: Home, expression: str) -> Any:
    (record,) = json.loads(answer(home, f"select {expression} as v", "json"))
    return record["v"]


class TestMarts:
    def test_need_no_schema_name(self, home: Home) -> None:
        assert rows_of_csv(home, "select claim_id from fct_claims order by 1") == [
            ["claim_id"],
            ["c1"],
            ["c2"],
        ]

    @pytest.mark.parametrize(
        "sql", ["show tables", "describe fct_claims", "summarize fct_claims", "from fct_claims"]
    )
    def test_can_be_looked_over(self, home: Home, sql: str) -> None:
        assert "fct_claims" in answer(home, sql, "table") or "workers_low" in answer(home, sql, "table")

    def test_can_be_pivoted(self, home: Home) -> None:
        sql = "pivot (select measure, workers_low from fct_claims) on measure using sum(workers_low)"
        assert rows_of_csv(home, sql) == [["dispatch", "presence"], ["50", "300"]]

    def test_can_be_explained(self, home: Home) -> None:
        assert "SEQ_SCAN" in answer(home, "explain select * from fct_claims", "csv")


class TestJson:
    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("null", None),
            ("true", True),
            ("9223372036854775807", 9223372036854775807),
            ("sum(9223372036854775807::hugeint * 2)", 18446744073709551614),
            ("0.1::double", 0.1),
            ("'nan'::double", None),
            ("'-inf'::double", None),
            ("12.50::decimal(9,2)", 12.5),
            ("3.00::decimal(9,2)", 3),
            ("0.1234567890123456789::decimal(38,19)", "0.1234567890123456789"),
            ("date '2024-02-27'", "2024-02-27"),
            ("timestamp '2024-02-27 01:02:03.5'", "2024-02-27T01:02:03.500000"),
            ("timestamptz '2024-02-27 09:00:00+09'", "2024-02-27T00:00:00+00:00"),
            ("time '01:02:03'", "01:02:03"),
            ("interval 3 day", "3 days, 0:00:00"),
            ("['a', null]", ["a", None]),
            ("[1.5, 'nan'::double]", [1.5, None]),
            ("{'a': date '2024-02-27', 'b': [1]}", {"a": "2024-02-27", "b": [1]}),
            ("map {7: 'x'}", {"7": "x"}),
            ("'\\xAB'::blob", "ab"),
            ("uuid '123e4567-e89b-12d3-a456-426614174000'", "123e4567-e89b-12d3-a456-426614174000"),
            ("'노동자 \"300\"' || chr(10)", '노동자 "300"\n'),
            ("'x'::enum('x', 'y')", "x"),
        ],
    )
    def test_holds(self, home: Home, expression: str, value: object) -> None:
        assert value_of(home, expression) == value

    def test_of_no_row_is_an_empty_array(self, home: Home) -> None:
        assert json.loads(answer(home, "from fct_claims where false", "json")) == []

    def test_keeps_both_columns_of_one_name(self, home: Home) -> None:
        sql = "select 1 as a, 2 as a, 3 as a_1"
        assert json.loads(answer(home, sql, "json")) == [{"a": 1, "a_1": 2, "a_1_1": 3}]

    def test_of_several_statements_is_one_array_each(self, home: Home) -> None:
        told = answer(home, "select 1 as a; select 2 as b", "json")
        assert told == '[\n{"a": 1}\n]\n[\n{"b": 2}\n]\n'

    def test_writes_a_value_of_no_known_kind_as_text(self) -> None:
        assert plain(Path("a")) == "a"


class TestCsv:
    def test_leaves_null_empty_and_quotes_what_must_be(self, home: Home) -> None:
        told = answer(home, "select null as a, 'x, \"y\"' as b, [1, null] as c, false as d, 1.50 as e", "csv")
        assert told == 'a,b,c,d,e\n,"x, ""y""","[1, null]",false,1.50\n'

    def test_writes_days_as_iso(self, home: Home) -> None:
        assert rows_of_csv(home, "select date '2024-02-27' as d")[1] == ["2024-02-27"]

    def test_takes_nan_as_it_is(self, home: Home) -> None:
        assert rows_of_csv(home, "select 'nan'::double as n")[1] == ["nan"]


class TestTable:
    def test_ends_with_the_number_of_rows(self, home: Home) -> None:
        assert answer(home, "from fct_claims limit 1", "table").endswith("\n1 row\n")
        assert answer(home, "from fct_claims where false", "table").endswith("\n0 rows\n")

    def test_cuts_nothing_when_it_is_piped(self, home: Home) -> None:
        assert "x" * 3000 in answer(home, "select repeat('x', 3000)", "table")

    def test_never_acts_on_the_terminal(self, home: Home) -> None:
        told = answer(home, "select chr(27) || '[2J' || chr(8238) || 'x' as v, '[bold]:smile:' as w", "table")
        assert "\\x1b[2J\\x202ex" in told
        assert "[bold]:smile:" in told

    def test_shows_row_by_row_what_does_not_fit_across(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setenv("COLUMNS", "60")
        out = Terminal()
        assert run_sql(home, "from fct_claims", "table", out) == 0
        lines = [line for line in out.getvalue().splitlines() if "workers_low" in line]
        assert [line.split("│")[2].strip()[:3] for line in lines] == ["300", "50"]


class TestErrors:
    """One message on stderr and exit status 1."""

    @pytest.mark.parametrize(
        ("sql", "message"),
        [
            ("", "there is no statement to run"),
            (" ; -- nothing", "there is no statement to run"),
            ("selec 1", 'syntax error at or near "selec"'),
            ("select nope from fct_claims", 'Referenced column "nope" not found'),
            ("select ?", "parameters without a value: 1"),
            ("select $host", "parameters without a value: host"),
            ("select error('no')", "no"),
            ("select 'x'::int", "Could not convert string 'x' to INT32"),
        ],
    )
    def test_say_what_is_wrong(
        self, home: Home, sql: str, message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_sql(home, sql, "csv") == 1
        told = capsys.readouterr().err
        assert told.startswith("laborledger sql: ")
        assert message in told

    def test_before_the_first_build_say_what_to_run(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_sql(Home(tmp_path), "select 1", "csv") == 1
        assert "no published file yet at" in (told := capsys.readouterr().err)
        assert "run `make run`" in told

    def test_of_a_damaged_file_are_told(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        home = Home(tmp_path)
        home.published.mkdir()
        home.published_file.write_bytes(b"damage" * 5000)
        assert run_sql(home, "select 1", "csv") == 1
        assert "not a valid DuckDB database file" in capsys.readouterr().err

    def test_in_a_later_statement_leave_the_answers_before_them(
        self, home: Home, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_sql(home, "select 1 as a; select nope", "csv") == 1
        assert capsys.readouterr().out == "a\n1\n"


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case["sql"])
def test_nothing_else_is_read_or_written(
    home: Home, case: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "target"
    before = file_hash(home.published_file), sorted(home.published.rglob("*"))
    assert run_sql(home, case["sql"].replace("FILE", str(target)), "csv") == 1
    told = capsys.readouterr()
    assert case["told"] in told.err
    assert "root:" not in told.out + told.err
    assert not target.exists()
    assert (file_hash(home.published_file), sorted(home.published.rglob("*"))) == before


MANY = "select i, repeat('x', 100) as x from range(100000000) r(i)"


class TestALargeAnswer:
    @pytest.mark.parametrize("form", ["table", "csv", "json"])
    def test_ends_quietly_when_its_reader_has_seen_enough(self, home: Home, form: str) -> None:
        code = (
            "import sys; from pathlib import Path; from orchestration.home import Home; "
            "from orchestration.publishing.query import run_sql; "
            f"sys.exit(run_sql(Home(Path({str(home.path)!r})), {MANY!r}, {form!r}))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as asker:
            assert asker.stdout is not None
            assert asker.stderr is not None
            assert asker.stdout.readline()
            asker.stdout.close()
            assert asker.stderr.read() == b""
        assert asker.returncode == 0

    def test_is_never_whole_in_memory(self, home: Home) -> None:
        """600,000 rows as Python objects would add 150 MB to the 70 of an idle process."""
        code = (
            "import re; from pathlib import Path; from orchestration.home import Home; "
            "from orchestration.publishing.query import run_sql; "
            f"run_sql(Home(Path({str(home.path)!r})), {MANY.replace('100000000', '600000')!r}, 'csv', "
            f"open({os.devnull!r}, 'w')); "
            "print(int(re.search('VmHWM: *([0-9]+)', "
            "Path('/proc/self/status').read_text().replace(chr(9), ' '))[1]) // 1024)"
        )
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert int(told.stdout) < 130
