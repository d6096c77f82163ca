"""A home: the one folder that holds all that a run builds, and the lock that keeps it to one writer.

Where things lie belongs here; what lies in them does not.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: dbt_project/ and warehouse/ stand here beside this package."""

REVIEWS_FILE = ROOT / "warehouse" / "reviews.csv"
"""What people decided of the live ledger's claims, in git."""

STEM = "labor_ledger"
"""Of every DuckDB file: a catalog is named by its file's stem, and SQL must not notice a copy."""


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one home; `Home(path)` touches nothing, `prepare()` makes the folders."""

    path: Path

    @classmethod
    def default(cls, sources: str) -> Home:
        """`LABORLEDGER_HOME`, else `warehouse/sample` for the sample outlet and `warehouse/live`."""
        named = os.environ.get("LABORLEDGER_HOME")
        folder = "sample" if sources == "sample" else "live"
        return cls(Path(named).resolve() if named else ROOT / "warehouse" / folder)

    @classmethod
    def to_read(cls) -> Home:
        """The default home whose published file a reader means: the live one, else the sample's."""
        live, sample = cls.default("live"), cls.default("sample")
        return live if live.published_file.exists() or not sample.published_file.exists() else sample

    @property
    def build_file(self) -> Path:
        """The private DuckDB file that a run writes."""
        return self.path / "build" / f"{STEM}.duckdb"

    @property
    def lock_file(self) -> Path:
        """Held by whoever writes the build file."""
        return self.path / "build" / "writer.lock"

    @property
    def dbt_target(self) -> Path:
        """dbt's artifacts of this home's last build, `run_results.json` among them."""
        return self.path / "build" / "dbt"

    @property
    def archive(self) -> Path:
        """WARC files: what the outlets sent."""
        return self.path / "archive"

    @property
    def inbox(self) -> Path:
        """Pages, folders and WARC files laid in here are read by the UI's sensor."""
        return self.path / "inbox"

    @property
    def dagster(self) -> Path:
        """`DAGSTER_HOME`: the history that `laborledger run` and the UI share."""
        return self.path / "dagster"

    @property
    def published(self) -> Path:
        """Builds that passed their checks, behind the link `current`."""
        return self.path / "published"

    @property
    def published_file(self) -> Path:
        """What a reader opens: always a whole, checked build.

        A link, or the file of the build that `current` names where the file system has no links.
        """
        link, pointer = self.published / f"{STEM}.duckdb", self.published / "current"
        if link.is_symlink() or not pointer.is_file():
            return link
        return self.published / pointer.read_text(encoding="utf-8").strip() / link.name

    def prepare(self) -> None:
        """Make the folders that are missing, and give Dagster its instance file."""
        for folder in (self.build_file.parent, self.archive, self.inbox, self.dagster, self.published):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(__file__).with_name("dagster.yaml"), self.dagster / "dagster.yaml")
