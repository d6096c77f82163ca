"""A live page becomes a test case: asked for politely, saved as it came, with what it is parsed to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.home import ROOT
from tests.hostile_server import HostileServer, answer

PAGE = (
    "<html lang='en'><head><title>Nine left</title><meta name='date' content='2024-02-27'></head>"
    "<body><article><h1>Nine left</h1>"
    "<p>Nine workers left the farm near the border on Tuesday, its owner said.</p>"
    "<p>He did not say where they went, nor whether others were to follow them.</p></article></body></html>"
)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer().running() as server:
        server.paths |= {
            "/robots.txt": answer("User-agent: *\nDisallow: /closed"),
            "/a/nine-left": answer(PAGE),
        }
        yield server


def save(server: HostileServer, folder: Path, path: str, **keys: str) -> subprocess.CompletedProcess[str]:
    home = f"http://127.0.0.1:{server.port}"
    more = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    file = folder / "sources.toml"
    file.write_text(
        f'[[source]]\nid = "outlet"\nname = "Outlet"\nlanguage = "en"\ntimezone = "Asia/Seoul"\n'
        f'homepage = "{home}/"\nfeeds = ["{home}/feed"]\nlocal = true\ndelay = 0\n{more}',
        encoding="utf-8",
    )
    return subprocess.run(
        [sys.executable, "-m", "tests.save_page", "outlet", f"{home}{path}", "--sources", str(file),
         "--folder", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_page_is_saved_with_what_it_must_parse_to(server: HostileServer, tmp_path: Path) -> None:
    done = save(server, tmp_path, "/a/nine-left")
    assert done.returncode == 0, done.stderr
    place = tmp_path / "outlet-a-nine-left"
    assert (place / "page.html").read_text() == PAGE
    wanted = json.loads((place / "expected.json").read_text(encoding="utf-8"))
    assert (wanted["title"], wanted["published"], wanted["source"]) == ("Nine left", "2024-02-27", "outlet")
    assert len(wanted["paragraphs"]) == 2
    assert server.asked_paths() == ["/robots.txt", "/a/nine-left"]


def test_a_page_that_robots_forbid_is_not_asked_for(server: HostileServer, tmp_path: Path) -> None:
    done = save(server, tmp_path, "/closed/a")
    assert done.returncode == 1
    assert "robots.txt forbids it; nothing is saved" in done.stderr
    assert server.asked_paths() == ["/robots.txt"]


def test_a_page_that_does_not_come_is_not_saved(server: HostileServer, tmp_path: Path) -> None:
    done = save(server, tmp_path, "/a/none")
    assert (done.returncode, "HTTP 404; nothing is saved" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["sources.toml"]


def test_no_page_is_kept_of_an_outlet_whose_terms_forbid_it(server: HostileServer, tmp_path: Path) -> None:
    done = save(server, tmp_path, "/a/nine-left", stores="abstract")
    assert "its terms allow no pages to be kept" in done.stderr
    assert server.asked_paths() == []
