"""`laborledger parse`: pages as JSON lines in, articles as JSON lines out, and it starts at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration.scraping.jsonl import parse_lines
from tests.test_inbox import PAGE

FIELDS = ["id", "url", "title", "published", "text", "language", "authors", "canonical_url", "date_evidence"]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.txt"
    path.write_text(PAGE)
    return path


def read(*lines: object) -> tuple[list[dict[str, Any]], list[int]]:
    errors: list[int] = []
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return [json.loads(line) for line in parse_lines(texts, errors)], errors


def test_a_page_gives_its_article(page: Path) -> None:
    found, errors = read({"id": "p1", "url": "https://x.example/a?utm_source=b", "path": str(page)})
    assert errors == []
    assert [list(record) for record in found] == [FIELDS]
    record = found[0]
    assert record["id"] == "p1"
    assert record["url"] == "https://x.example/a?utm_source=b"
    assert record["canonical_url"] == "https://x.example/a"
    assert record["title"] == "Men on the farm near Ussuriysk"
    assert (record["published"], record["date_evidence"]) == ("2024-02-27", "visible: 27 February 2024")
    assert record["text"].startswith("A farm near Ussuriysk")


def test_order_is_kept_and_a_bad_line_does_not_end_the_run(page: Path, tmp_path: Path) -> None:
    good = {"id": "good", "url": None, "path": str(page)}
    found, errors = read(
        good,
        "",
        "{",
        "[" * 100_000,
        [],
        {"url": None, "path": str(page)},
        {"id": "no path"},
        {"id": "gone", "path": str(tmp_path / "gone.txt")},
        {"id": "folder", "path": str(tmp_path)},
        {"id": "nul", "path": "a\0b"},
        {"id": "odd", "path": str(page), "source": "nobody"},
        {"id": "typed", "path": str(page), "url": 3},
        good,
    )
    assert errors == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert [r["id"] for r in found] == [
        "good", None, None, None, None, "no path", "gone", "folder", "nul", "odd", "typed", "good",
    ]  # fmt: skip
    assert all(set(r) == {"id", "line", "error"} and r["error"] for r in found[1:-1])
    assert "dailynk-en" in found[9]["error"]


def test_a_page_without_an_article_is_an_error_line(tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_bytes(b"")
    found, errors = read({"id": "e", "url": None, "path": str(tmp_path / "empty.html")})
    assert (errors, found[0]["id"], found[0]["line"]) == ([1], "e", 1)
    assert "empty" in found[0]["error"]


def test_an_undated_article_is_printed_without_its_day(page: Path) -> None:
    page.write_text(PAGE.replace("27 February 2024\n\n", ""))
    found, errors = read({"id": "u", "url": None, "path": str(page)})
    assert errors == []
    assert (found[0]["published"], found[0]["date_evidence"]) == (None, None)


def test_the_day_is_that_of_the_named_outlet(tmp_path: Path) -> None:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in PAGE.split("\n\n")[2:])
    meta = '<meta property="article:published_time" content="2024-02-26T20:00:00Z">'
    path = tmp_path / "a.html"
    path.write_text(f"<html><head>{meta}</head><body><article><h1>A</h1>{body}</article></body></html>")
    found, _ = read(
        {"id": "s", "url": None, "path": str(path), "source": "yonhap-en"},
        {"id": "i", "url": None, "path": str(path)},
    )
    assert [r["published"] for r in found] == ["2024-02-27", "2024-02-26"]


def test_the_command_loads_neither_dagster_nor_duckdb_nor_dbt(page: Path) -> None:
    code = (
        "import json, sys; from orchestration.scraping.jsonl import parse_lines\n"
        f"print(len(list(parse_lines([json.dumps({{'id': 'a', 'url': None, 'path': {str(page)!r}}})]))))\n"
        "slow = {'dagster', 'duckdb', 'dbt', 'trafilatura', 'htmldate'}\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & slow))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split("\n")[:2] == ["1", "[]"]
