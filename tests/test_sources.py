"""A wrong sources file is refused whole, naming file, line, key and what is allowed; ours is right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.scraping.sources import SOURCES_FILE, Source, SourceError, load_sources
from tests.case_files import load_cases

RIGHT = """\
# One outlet.

[[source]]
id = "outlet"
name = "The Outlet"
language = "en"
timezone = "Asia/Seoul"
homepage = "http://outlet.example/"
feeds = ["http://outlet.example/feed"]
"""

OURS = load_sources(SOURCES_FILE)
PLAUSIBLE = {
    "kbs-world": "https://world.kbs.co.kr/service/news_view.htm?lang=e&Seq_Code=181234",
    "korea-times": "https://www.koreatimes.co.kr/nation/northkorea/20240621/cooks-sent-home",
    "korea-herald": "https://www.koreaherald.com/article/3480010",
    "joongang-daily": "https://koreajoongangdaily.joins.com/news/2023-08-22/national/northKorea/Loggers/1853001",
    "rfa": "https://www.rfa.org/english/news/korea/workers-vanish-07092021155012.html",
    "upi": "https://www.upi.com/Top_News/World-News/2022/03/10/workers-seek-asylum/8231646900000/",
    "voa": "https://www.voanews.com/a/student-visas-bring-builders/7310011.html",
    "nkpro": "https://www.nknews.org/pro/what-permits-tell/",
    "asiapress": "https://www.asiapress.org/rimjin-gang/2024/03/workers/seamstresses-leave/",
    "sample": "http://sample-outlet.example/2025/03/forty-welders-leave/",
    "dailynk-en": "https://www.dailynk.com/english/n-korea-sends-workers-abroad/",
    "dailynk-ko": "https://www.dailynk.com/20250301-1/",
    "yonhap-en": "https://en.yna.co.kr/view/AEN20250301000100315",
    "38north": "https://www.38north.org/2025/03/workers-abroad/",
    "nknews": "https://www.nknews.org/2025/03/workers-abroad/",
}
"""One address of each outlet's articles as they look; a new outlet needs one here."""
NO_ARTICLES = ("", "category/news/", "tag/workers/", "page/2/", "wp-content/uploads/2025/03/a.jpg")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outlets.toml"


def refusal(file: Path, text: str | bytes) -> str:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SourceError) as refused:
        load_sources(file)
    return str(refused.value)


def with_line(line: str) -> str:
    """The right file with one line in the place of that key's own, or at its end."""
    key = line.partition(" ")[0]
    kept = [old for old in RIGHT.splitlines() if not old.startswith(f"{key} =")]
    place = next((n for n, old in enumerate(RIGHT.splitlines()) if old.startswith(f"{key} =")), len(kept))
    return "\n".join([*kept[:place], line, *kept[place:]]) + "\n"


@pytest.mark.parametrize("case", load_cases("sources"), ids=lambda case: case["text"])
def test_a_wrong_line_is_refused(file: Path, case: dict[str, Any]) -> None:
    told = refusal(file, with_line(case["text"]))
    assert told.startswith(f"{file}:{case['line']}: ")
    assert case["says"] in told
    assert "\n" not in told


@pytest.mark.parametrize("key", ["id", "name", "language", "timezone", "homepage"])
def test_a_missing_key_is_named(file: Path, key: str) -> None:
    text = "\n".join(line for line in RIGHT.splitlines() if not line.startswith(f"{key} ="))
    who = "number 1" if key == "id" else "'outlet'"
    assert refusal(file, text).startswith(
        f"{file}:3: source {who.strip() if key != 'id' else repr(who)} needs the key {key!r}"
    )


def test_every_wrong_line_is_told_at_once(file: Path) -> None:
    told = refusal(file, RIGHT + "delay = -1\nbudget = 0\n").splitlines()
    assert [line.split(": ")[0] for line in told] == [f"{file}:10", f"{file}:11"]


def test_a_line_is_counted_in_its_own_block(file: Path) -> None:
    second = RIGHT.replace('"outlet"', '"other"') + "delay = -1\n"
    assert refusal(file, RIGHT + second).startswith(f"{file}:19: source 'other': key 'delay'")


def test_two_outlets_of_one_id_are_refused(file: Path) -> None:
    told = refusal(file, RIGHT + RIGHT)
    assert told == f"{file}:13: source 'outlet': key 'id': another source has this id already; ids differ"


def test_a_selector_of_its_own_table_is_named_by_its_line(file: Path) -> None:
    told = refusal(file, RIGHT + '\n[source.selectors]\nbody = ["article", "div["]\n')
    assert told.startswith(f"{file}:12: source 'outlet': key 'body' is 'div[': must be a CSS selector")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: key 'source': Field required; a sources file is a list of [[source]] blocks"),
        ("source = []", ":1: key 'source': there is no outlet"),
        ("source = 5", ":1: key 'source'"),
        ("source = [5]", ":1: source 'number 1'"),
        ('[source]\nid = "a"', ":1: key 'source'"),
        ("[[sources]]\nid = 1", ":1: key 'source'"),
        ("[[source]", ": no TOML: "),
        ("a = " + "[" * 10_000, ": no TOML: "),
        (b"\xff\xfe", ": cannot be read: "),
    ],
)
def test_a_file_of_another_shape_is_refused(file: Path, text: str | bytes, says: str) -> None:
    assert refusal(file, text).startswith(f"{file}{says}")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no\.toml: cannot be read"):
        load_sources(tmp_path / "no.toml")


def test_a_long_value_is_not_repeated_in_full(file: Path) -> None:
    assert len(refusal(file, with_line(f'homepage = "{"a" * 10_000}"'))) < 500


def test_a_right_file_gives_its_outlets_with_the_usual_pace(file: Path) -> None:
    file.write_text(RIGHT)
    (source,) = load_sources(file)
    assert (source.id, source.delay, source.budget, source.verified, source.local) == (
        "outlet",
        5,
        200,
        False,
        False,
    )
    assert source.hosts == {"outlet.example"}
    assert source.addresses == {("outlet.example", 80)}


# Our own file


def test_every_outlet_of_ours_has_a_plausible_address_here() -> None:
    assert {source.id for source in OURS} == set(PLAUSIBLE)


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.id)
def test_an_article_is_known_by_its_address(source: Source) -> None:
    assert re.match(source.article_url, PLAUSIBLE[source.id])


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.id)
@pytest.mark.parametrize("path", NO_ARTICLES, ids=lambda path: path or "homepage")
def test_what_is_no_article_is_known_by_its_address(source: Source, path: str) -> None:
    assert not re.match(source.article_url, source.homepage + path)


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.id)
def test_every_outlet_is_asked_slowly_and_says_what_may_be_stored(source: Source) -> None:
    assert source.terms
    assert source.credits
    assert source.sample or source.delay >= 5


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.id)
def test_no_address_takes_the_pattern_long(source: Source) -> None:
    re.match(source.article_url, PLAUSIBLE[source.id][:-1] + "a-" * 1_000 + "!")
