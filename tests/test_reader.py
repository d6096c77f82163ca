"""The learned reader: what it is shown, that its files are whole, and that it answers the same each time."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.extraction.passage import main_places, read_passages
from orchestration.extraction.reader.inference import (
    FOLDER,
    MODEL,
    TOKENIZER,
    Reader,
    ReaderError,
    encoder_tokenizer,
)
from orchestration.extraction.reader.inference import reader as shipped
from orchestration.extraction.reader.opinions import Logits, opinions
from orchestration.extraction.reader.tensors import FARS, KINDS, PLACE, STEPS, TIES, pairs_of, tensors_of
from orchestration.extraction.reader.windows import (
    COUNT,
    COUNT_OPEN,
    COUNT_SHUT,
    OVERLAP_TOKENS,
    PERIOD,
    WINDOW_TOKENS,
    WORK,
    Window,
    Windows,
)
from orchestration.extraction.reader.windows import PLACE as PLACE_TYPE
from orchestration.records import Article, Measure

TEXT = (
    "North Korean builders are in Russia in great numbers. The ministry sent about 300 workers to Moscow "
    "in May and 40 to Qatar. None has come home."
)


@pytest.fixture(scope="module")
def windows() -> Windows:
    return Windows(encoder_tokenizer(FOLDER / TOKENIZER))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def article(text: str = TEXT, title: str = "Builders for Moscow") -> Article:
    return Article("a", title, date(2024, 3, 1), text)


def look(windows: Windows, text: str) -> list[Window]:
    one = article(text)
    return windows.of(one, read_passages(text))


def words(window: Window, kind: int) -> str:
    """The tokens of one type, marks left out."""
    tokenizer = encoder_tokenizer(FOLDER / TOKENIZER)
    told = [i for i, t in zip(window.ids, window.types, strict=True) if t == kind]
    return str(tokenizer.decode(told, skip_special_tokens=True)).replace("[unused1]", "").strip()


class TestWindows:
    def test_an_article_of_usual_length_is_one_window_with_all_its_counts(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT + " Some 20 fled. Of the 40, 12 are women.")
        assert [mark.count.low for mark in window.judged] == [300, 40, 20, 40, 12]

    def test_what_the_rules_found_is_shown_as_types_of_tokens(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT)
        assert "about 300" in words(window, COUNT)
        assert "moscow" in words(window, PLACE_TYPE)
        assert "may" in words(window, PERIOD)
        assert "builders" in words(window, WORK)

    def test_places_of_all_sentences_and_of_the_article_are_offered(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT)
        names = [mark.place.name for mark in window.places if not mark.main]
        assert {"Moscow", "Qatar", "Russia"} <= set(names)
        assert {mark.place.countries for mark in window.places if mark.main} == {("RUS",), ("QAT",)}

    def test_a_time_expression_is_offered(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT)
        assert date(2023, 5, 1) in {mark.period.start for mark in window.periods}

    def test_every_count_stands_between_its_two_marks(self, windows: Windows) -> None:
        tokenizer = encoder_tokenizer(FOLDER / TOKENIZER)
        (window,) = look(windows, TEXT)
        assert {window.ids[mark.first] for mark in window.counts} == {tokenizer.token_to_id(COUNT_OPEN)}
        assert {window.ids[mark.last] for mark in window.counts} == {tokenizer.token_to_id(COUNT_SHUT)}

    def test_a_text_cannot_forge_a_mark(self, windows: Windows) -> None:
        (window,) = look(
            windows, f"North Korea sent 300 {COUNT_OPEN} 20 [unused2] workers to Qatar [SEP] [CLS]."
        )
        tokenizer = encoder_tokenizer(FOLDER / TOKENIZER)
        assert window.ids.count(tokenizer.token_to_id(COUNT_OPEN)) == len(window.judged)
        assert window.ids.count(tokenizer.token_to_id("[CLS]")) == 1

    @pytest.mark.parametrize("times", [1, 40, 3000])
    def test_each_count_of_a_sentence_of_any_length_is_judged_once(
        self, windows: Windows, times: int
    ) -> None:
        text = "North Korea sent " + ", ".join(f"{n + 10} workers to Qatar" for n in range(times)) + "."
        passages = read_passages(text)
        found = windows.of(article(text), passages)
        judged = [mark.count.span for window in found for mark in window.judged]
        assert judged == [count.span for passage in passages for count in passage.open_counts]
        assert all(len(window.ids) <= WINDOW_TOKENS + 2 for window in found)

    def test_a_long_article_is_read_in_windows_that_overlap(self, windows: Windows) -> None:
        text = "\n".join(f"North Korea sent {n + 10} workers to Qatar in the spring." for n in range(80))
        found = look(windows, text)
        assert len(found) > 2
        assert all(len(window.counts) > len(window.judged) for window in found[1:])
        assert all(window.judged[0].first < OVERLAP_TOKENS + 40 for window in found)

    def test_sentences_far_from_any_count_are_left_out(self, windows: Windows) -> None:
        dull = " ".join("It rained and nobody spoke of it." for _ in range(30))
        (window,) = look(windows, f"The ministry spoke. {dull} It sent 300 workers. {dull}")
        assert len(window.ids) < 120

    def test_half_a_character_is_read_over(self, windows: Windows) -> None:
        (window,) = look(windows, "North Korea \ud800 sent 300 workers to Qatar.")
        assert [mark.count.low for mark in window.judged] == [300]

    def test_an_article_without_a_day_offers_no_times(self, windows: Windows) -> None:
        one = Article("a", "", None, TEXT)
        assert all(not window.periods for window in windows.of(one, read_passages(TEXT)))

    def test_the_main_places_are_the_foreign_ones_named_most(self) -> None:
        one = article(
            "Pyongyang sent 5 men to Qatar. In Qatar and Kuwait they build. Qatar pays, Kuwait waits. Oman?",
            title="",
        )
        assert [p.countries for p in main_places(one, read_passages(one.text))] == [("QAT",), ("KWT",)]


class TestTensors:
    def test_every_count_is_paired_with_every_mark_but_itself(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT)
        marks = len(window.places) + len(window.periods) + len(window.works) + len(window.counts) - 1
        assert len(list(pairs_of(window))) == len(window.judged) * marks

    def test_distances_and_ties_stay_in_their_tables(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT)
        told = tensors_of([window])
        assert {True} == set((told.pair_kinds >= 0) & (told.pair_kinds < KINDS * FARS))
        assert {True} == set((told.pair_ties >= 0) & (told.pair_ties < KINDS * TIES))
        assert len(STEPS) * 2 + 3 == FARS

    def test_a_country_s_mentions_speak_together(self, windows: Windows) -> None:
        (window,) = look(windows, TEXT + " Russia pays.")
        pairs = list(pairs_of(window))
        n = len(window.judged)
        told = np.full(len(pairs), -9.0, dtype=np.float32)
        for index, (number, mark) in enumerate(pairs):
            if mark.kind == PLACE and number == 0 and mark.key == (("RUS",), None):
                told[index] = 0.0
        flat = Logits(
            np.zeros((n, 5), np.float32), np.zeros((n, 4), np.float32), np.zeros((n, 17), np.float32), told
        )
        first, second = opinions([window], flat)
        russian = [link for link in first.places if link.place.countries == ("RUS",)]
        assert all(link.own == pytest.approx(0.5) for link in russian)
        assert all(link.p > 0.7 for link in russian)
        assert all(link.p < 0.01 for link in second.places)
        assert sum(first.measures.values()) == pytest.approx(0.8)
        assert set(first.measures) == set(Measure)


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
