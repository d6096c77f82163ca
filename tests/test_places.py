"""A place gives its words, kind and country; a name that only holds a place gives nothing."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestration.extraction import lexicon, places
from orchestration.extraction.lexicon import LexiconError, load
from orchestration.extraction.places import Country, Region, Site, find_places
from tests.case_files import load_cases


def told(text: str) -> list[tuple[str, str, str]]:
    """Words, kind and country (or region) of the places in a text."""
    found = find_places(text, 0, len(text))
    return [(p.name, p.kind, ",".join(p.countries) or p.region or "") for p in found]


@pytest.mark.parametrize("case", load_cases("places"), ids=lambda case: case["text"])
def test_places(case: dict[str, Any]) -> None:
    assert told(case["text"]) == [tuple(place) for place in case["places"]]


def rows() -> Iterator[tuple[str, str, str]]:
    """Every wording of the three tables, and the kind and code it must give."""
    for country in load("countries", Country):
        for name in (country.name, *country.aliases):
            yield name, "country", country.country_code
        for name in country.demonyms:
            yield name, "demonym", country.country_code
    for region in load("regions", Region):
        for name in (region.name, *region.aliases):
            yield name, "region", region.region_code
    for site in load("places", Site):
        for name in (site.name, *site.aliases):
            yield name, "city" if site.country_code else "none", site.country_code or ""


def bare(name: str) -> str:
    """A wording without the lower-case words that only lead up to it."""
    start = next(index for index, letter in enumerate(name) if letter.isupper())
    return name[start:]


@pytest.mark.parametrize("frame", ["They said {} was named.", "{}", "“{}’s” crews, they said,"])
def test_every_wording_of_the_tables_means_itself(frame: str) -> None:
    found = [(name, kind, code, told(frame.format(name))) for name, kind, code in rows()]
    wanted = [(*row[:3], [(bare(row[0]), *row[1:3])] if row[2] else []) for row in found]
    assert [pair for pair in zip(found, wanted, strict=True) if pair[0] != pair[1]] == []


def test_every_wording_may_stand_in_capitals() -> None:
    found = [(name, kind, code, told(name.upper())) for name, kind, code in rows()]
    assert [
        name for name, kind, code, got in found if [place[1:] for place in got] != [(kind, code)] and code
    ] == []


def test_no_wording_in_lower_case_is_a_place() -> None:
    assert [name for name, _, _ in rows() if told(name.lower())] == []


def test_a_name_that_is_no_place_holds_one() -> None:
    for site in load("places", Site):
        words = site.name.replace("-", " ").split()
        pieces = [
            words[first:stop] for first in range(len(words)) for stop in range(first + 1, len(words) + 1)
        ]
        assert site.country_code or any(told(" ".join(piece)) for piece in pieces), site.name


def test_offsets_count_code_points_of_the_whole_text() -> None:
    text = "🚢 Crews — naïve, all — left Gdańsk for “Doha”."
    found = find_places(text, 0, len(text))
    assert [text[p.span.start : p.span.end] for p in found] == ["Gdańsk", "Doha"] == [p.name for p in found]


def test_only_the_piece_asked_for_is_read() -> None:
    text = "Qatar, Kuwait, Oman"
    assert [p.name for p in find_places(text, 7, 13)] == ["Kuwait"]
    assert find_places(text, 3, 3) == []


def test_places_do_not_overlap_and_stand_in_reading_order() -> None:
    text = (
        "North Korean North Korea South Korean South China Sea New York Times Kursk region Gulf of Oman Oman "
        * 50
    )
    spans = [p.span for p in find_places(text, 0, len(text))]
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert len(spans) == 250


@pytest.mark.parametrize("piece", ["Democratic People's ", "North ", "Al-", "the ", "St. ", "'"])
def test_a_text_of_half_names_is_read_in_one_pass(piece: str) -> None:
    text = piece * 20_000
    assert {p.name for p in find_places(text, 0, len(text))} <= {"North"}


def test_all_countries_of_iso_3166_are_there() -> None:
    countries = load("countries", Country)
    assert len(countries) == 250  # 249 and Kosovo
    assert len({country.iso2 for country in countries}) == 250
    assert all(country.name_ko and country.region and country.subregion for country in countries)


def test_the_regions_are_those_of_the_figure_contract() -> None:
    codes = {region.region_code for region in load("regions", Region)}
    assert codes == {
        "middle_east",
        "gulf",
        "southeast_asia",
        "central_asia",
        "africa",
        "europe",
        "latin_america",
    }


def country_row(**changed: Any) -> Country:
    row: dict[str, Any] = {
        "country_code": "RUS",
        "iso2": "RU",
        "name": "Russia",
        "name_ko": "러시아",
        "region": "Europe",
        "subregion": "Eastern Europe",
        "latitude": 60.0,
        "longitude": 100.0,
        "aliases": (),
        "demonyms": ("Russian",),
    }
    return Country(**(row | changed))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("country_code", "Rus"),
        ("country_code", "RU"),
        ("iso2", "RUS"),
        ("latitude", 91.0),
        ("latitude", float("nan")),
        ("longitude", -181.0),
        ("name", "russia"),
        ("name", ""),
        ("aliases", ("the federation",)),
    ],
)
def test_a_wrong_country_row_is_refused(column: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"must"):
        country_row(**{column: value})


@pytest.mark.parametrize(
    ("table", "line", "message"),
    [
        ("places", "Atlantis,city,ATL,", "country_code 'ATL' must be in countries.csv"),
        ("places", "Atlantis,city,,", "country_code None must be in countries.csv"),
        ("places", "Atlantis,ocean,MLT,", "kind 'ocean' must be one of"),
        ("places", "Malta Daily,none,MLT,", "country_code 'MLT' must be empty"),
        ("places", "atlantis,city,MLT,", "'atlantis' must hold a word with a capital"),
        ("regions", "pacific,Pacific,태평양,,FJI|ZZZ", r"members \['ZZZ'\] must be codes"),
        ("regions", "Pacific,Pacific,태평양,,FJI", "region_code 'Pacific' must be lower case"),
        ("regions", "pacific,Pacific,태평양,,", "members"),
    ],
)
def test_a_wrong_row_is_refused_with_file_and_line(
    table: str, line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("countries", Country)
    header = (lexicon.FOLDER / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0]
    path = tmp_path / f"{table}_wrong.csv"
    path.write_text(f"{header}\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(lexicon, "FOLDER", tmp_path)
    with pytest.raises(LexiconError, match=rf"{table}_wrong\.csv:2: .*{message}"):
        load(f"{table}_wrong", Site) if table == "places" else load(f"{table}_wrong", Region)


@pytest.fixture
def own_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tables that a test may spoil; what was read of them is forgotten afterwards."""
    for table in ("countries", "regions", "places"):
        shutil.copy(lexicon.FOLDER / f"{table}.csv", tmp_path)
    monkeypatch.setattr(lexicon, "FOLDER", tmp_path)
    for reader in (load, places._codes, places._index):
        reader.cache_clear()
    yield tmp_path
    for reader in (load, places._codes, places._index):
        reader.cache_clear()


def test_a_name_told_twice_is_refused_with_both_places(own_tables: Path) -> None:
    with (own_tables / "places.csv").open("a", encoding="utf-8") as table:
        table.write("Novgorod Gate,city,RUS,Qatar\n")
    with pytest.raises(LexiconError, match=r"places\.csv:\d+: 'Qatar' is in countries\.csv:\d+ already"):
        told("Doha")
