"""The command line: what it prints, what it refuses, and with which exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.extraction.jsonl import extract_lines
from tests.runs import laborledger
from tests.stand_in import Says, stand_in

COMMANDS = ("run", "ui", "sql", "extract", "explain", "parse")

ARTICLE = {
    "id": "a",
    "title": "Ministry plans for Qatar",
    "published": "2024-03-01",
    "text": "North Korea plans to repatriate about 300 of its workers in Qatar and send 450 new workers.",
}


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


class TestExtract:
    def test_it_prints_a_figure_a_line_in_the_order_of_the_input(self) -> None:
        told = laborledger(
            "extract", text="".join(json.dumps(ARTICLE | {"id": i}) + "\n" for i in ("b", "a"))
        )
        assert told.returncode == 0, told.stderr
        found = lines(told.stdout)
        assert [(f["article"], f["index"], f["measure"], f["low"]) for f in found] == [
            ("b", 0, "repatriation", 300), ("b", 1, "dispatch", 450),
            ("a", 0, "repatriation", 300), ("a", 1, "dispatch", 450),
        ]  # fmt: skip

    def test_a_figure_has_every_field_of_the_contract_and_its_offsets(self) -> None:
        figure = lines(laborledger("extract", text=json.dumps(ARTICLE)).stdout)[0]
        start, end = figure["start"], figure["end"]
        assert isinstance(start, int)
        assert isinstance(end, int)
        assert ARTICLE["text"][start:end] == figure["quote"]
        assert set(figure) >= {
            *(
                "article",
                "index",
                "measure",
                "status",
                "low",
                "high",
                "hedge",
                "countries",
                "region",
                "sectors",
            ),
            *("period_start", "period_end", "part_of", "quote", "start", "end"),
            *("attribution", "agency", "gender", "location"),
        }

    @pytest.mark.parametrize(
        ("line", "id", "error"),
        [
            ("{", None, "no JSON"),
            ("[1]", None, "must hold a JSON object"),
            ('{"title": "x"}', None, '"id" must be a string'),
            ('{"id": "x"}', "x", '"text" must be a string'),
            ('{"id": "x", "text": "y", "published": "27.2.2024"}', "x", "must be an ISO date"),
            ('{"id": "x", "text": 5}', "x", '"text" must be a string; it is 5'),
        ],
    )
    def test_a_bad_line_is_told_and_the_rest_goes_on(self, line: str, id: str | None, error: str) -> None:
        told = laborledger("extract", text=line + "\n\n" + json.dumps(ARTICLE) + "\n")
        assert told.returncode == 1
        first, *rest = lines(told.stdout)
        assert (first["id"], first["line"]) == (id, 1)
        assert error in str(first["error"])
        assert len(rest) == 2

    def test_any_unicode_is_taken(self) -> None:
        text = "\ud83d\ude00 \ud800 \u0000 노동자 " + ARTICLE["text"]
        told = laborledger("extract", text=json.dumps(ARTICLE | {"text": text}))
        assert told.returncode == 0, told.stderr
        assert len(lines(told.stdout)) == 2


class TestRejects:
    TEXT = "North Korea fed 300 workers for $20 a month."

    def test_a_number_that_a_rule_settles_has_its_reason_and_no_probability(self) -> None:
        article = ARTICLE | {"text": "North Korea paid its workers $20 a month.", "title": ""}
        assert laborledger("extract", text=json.dumps(article)).stdout == ""
        told = laborledger("extract", "--rejects", text=json.dumps(article))
        assert told.returncode == 0, told.stderr
        assert lines(told.stdout) == [
            {
                **{"article": "a", "reject": True, "number": "20", "start": 30, "end": 32},
                **{"sentence": article["text"], "reason": "money", "probability": None},
            }
        ]

    def test_a_number_that_the_reader_refused_has_its_probability(self) -> None:
        reader = stand_in({"300": Says(p=0.2)})
        told = extract_lines([json.dumps(ARTICLE | {"text": self.TEXT})], rejects=True, read=reader)
        found = {reject["number"]: reject for reject in map(json.loads, told)}
        assert (found["300"]["reason"], found["300"]["probability"]) == ("no_measure", 0.23)
        assert (found["20"]["reason"], found["20"]["probability"]) == ("money", None)

    def test_rejects_follow_the_figures_of_their_article(self) -> None:
        reader = stand_in({"300": Says()})
        records = [json.dumps(ARTICLE | {"id": name, "text": self.TEXT}) for name in ("b", "a")]
        told = [json.loads(line) for line in extract_lines(records, rejects=True, read=reader)]
        assert [(r["article"], r.get("reject", False)) for r in told] == [
            ("b", False), ("b", True), ("a", False), ("a", True),
        ]  # fmt: skip


class TestExplain:
    @pytest.fixture
    def text(self, tmp_path: Path) -> Path:
        path = tmp_path / "doha.txt"
        path.write_text("Ten builders went to Doha in May.", encoding="utf-8")
        return path

    def test_it_shows_a_text_without_colours_where_there_is_no_terminal(self, text: Path) -> None:
        told = laborledger("explain", "--published", "2024-03-01", "--title", "Builders for Doha", text)
        assert told.returncode == 0, told.stderr
        assert told.stdout.startswith("Builders for Doha ─")
        assert "published 2024-03-01" in told.stdout
        assert "\x1b" not in told.stdout

    @pytest.mark.parametrize("arguments", [(), ("-",)])
    def test_it_reads_articles_from_stdin_one_after_the_other(self, arguments: tuple[str, ...]) -> None:
        articles = [{"id": name, "title": name, "text": "Ten left Doha."} for name in ("First", "Second")]
        told = laborledger("explain", *arguments, text="\n".join(map(json.dumps, articles)))
        assert told.returncode == 0, told.stderr
        assert told.stdout.index("First") < told.stdout.index("Second")

    def test_it_writes_a_page(self, text: Path, tmp_path: Path) -> None:
        told = laborledger("explain", "--html", tmp_path / "page.html", text)
        assert (told.returncode, told.stdout) == (0, "")
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert page.startswith("<!doctype html>")
        assert page == laborledger("explain", "--html", "-", text).stdout

    def test_its_width_can_be_told(self, text: Path) -> None:
        told = laborledger("explain", "--width", 44, text)
        assert max(map(len, told.stdout.splitlines())) == 44

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            (("no.txt",), "there is no file 'no.txt'; name a text or JSON file, or - for stdin"),
            (("--published", "27.2.2024", "-"), "'27.2.2024' is no day; write it as 2024-02-27"),
            (("--width", "3", "-"), "3 is not in the range"),
            (("--html", "README.md", "README.md"), "is the file to read; name another"),
        ],
    )
    def test_wrong_usage_is_told_with_the_cure(self, arguments: tuple[str, ...], error: str) -> None:
        told = laborledger("explain", *arguments, text="Ten left.")
        assert told.returncode == 2
        assert error in " ".join(told.stderr.split())

    @pytest.mark.parametrize(
        ("name", "content", "error"),
        [
            ("a.txt", b"caf\xe9", "a.txt is no UTF-8 text (byte 3); save it as UTF-8"),
            ("a.json", b"Ten left.", "a.json is no JSON"),
            ("a.jsonl", b'{"id": "x", "text": 5}', '"text" must be a string; it is 5'),
        ],
    )
    def test_what_is_no_article_fails_with_file_and_cure(
        self, tmp_path: Path, name: str, content: bytes, error: str
    ) -> None:
        (tmp_path / name).write_bytes(content)
        told = laborledger("explain", tmp_path / name)
        assert (told.returncode, told.stdout) == (1, "")
        assert error in told.stderr
        assert "Traceback" not in told.stderr

    def test_a_page_that_cannot_be_written_is_a_failure(self, text: Path, tmp_path: Path) -> None:
        told = laborledger("explain", "--html", tmp_path / "no" / "page.html", text)
        assert told.returncode == 1
        assert "page.html cannot be written" in told.stderr


class TestParse:
    def test_a_saved_page_becomes_an_article(self, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        page.write_text(PAGE, encoding="utf-8")
        line = json.dumps({"id": "p", "url": "https://outlet.example/builders", "path": str(page)})
        told = laborledger("parse", text=line)
        assert told.returncode == 0, told.stdout
        (article,) = lines(told.stdout)
        assert article["id"] == "p"
        assert article["title"] == "Builders leave Doha"
        assert article["published"] == "2024-03-01"
        assert str(article["text"]).startswith("About 300 North Korean builders")
        assert set(article) >= {"url", "language", "authors", "canonical_url", "date_evidence"}

    def test_a_page_that_is_not_there_is_told_and_the_rest_goes_on(self, tmp_path: Path) -> None:
        line = json.dumps({"id": "p", "url": None, "path": str(tmp_path / "no.html")})
        told = laborledger("parse", text=line + "\n")
        assert told.returncode == 1
        assert lines(told.stdout)[0]["id"] == "p"
        assert "no.html" in str(lines(told.stdout)[0]["error"])


PAGE = """<!doctype html><html lang="en"><head><title>Builders leave Doha | Outlet</title>
<meta property="og:title" content="Builders leave Doha">
<meta property="article:published_time" content="2024-03-01T08:00:00+09:00"></head>
<body><nav><a href="/">Home</a></nav><article><h1>Builders leave Doha</h1>
<p>About 300 North Korean builders left Doha in February, a contractor in the city said on Wednesday.</p>
<p>They had worked on three towers near the port since 2021, and were told to leave a week before.</p>
<p>Another crew of 40 is to follow before the summer, the contractor said, and none is to be replaced.</p>
</article></body></html>
"""


class TestUsage:
    def test_help_names_every_command(self) -> None:
        told = laborledger("--help")
        assert told.returncode == 0
        assert all(command in told.stdout for command in COMMANDS)

    @pytest.mark.parametrize("command", COMMANDS)
    def test_each_command_has_help(self, command: str) -> None:
        assert laborledger(command, "--help").returncode == 0

    @pytest.mark.parametrize(
        "arguments", [("run", "--inbox", "/no/such/folder"), ("run", "--colour"), ("sql",), ("fly",)]
    )
    def test_wrong_usage_ends_with_two(self, arguments: tuple[str, ...]) -> None:
        assert laborledger(*arguments).returncode == 2

    def test_a_sources_file_that_is_not_there_is_wrong_usage(self, tmp_path: Path) -> None:
        told = laborledger("run", "--sources", tmp_path / "no.toml", "--home", tmp_path / "home")
        assert told.returncode == 2
        assert "no.toml" in told.stderr

    def test_sql_before_the_first_run_says_what_to_run(self, tmp_path: Path) -> None:
        told = laborledger("sql", "select 1", "--home", tmp_path)
        assert told.returncode == 1
        assert "make run" in told.stderr


@pytest.mark.parametrize(("command", "text"), [("extract", ""), ("parse", ""), ("explain", "Ten left.")])
def test_the_streams_load_neither_dagster_nor_duckdb_nor_dbt(command: str, text: str) -> None:
    told = laborledger(command, text=text, PYTHONPROFILEIMPORTTIME="1")
    assert told.returncode == 0
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in told.stderr.splitlines()}
    assert "orchestration" in loaded
    assert not loaded & {"dagster", "duckdb", "dbt", "dagster_dbt"}
