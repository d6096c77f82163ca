"""The suite's real WordPress: its posts are a folder of JSON files, its access log judges politeness."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIRST = datetime(2021, 3, 1, 1, 30, tzinfo=UTC)
PLACES = ("Vladivostok", "Dandong", "Doha", "Ulaanbaatar", "Dakar", "Warsaw")
_LOGGED = re.compile(
    r'"(?P<line>[A-Z]+ (?P<path>\S+)[^"]*)" (?P<status>\d+) \S+ "(?P<agent>[^"]*)" (?P<told>.*)'
)


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the access log."""

    path: str
    status: int
    agent: str
    conditions: str


def post(number: int, **changes: Any) -> dict[str, Any]:
    """A post of its own day, in our own words."""
    place, published = PLACES[number % len(PLACES)], FIRST + timedelta(hours=7 * number)
    html = (
        f"<p>Some {10 + number} North Korean workers were sent to {place} for the test's item {number}.</p>\n"
        f"<p>The item goes on with a second paragraph, which ends as whole as it began, number {number}.</p>"
    )
    return {
        "slug": f"item-{number:04}", "title": f"Workers sent to {place}: item {number}",
        "published": published.isoformat(), "modified": published.isoformat(), "html": html,
        "tags": [place], "category": "Overseas workers", "author": "Jane Placeholder",
    } | changes  # fmt: skip


@dataclass
class Site:
    """One WordPress; `run` is a folder that the web server's user can reach."""

    run: Path
    port: int
    url: str = ""
    _read: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def posts(self) -> Path:
        """The folder whose files are its posts."""
        return self.run / "posts"

    def write(self, *posts: dict[str, Any]) -> None:
        """Make these posts' files; `load` brings them to the site."""
        self.posts.mkdir(parents=True, exist_ok=True)
        for told in posts:
            (self.posts / f"{told['slug']}.json").write_text(json.dumps(told), encoding="utf-8")

    def remove(self, slug: str) -> None:
        """Take a post's file away."""
        (self.posts / f"{slug}.json").unlink()

    def load(self) -> None:
        """Bring the site in line with its folder; it is started where it does not run."""
        environment = os.environ | {"WP_RUN": str(self.run), "WP_PORT": str(self.port), "WP_BASE": "/english"}
        done = subprocess.run(
            ["bash", str(HERE / "start.sh"), str(self.posts)],
            env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        self.url = done.stdout.strip().splitlines()[-1]

    def stop(self) -> None:
        """End its processes; its state stays."""
        subprocess.run(
            ["bash", str(HERE / "stop.sh")], env=os.environ | {"WP_RUN": str(self.run)}, check=False
        )

    def only(self, *posts: dict[str, Any]) -> None:
        """These posts and no others."""
        for file in self.posts.glob("*.json"):
            file.unlink()
        self.write(*posts)
        self.load()
        self.asked()

    def asked(self) -> Sequence[Request]:
        """The requests since this was last called, without those of the start script."""
        lines = (self.run / "access.log").read_text(encoding="utf-8", errors="replace").splitlines()
        fresh, self._read = lines[self._read :], len(lines)
        found = [Request(m["path"], int(m["status"]), m["agent"], m["told"])
                 for line in fresh if (m := _LOGGED.search(line))]  # fmt: skip
        return [request for request in found if not request.agent.startswith("curl/")]

    def database(self, number: signal.Signals) -> None:
        """Send a signal to the database."""
        file = self.run / "mariadbd.pid"
        os.kill(int(file.read_text()), number)
        if number == signal.SIGKILL:
            file.unlink()  # so that `load` starts another
