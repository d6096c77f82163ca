"""The extractor's version: a hash of its sources and tables, so that a forgotten bump cannot hide."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
_SUFFIXES = (".py", ".csv")


@cache
def extractor_version() -> str:
    """The first 12 hex digits of the SHA-256 over this package's sources, tables and the reader's card.

    The card holds the checksums of the model's files, which are checked against it when they are loaded.
    """
    digest = hashlib.sha256()
    found = [FOLDER / "reader" / "model.json", *(p for p in FOLDER.rglob("*") if p.suffix in _SUFFIXES)]
    files = {p.relative_to(FOLDER).as_posix(): p for p in found}
    for name in sorted(files):
        content = files[name].read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
