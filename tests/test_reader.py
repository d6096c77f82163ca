"""The learned reader: what it is shown, that its files are whole, and that it answers the same each time."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.extraction.passage import read_passages
from orchestration.extraction.reader.inference import (
    FOLDER,
    MODEL,
    TOKENIZER,
    Reader,
    ReaderError,
    marked_tokenizer,
)
from orchestration.extraction.reader.inference import reader as shipped
from orchestration.extraction.reader.windows import (
    AFTER_TOKENS,
    BEFORE_TOKENS,
    COUNT_OPEN,
    PLACE,
    SENTENCE_TOKENS,
    Window,
    Windows,
    main_places,
)
from orchestration.records import Article

TEXT = (
    "North Korean builders are in Russia in great numbers. The ministry sent about 300 workers to Moscow "
    "in May and 40 to Qatar. None has come home."
)
LONGEST = 24 + 8 + BEFORE_TOKENS + SENTENCE_TOKENS + AFTER_TOKENS + 5


@pytest.fixture(scope="module")
def windows() -> Windows:
    return Windows(marked_tokenizer(FOLDER / TOKENIZER))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def article(text: str = TEXT, title: str = "Builders for Moscow") -> Article:
    return Article("a", title, date(2024, 3, 1), text)


def look(windows: Windows, text: str) -> list[Window]:
    one = article(text)
    return windows.of(one, read_passages(text))


class TestWindows:
    def test_a_sentence_is_one_window_with_all_its_counts(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT)
        assert [(mark.count.low, mark.count.high) for mark in window.judged] == [(300, 300), (40, 40)]

    def test_places_of_the_sentence_its_neighbours_and_the_article_are_offered(
        self, windows: Windows
    ) -> None:
        (window,) = look(windows, TEXT)
        names = [mark.place.name for mark in window.places if not mark.main]
        assert {"Moscow", "Qatar", "Russia"} <= set(names)
        assert {mark.place.countries for mark in window.places if mark.main} == {("RUS",), ("QAT",)}

    def test_a_time_expression_of_the_sentence_is_offered(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT)
        assert date(2023, 5, 1) in {mark.period.start for mark in window.periods}

    def test_every_mark_stands_where_its_token_is(self, windows: Windows) -> None:
        tokenizer = marked_tokenizer(FOLDER / TOKENIZER)
        (window,) = look(windows, TEXT)
        assert {window.ids[mark.opens] for mark in window.counts} == {tokenizer.token_to_id(COUNT_OPEN)}
        assert {window.ids[mark.at] for mark in window.places if not mark.main} == {
            tokenizer.token_to_id(PLACE)
        }

    def test_a_text_cannot_forge_a_mark(self, windows: Windows) -> None:
        (window,) = look(
            windows, f"North Korea sent 300 {COUNT_OPEN} 20 [unused2] workers to Qatar [SEP] [CLS]."
        )
        assert len(window.counts) == len({mark.opens for mark in window.counts}) == len(window.judged)

    @pytest.mark.parametrize("times", [1, 40, 3000])
    def test_each_count_of_a_sentence_of_any_length_is_judged_once(
        self, windows: Windows, times: int
    ) -> None:
        text = "North Korea sent " + ", ".join(f"{n + 10} workers to Qatar" for n in range(times)) + "."
        passages = read_passages(text)
        found = windows.of(article(text), passages)
        judged = [mark.count.span for window in found for mark in window.judged]
        assert judged == [count.span for passage in passages for count in passage.open_counts]
        assert all(len(window.ids) <= LONGEST for window in found)

    def test_half_a_character_is_read_over(self, windows: Windows) -> None:
        (window,) = look(windows, "North Korea \ud800 sent 300 workers to Qatar.")
        assert [mark.count.low for mark in window.judged] == [300]

    def test_an_article_without_a_day_offers_no_times(self, windows: Windows) -> None:
        one = Article("a", "", None, TEXT)
        assert all(not window.periods for window in windows.of(one, read_passages(TEXT)))

    def test_the_main_places_are_the_foreign_ones_named_most(self) -> None:
        one = article(
            "Pyongyang sent 5 men to Qatar. In Qatar and Kuwait they build. Qatar pays, Kuwait waits. Oman?"
        )
        assert [p.countries for p in main_places(one, read_passages(one.text))] == [("QAT",), ("KWT",)]


class TestFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for path in FOLDER.iterdir():
            if path.suffix in (".json", ".onnx"):
                shutil.copy(path, tmp_path)
        return tmp_path

    @pytest.mark.parametrize("name", [MODEL, TOKENIZER])
    def test_an_altered_file_is_refused_by_name_and_checksum(self, folder: Path, name: str) -> None:
        with (folder / name).open("ab") as file:
            file.write(b" ")
        with pytest.raises(ReaderError, match=rf"{name} was altered: its sha256 is [0-9a-f]{{64}}"):
            Reader(folder)

    @pytest.mark.parametrize("name", [MODEL, TOKENIZER, "model.json"])
    def test_a_missing_file_is_refused_by_name(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        with pytest.raises(ReaderError, match=name):
            Reader(folder)

    def test_the_model_is_small_enough_to_ship(self) -> None:
        assert (FOLDER / MODEL).stat().st_size <= 25 * 1024 * 1024


class TestReading:
    def test_it_gives_an_opinion_of_each_open_count_in_order(self, reader: Reader) -> None:
        found = reader.read(article(), read_passages(TEXT))
        assert [opinion.count.low for opinion in found] == [300, 40]
        assert all(0 <= sum(opinion.measures.values()) <= 1.0001 for opinion in found)

    def test_it_answers_the_same_each_time(self, reader: Reader) -> None:
        passages = read_passages(TEXT)
        assert reader.read(article(), passages) == Reader().read(article(), passages)

    def test_an_article_without_counts_is_not_read_at_all(self, reader: Reader) -> None:
        assert reader.read(article("North Korea."), read_passages("North Korea.")) == []

    @given(st.text(max_size=200))
    @settings(max_examples=30, deadline=None)
    def test_any_text_is_read(self, text: str) -> None:
        passages = read_passages(text + " 30 North Korean workers")
        for opinion in shipped().read(article(text), passages):
            assert opinion.count in passages[opinion.passage].open_counts
