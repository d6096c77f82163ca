"""What a run is asked to read, and where it builds: the one question that the command line, the UI
and the schedule all answer, kept in the environment so that a run worker inherits it.

The reading itself does not belong here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from orchestration.home import REVIEWS_FILE, Home
from orchestration.lake import BUILD, TARGET

SAMPLE, LIVE, NONE = "sample", "live", "none"


@dataclass(frozen=True, slots=True)
class Selection:
    """`sources` is `sample`, `live`, `none` or the path of a file; `inbox` a folder of saved pages; `reviews`
    a file of people's decisions; `target` is `build`, or `ducklake` for the warehouse that many share.
    """

    sources: str
    inbox: Path | None
    home: Home
    reviews: Path | None = None
    target: str = BUILD

    @classmethod
    def of(
        cls, sources: str | None, inbox: Path | None, home: Path | None, reviews: Path | None = None,
        target: str | None = None,
    ) -> Selection:  # fmt: skip
        """The selection that the options mean: `live` unless an inbox is all that is asked for.

        The project's reviews are of live claims: the sample has none unless a file is named.
        """
        chosen = sources or (NONE if inbox else LIVE)
        place = Home(home.resolve()) if home else Home.default(chosen)
        decided = reviews or (None if chosen == SAMPLE else REVIEWS_FILE)
        told = target or os.environ.get(TARGET) or BUILD
        return cls(
            chosen, inbox.resolve() if inbox else None, place, decided.resolve() if decided else None, told
        )

    @classmethod
    def from_environment(cls) -> Selection:
        """The selection that `export` wrote, or the defaults."""
        inbox = os.environ.get("LABORLEDGER_INBOX")
        reviews = os.environ.get("LABORLEDGER_REVIEWS")
        return cls.of(
            os.environ.get("LABORLEDGER_SOURCES") or None,
            Path(inbox) if inbox else None,
            None,
            Path(reviews) if reviews else None,
        )

    def asked(self, sources: str, inbox: str | None) -> Selection:
        """The same home with the sources and inbox that a launch asks for."""
        return Selection(
            sources, Path(inbox).resolve() if inbox else None, self.home, self.reviews, self.target
        )

    @property
    def is_sample(self) -> bool:
        """Whether the embedded sample outlet is what is read."""
        return self.sources == SAMPLE

    def export(self) -> None:
        """Write this selection to the environment, for Dagster, dbt and the processes they start."""
        os.environ["LABORLEDGER_SOURCES"] = self.sources
        os.environ["LABORLEDGER_HOME"] = str(self.home.path)
        os.environ["LABORLEDGER_BUILD"] = str(self.home.build_file)
        os.environ[TARGET] = self.target
        os.environ["DAGSTER_HOME"] = str(self.home.dagster)
        for name, path in (("LABORLEDGER_INBOX", self.inbox), ("LABORLEDGER_REVIEWS", self.reviews)):
            if path:
                os.environ[name] = str(path)
            else:
                os.environ.pop(name, None)
