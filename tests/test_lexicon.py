"""The lexicon tables: a wrong row is refused by file, line and value, and each row means itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.extraction import lexicon
from orchestration.extraction.amounts import LARGEST, Change, CountWording, NumberWord, read_amount
from orchestration.extraction.attributes import (
    Agency,
    Sector,
    find_agencies,
    find_sectors,
    read_attributes,
)
from orchestration.extraction.attribution import Speaker, Speaking
from orchestration.extraction.counts import find_counts, find_numbers, reasons
from orchestration.extraction.heads import HeadNoun, Label, ThingNoun
from orchestration.extraction.hedges import HedgeCue
from orchestration.extraction.lexicon import FOLDER, LexiconError, load
from orchestration.extraction.text import tokenize


@dataclass(frozen=True, slots=True)
class Row:
    word: str
    weight: float
    codes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.weight > 1:
            raise ValueError(f"weight {self.weight} is above 1")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lexicon, "FOLDER", tmp_path)
    load.cache_clear()
    yield tmp_path / "table.csv"
    load.cache_clear()


class TestLoading:
    def test_a_table_gives_its_rows(self, table: Path) -> None:
        table.write_text("word,weight,codes\nsend,0.5,a|b\nkeep,1,\n")
        assert load("table", Row) == (Row("send", 0.5, ("a", "b")), Row("keep", 1.0, ()))

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("word,weight\nsend,1\n", r"table\.csv:1: the columns must be"),
            ("word,weight,codes\nsend,1\n", r"table\.csv:2: 3 cells are wanted"),
            ("word,weight,codes\nsend,1,a,b\n", r"table\.csv:2: 3 cells are wanted"),
            ("word,weight,codes\nsend,much,a\n", r"table\.csv:2: could not convert string to float: 'much'"),
            ("word,weight,codes\nsend,2,a\n", r"table\.csv:2: weight 2\.0 is above 1"),
            ("word,weight,codes\nsend,1,a\nsend,1,b\n", r"table\.csv:3: \('send',\) is on line 2 already"),
        ],
    )
    def test_a_wrong_table_is_refused_by_line_and_value(self, table: Path, content: str, told: str) -> None:
        table.write_text(content)
        with pytest.raises(LexiconError, match=told):
            load("table", Row)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_a_table_is_plain(path: Path) -> None:
    content = path.read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert not content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("row", load("counts", CountWording), ids=lambda row: row.wording)
def test_a_count_wording_gives_its_own_bounds(row: CountWording) -> None:
    tokens = tokenize(f"{row.wording} workers", 0, len(row.wording) + 8)
    amount = read_amount(tokens, 0)
    assert amount is not None
    assert (amount.low, amount.high, amount.hedge) == (row.low, row.high, row.hedge)


@pytest.mark.parametrize("row", load("number_words", NumberWord), ids=lambda row: row.word)
def test_a_number_word_gives_its_value(row: NumberWord) -> None:
    text = f"a {row.word}" if row.kind == "scale" else row.word
    amount = read_amount(tokenize(text, 0, len(text)), 0)
    assert (amount.low if amount else 0) == (row.value if row.value <= LARGEST else 0)


@pytest.mark.parametrize("row", load("changes", Change), ids=lambda row: row.word)
def test_a_word_of_change_parts_before_from_after(row: Change) -> None:
    text = f"Their number {row.word} from 250 to 500 workers."
    assert [count.low for count in find_counts(text, 0, len(text))] == [250, 500]


@pytest.mark.parametrize("row", load("hedges", HedgeCue, ("cue", "position")), ids=lambda row: row.cue)
def test_a_hedge_gives_itself(row: HedgeCue) -> None:
    text = f"{row.cue} 700 workers" if row.position == "before" else f"700 {row.cue} workers"
    (count,) = find_counts(text, 0, len(text))
    assert count.hedge is row.hedge


@pytest.mark.parametrize("row", load("heads", HeadNoun), ids=lambda row: row.noun)
def test_a_head_noun_is_found_as_its_kind(row: HeadNoun) -> None:
    text = f"They sent 700 {row.plural}."
    found = [
        count.head for count in find_counts(text, 0, len(text)) if count.low == 700 or row.kind == "group"
    ]
    assert [head.kind for head in found] in ([row.kind], [])
    assert all(head.sector == row.sector for head in found)


@pytest.mark.parametrize("row", load("things", ThingNoun), ids=lambda row: row.noun)
def test_a_number_of_things_counts_no_people(row: ThingNoun) -> None:
    text = f"There were 700 {row.plural}."
    assert find_counts(text, 0, len(text)) == []


@pytest.mark.parametrize("row", load("labels", Label, ("word", "position")), ids=lambda row: row.word)
def test_a_label_says_what_a_number_is(row: Label) -> None:
    word = row.word.capitalize() if row.position == "before_capital" else row.word
    text = f"They saw {word} 40 there." if row.position.startswith("before") else f"They saw 40 {word} there."
    found = [n for n in find_numbers(tokenize(text, 0, len(text))) if 40 in (n.low, n.high)]
    if row.reason:
        assert [number.reason for number in found] == [row.reason]
    else:
        assert all(number.is_open for number in found)


@pytest.mark.parametrize("row", load("speaking", Speaking), ids=lambda row: row.wording)
def test_a_wording_of_speech_names_who_says_so(row: Speaking) -> None:
    text = {
        "subject_before": f"The ministry {row.wording} that 40 left.",
        "source_after": f"Forty left, {row.wording} the ministry.",
        "speaker_after": f"Forty left, {row.wording} the ministry.",
        "owned_by": f"Forty left, by the ministry's {row.wording}.",
    }[row.position]
    assert (read_attributes(text, 0, len(text))[0] or "").lower() == "the ministry"


@pytest.mark.parametrize("row", load("sectors", Sector), ids=lambda row: row.code)
def test_each_term_of_a_sector_names_it(row: Sector) -> None:
    for term in row.terms:
        text = f"They work in {term.upper() if term == 'it' else term} there."
        assert row.code in {mention.code for mention in find_sectors(tokenize(text, 0, len(text)))}, term


@pytest.mark.parametrize("row", load("agencies", Agency), ids=lambda row: row.code)
def test_each_alias_names_its_agency(row: Agency) -> None:
    for alias in row.aliases:
        text = f"under the {alias} abroad"
        assert [mention.code for mention in find_agencies(tokenize(text, 0, len(text)))] == [row.code]


def test_speakers_load() -> None:
    assert len(load("speakers", Speaker)) > 40


def test_the_codes_of_rejects_are_those_that_the_tables_name() -> None:
    named = {row.reason for row in load("things", ThingNoun)}
    named |= {row.reason for row in load("labels", Label, ("word", "position")) if row.reason}
    assert named <= set(reasons())
