"""One WordPress for the whole suite, a new home for each test. `make test-wordpress` runs it."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.home import Home
from orchestration.ledger import open_ledger
from orchestration.selection import Selection
from orchestration.steps import Collected, collect, fill_month
from tests.wordpress.site import Site

collect_ignore_glob = [] if os.environ.get("LABORLEDGER_WORDPRESS") else ["test_*.py"]


@pytest.fixture(scope="session")
def wordpress() -> Iterator[Site]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="wp", dir="/srv"))
    folder.chmod(0o755)
    site = Site(folder, port)
    try:
        yield site
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


SOURCE = """
[[source]]
id = "english"
name = "The English Edition"
language = "en"
timezone = "Asia/Seoul"
homepage = "{url}"
feeds = ["{url}feed/"]
article_url = '^{url}[a-z0-9-]+/$'
delay = 0
budget = 3000
local = true
{more}
"""


@dataclass
class Reader:
    """A home that looks at the site again and again."""

    site: Site
    folder: Path
    more: str = ""
    looks: int = 0
    home: Home = field(init=False)

    def __post_init__(self) -> None:
        self.home = Home(self.folder / "home")
        self.home.prepare()

    def look(self, more: str | None = None) -> Collected:
        """One run's look."""
        self.looks += 1
        return collect(self.selection(more), f"run-{self.looks}")

    def fill(self, month: date) -> Collected:
        """One month of a backfill."""
        self.looks += 1
        return fill_month(self.selection(), f"run-{self.looks}", "english", month)

    def selection(self, more: str | None = None) -> Selection:
        """The site as the one outlet of a sources file."""
        rest = f'rest = "{self.site.url}wp-json/wp/v2/posts"'
        file = self.folder / "sources.toml"
        told = SOURCE.format(url=self.site.url, more=rest if more is None else more)
        file.write_text(told, encoding="utf-8")
        return Selection(str(file), None, self.home)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the ledger answers."""
        with open_ledger(self.home) as ledger:
            return ledger._rows(statement)


@pytest.fixture
def reader(wordpress: Site, tmp_path: Path) -> Callable[[], Reader]:
    return lambda: Reader(wordpress, tmp_path)
