"""A build of a gigabyte, what it takes to publish it, and what it takes to copy it.

The texts of articles make the build large and are not published.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from benchmarks.claims import built, home_of_claims
from orchestration.home import ROOT, Home

CLAIMS, ARTICLES = 20_000, 120_000
ROUNDS = 3
"""Publishing and copying take turns: how fast a disk is differs from one second to the next."""

TEXTS = """
insert into raw.articles by name
select
    'text-' || n as version_id, 'text-' || n as article_id, 'outlet' as source_id, 'Title' as title,
    []::varchar[] as authors, date '2020-01-01' as published, 'meta' as date_evidence, 'en' as language,
    (select string_agg(md5((n * 1000 + part)::varchar), ' ') from range(240) as parts (part)) as text,
    'hash' as text_sha256, timestamp '2020-01-01' as first_seen_at, 'parser' as parser_version
from range($articles) as numbers (n)
"""

PUBLISH = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
import duckdb
from orchestration.home import Home
from orchestration.publishing.publish import publish
start = time.perf_counter()
publish(Home(Path(sys.argv[1])), "bench", datetime.now(UTC))
print(time.perf_counter() - start)
"""


def home_of_a_gigabyte(folder: Path) -> Home:
    """A home with a finished build of about 1 GB, most of it texts."""
    home = home_of_claims(folder, CLAIMS)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute(TEXTS, {"articles": ARTICLES})
    built(home)
    return home


def publish_ratio(home: Home) -> float:
    """How many times as long publishing takes as `cp` and `fsync` of the build; all but Python's start."""
    pairs = [(_publish(home), _copy(home)) for _ in range(ROUNDS)]
    return statistics.median(published for published, _ in pairs) / statistics.median(c for _, c in pairs)


def _publish(home: Home) -> float:
    """Seconds of publishing for the first time."""
    shutil.rmtree(home.published, ignore_errors=True)
    home.published.mkdir()
    command = [sys.executable, "-c", PUBLISH, str(home.path)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(told.stdout)


def _copy(home: Home) -> float:
    """Seconds of copying the build and having it on the disk."""
    copy = home.path / "copy"
    start = time.perf_counter()
    subprocess.run(["cp", str(home.build_file), str(copy)], check=True)
    handle = os.open(copy, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    taken = time.perf_counter() - start
    copy.unlink()
    return taken
