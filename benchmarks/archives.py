"""WARC files as a crawler leaves them: pages of the sample's articles among many of unrelated news, seeded.

Making the files and timing commands over them belongs here, what is wanted of them is for `checks`.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from benchmarks.articles import world_news
from benchmarks.measuring import COMMAND
from orchestration.sample_outlet.site import HTML, build_site

DATED = "2026-03-02T12:00:00Z"
RELATED = "https://paper.example"
UNRELATED = "https://news.example"
BODIES, FRAMES = 400, 40
"""Texts and page frames that unrelated pages are put together from."""
_WORDS = 3_000


def sample_pages() -> list[tuple[str, bytes]]:
    """Address and body of the sample outlet's article pages, as another outlet's."""
    site = build_site()
    paths = {path: page for path, page in site.resources.items() if page.content_type == HTML}
    return [
        (f"{RELATED}{path}", page.content)
        for path, page in sorted(paths.items())
        if _is_article(page.content)
    ]


def _is_article(body: bytes) -> bool:
    return b"published_time" in body or b"datePublished" in body or b"<time" in body


@cache
def _bodies() -> tuple[str, ...]:
    texts = (str(json.loads(line)["text"]) for line in world_news(2 * BODIES))
    return tuple([text for text in texts if "Korea" not in text][:BODIES])


@cache
def _frames() -> tuple[tuple[str, str], ...]:
    """Head and foot of pages: menus, teasers and scripts of words that no dictionary knows."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghilmnoprstu", k=chance.randint(3, 11))) for _ in range(_WORDS)]

    def some(many: int) -> Iterator[str]:
        return (" ".join(chance.choices(words, k=chance.randint(2, 6))) for _ in range(many))

    def links(many: int) -> str:
        return "".join(
            f'<li class="{chance.choice(words)}"><a href="/{t.replace(" ", "-")}">{t.title()}</a></li>\n'
            for t in some(many)
        )

    def script(many: int) -> str:
        return "".join(
            f'{chance.choice(words)}.push({{"{a}":{chance.randint(0, 10**9)},"b":"{b}"}});\n'
            for a, b in zip(some(many), some(many), strict=True)
        )

    return tuple(
        (
            f"<script>{script(chance.randint(20, 120))}</script></head>"
            f"<body><nav><ul>{links(chance.randint(20, 120))}</ul></nav>",
            f"<footer><ul>{links(chance.randint(10, 60))}</ul></footer></body></html>",
        )
        for _ in range(FRAMES)
    )


def unrelated_page(chance: random.Random) -> bytes:
    """A page of the press, 10 to 30 KB, that never names North Korea."""
    text = chance.choice(_bodies())
    head, foot = chance.choice(_frames())
    title = text[: chance.randint(40, 70)].replace("\n", " ")
    paragraphs = "".join(f"<p>{p}</p>\n" for p in text.split("\n\n"))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="article:published_time" content="2026-01-0{chance.randint(1, 4)}T08:00:00Z">'
        f"{head}<article><h1>{title}</h1>{paragraphs}</article>{foot}"
    ).encode()


def mixed_pages(unrelated: int, related: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many of both, the related ones strewn among the others."""
    chance = random.Random(seed)
    sample = sample_pages()
    places = sorted(chance.sample(range(unrelated + related), related))
    told = dict(zip(places, range(related), strict=True))
    for at in range(unrelated + related):
        if at in told:
            url, body = sample[told[at] % len(sample)]
            yield f"{url}?copy={seed}-{told[at] // len(sample)}", body
        else:
            yield f"{UNRELATED}/{seed}/{at}", unrelated_page(chance)


def write_archive(path: Path, pages: Iterable[tuple[str, bytes]], **headers: str) -> Path:
    """The pages as a WARC file of responses, one gzip member each, as crawlers write them."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for number, (url, body) in enumerate(pages):
            http = StatusAndHeaders(
                "200 OK", [("Content-Type", "text/html; charset=utf-8"), *headers.items()], "HTTP/1.1"
            )
            told = {"WARC-Date": DATED, "WARC-Record-ID": f"<urn:uuid:{number:032x}>"}
            writer.write_record(
                writer.create_warc_record(
                    url,
                    "response",
                    payload=io.BytesIO(body),
                    length=len(body),
                    http_headers=http,
                    warc_headers_dict=told,
                )
            )
    return path


def write_archives(folder: Path, files: int, unrelated: int, related: int) -> list[Path]:
    """So many files of so many pages each, every one of a seed of its own."""
    return [
        write_archive(folder / f"news-{n}.warc.gz", mixed_pages(unrelated, related, n)) for n in range(files)
    ]


READ_ALONE = (
    "import sys\nfrom fastwarc.warc import ArchiveIterator, WarcRecordType\n"
    "for path in sys.argv[1:]:\n"
    "    for record in ArchiveIterator(open(path, 'rb'), record_types=WarcRecordType.response):\n"
    "        record.reader.read()\n"
)
"""The floor: what fastwarc takes to read and decompress a file."""
PREFILTER = (
    "import sys\nfrom orchestration.reading.prefilter import may_name_home\n"
    "from orchestration.reading.warcs import Reader\nmay_name_home(b'', None)\n"
    "for path in sys.argv[1:]:\n"
    "    for answer in Reader(open(path, 'rb')).answers():\n"
    "        may_name_home(answer.payload, answer.content_type)\n"
)


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds by the clock: fastwarc alone, with the pre-filter, related pages alone, all with 1 and 2
    workers; and the most memory (MiB) that one worker took.
    """

    alone: float
    prefiltered: float
    related: float
    one: float
    two: float
    peak: float


def costs(folder: Path, unrelated: int, related: int, files: int) -> Costs:
    """What reading so many pages in so many files costs, beyond what starting the same processes does."""
    folder.mkdir()
    paths = write_archives(folder, files, unrelated // files, related // files)
    only = folder / "only"
    only.mkdir()
    write_archives(only, files, 0, related // files)
    names = [str(path) for path in paths]

    def read(sources: Sequence[Path], workers: int) -> Taken:
        out = folder / f"out-{sources[0].parent.name}-{workers}"
        told = [str(path) for path in sources]
        return taken([COMMAND[0], "read", *told, "--out", str(out), "--workers", str(workers)])

    def searched(code: str) -> float:
        command = [sys.executable, "-c", code]
        return taken([*command, *names]).seconds - taken(command).seconds

    idle = folder / "idle"
    idle.mkdir()
    empty = write_archives(idle, 2, 0, 1)
    starts = read(empty[:1], 1).seconds, read(empty, 2).seconds
    related_alone, one, two = read(sorted(only.iterdir()), 1), read(paths, 1), read(paths, 2)
    return Costs(
        searched(READ_ALONE),
        searched(PREFILTER),
        related_alone.seconds - starts[0],
        one.seconds - starts[0],
        two.seconds - starts[1],
        max(one.peak, two.peak),
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of a command and the peak memory (MiB) of its largest process."""

    seconds: float
    peak: float


def taken(command: Sequence[str]) -> Taken:
    """Run a command to its end. Raises CalledProcessError."""
    begun, peak = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        told = psutil.Process(process.pid)
        while process.poll() is None:
            with suppress(psutil.Error):
                family = [told, *told.children(recursive=True)]
                peak = max(peak, *(one.memory_info().rss / 2**20 for one in family))
            time.sleep(0.05)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Taken(time.perf_counter() - begun, peak)
