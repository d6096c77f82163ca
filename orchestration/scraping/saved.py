"""Saved pages as files: the inbox as an outlet, and the bounded reading of one file.

Walking a folder is the business of `inbox`, the stream of `laborledger parse` that of `jsonl`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchestration.scraping.identity import INBOX_ID
from orchestration.scraping.sources import Source
from orchestration.scraping.tree import LARGEST

INBOX = Source(
    id=INBOX_ID,
    name="Saved pages",
    language="en",
    timezone="UTC",
    days_as_written=True,
    homepage="http://saved-pages.invalid/",
    verified=True,
)
"""The outlet of a saved page whose sidecar names none."""

PAGE_SUFFIXES = (".html", ".htm", ".txt")


class SavedFileError(Exception):
    """A file is not read. `outcome` is refused, too_large or unreadable."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(detail)
        self.outcome, self.detail = outcome, detail


def read_file(path: Path, largest: int = LARGEST) -> bytes:
    """The bytes of a regular file of at most `largest` bytes. Raises SavedFileError.

    A pipe or device is never waited for.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise SavedFileError("refused", "no regular file")
            content = stream.read(largest + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SavedFileError("unreadable", f"the file cannot be read: {reason}") from None
    if len(content) > largest:
        raise SavedFileError("too_large", f"more than {largest} bytes; a page has at most that")
    return content
