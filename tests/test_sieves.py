"""The sieves stop only what holds nothing: behind them the finders find the same as without them."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.extraction.amounts import read_amount, skip_number
from orchestration.extraction.count_sieve import SINGULAR, may_count, may_open
from orchestration.extraction.counts import find_numbers
from orchestration.extraction.extract import study
from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import anchors, read_passages
from orchestration.extraction.places import Country, Site, find_places, may_name
from orchestration.extraction.sieve import GAP, Sieve
from orchestration.extraction.text import split_sentences, tokenize
from orchestration.records import Article

GOLD = sorted((Path(__file__).parent / "gold").glob("*.txt"))
HOME = anchors()["home"]
KELVIN = "\u212a"

NAMES = [
    phrase
    for row in load("countries", Country)
    if row.country_code == HOME
    for phrase in (row.name, *row.aliases, *row.demonyms)
] + [
    phrase
    for site in load("places", Site)
    if site.country_code == HOME
    for phrase in (site.name, *site.aliases)
]
GAPS = (" ", "\n", "\n\n", "\u00a0", "\u2009", "\u3000", "\x1c", "\x85", "\t", "", " \n ")


def spellings(name: str) -> list[str]:
    """A name as odd sources write it."""
    return [
        name,
        name.upper(),
        name.lower(),
        name.title(),
        name.replace("'", "’"),
        name.replace("K", KELVIN).replace("k", KELVIN),
        *(name.replace(" ", gap).replace(".", f".{gap}") for gap in GAPS),
        f"x{name}",
        f"{name}n-held",
        f"({name})",
    ]


ODD_NAMES = sorted({odd for name in NAMES for odd in spellings(name)})


def names_home(text: str) -> bool:
    """What find_places says of each passage, with no sieve before it."""
    spans = [passage.span for passage in read_passages(text)]
    return any(HOME in place.countries for s in spans for place in find_places(text, s.start, s.end))


PIECES = (
    *("a", "an", "the", "one", "some", "another", "of", "of the", "single", "half", "few", "-", "dozen"),
    *(
        "hundreds",
        "pair",
        "between",
        "12",
        "1,000",
        "and",
        "to",
        "workers",
        "cook",
        "North Korean",
        "'s",
        "’s",
    ),
    *("IT", "company", "women", "translator", "²", "½", "٣", "ten", KELVIN),
)

untimed = settings(deadline=None)
texts = st.lists(
    st.sampled_from(ODD_NAMES) | st.sampled_from(GAPS) | st.text(max_size=4) | st.sampled_from("NKDPR.-'’ "),
    max_size=8,
).map("".join)


class TestNames:
    @untimed
    @given(texts)
    @example("the North")
    @example("D.\nP. R .K.")
    @example("\ud800 North Korea")
    def test_news_is_of_home_where_its_places_say_so(self, text: str) -> None:
        told = study(Article("a", "", date(2024, 3, 1), text), lambda article, passages: [])
        assert told.is_of_home == names_home(text)

    @untimed
    @given(texts)
    def test_a_title_counts_like_the_text(self, title: str) -> None:
        told = study(Article("a", title, None, "Prices rose."), lambda article, passages: [])
        named = any(HOME in place.countries for place in find_places(title, 0, len(title)))
        assert told.is_of_home == named

    def test_no_spelling_that_is_found_is_stopped(self) -> None:
        found = [text for odd in ODD_NAMES if names_home(text := f"In {odd}, it rained.")]
        assert [text for text in found if not may_name(text, HOME)] == []
        assert len(found) > len(NAMES)

    @pytest.mark.parametrize(
        "text",
        ["South Korea won.", "It lies in the north of Korea's neighbour.", "A snk. drink", "the south"],
    )
    def test_its_neighbours_are_stopped(self, text: str) -> None:
        assert not may_name(text, HOME)

    @pytest.mark.parametrize("country", load("countries", Country), ids=lambda row: row.country_code)
    def test_every_country_passes_under_its_names(self, country: Country) -> None:
        for phrase in (country.name, *country.aliases, *country.demonyms):
            assert may_name(f"In {phrase} it rained.", country.country_code)
            assert may_name(f"IN {phrase.upper()} IT RAINED.", country.country_code)

    def test_half_of_a_character_is_left_to_the_finders(self) -> None:
        assert may_name("\ud800", HOME)


class TestAlphabet:
    """What the sieves take for granted of Unicode."""

    def test_one_sign_alone_is_a_letter_of_ascii_in_lower_case(self) -> None:
        assert [c for c in map(chr, range(128, sys.maxunicode + 1)) if c.lower().isascii()] == [KELVIN]

    def test_all_white_space_is_a_gap(self) -> None:
        gap = Sieve(f"^a{GAP}b$")
        assert all(gap.passes(f"a{c}b") for c in map(chr, range(sys.maxunicode + 1)) if c.isspace())


class TestCounts:
    @pytest.mark.parametrize("path", GOLD, ids=lambda path: path.stem)
    def test_no_number_of_the_gold_articles_is_stopped(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        for sentence in split_sentences(text):
            told = text[sentence.span.start : sentence.span.end]
            assert may_count(told) or not find_numbers(tokenize(told, 0, len(told)))

    @untimed
    @given(
        st.lists(
            st.sampled_from(PIECES) | st.text(max_size=3),
            max_size=9,
        ).map(" ".join)
    )
    def test_wherever_a_number_is_read_one_may_open(self, text: str) -> None:
        tokens = tokenize(text, 0, len(text))
        for index, token in enumerate(tokens):
            read = read_amount(tokens, index) or skip_number(tokens, index) > index
            assert not read or (may_open(tokens, index) and may_count(text)), token
        found = find_numbers(tokens)
        assert not found or may_count(text)
        for count in found:
            first = next(i for i, token in enumerate(tokens) if token.end > count.span.start)
            assert any(may_open(tokens, i) for i in range(first, len(tokens)))

    @pytest.mark.parametrize("word", SINGULAR)
    def test_one_person_passes(self, word: str) -> None:
        assert may_count(f"He met {word} North Korean cook.")

    @pytest.mark.parametrize(
        "text", ["Prices rose again.", "A harbour was shut.", "Often someone waits alone."]
    )
    def test_a_sentence_without_numbers_is_stopped(self, text: str) -> None:
        assert not may_count(text)
