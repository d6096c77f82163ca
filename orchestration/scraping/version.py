"""The parser's version: a hash of what parsing depends on, so that a forgotten bump cannot hide."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
NOT_PARSING = frozenset(
    (
        "archive.py",
        "asking.py",
        "copies.py",
        "discover.py",
        "fetch.py",
        "guard.py",
        "inbox.py",
        "jsonl.py",
        "posts.py",
        "reading.py",
        "restore.py",
        "robots.py",
        "scrape.py",
        "version.py",
        "warc.py",
    )
)
"""Modules that bring pages or carry lines; sources.toml counts, for its selectors, zones and credits."""


@cache
def parser_version() -> str:
    """The first 12 hex digits of the SHA-256 over the parsing modules and tables, names included."""
    digest = hashlib.sha256()
    files = [
        p for p in FOLDER.iterdir() if p.suffix in (".py", ".csv", ".toml") and p.name not in NOT_PARSING
    ]
    for path in sorted(files, key=lambda p: p.name):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
