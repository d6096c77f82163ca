"""Sentences, quotations and tokens keep their exact places in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.extraction.text import (
    PhraseIndex,
    find_quotations,
    quoted_sentence,
    split_sentences,
    tokenize,
)
from orchestration.records import Span


def sentences(text: str) -> list[str]:
    return [text[s.span.start : s.span.end] for s in split_sentences(text)]


def test_a_full_stop_ends_a_sentence() -> None:
    assert sentences("Nine left. Ten stayed.") == ["Nine left.", "Ten stayed."]


@pytest.mark.parametrize(
    "text",
    [
        "On Sept. 30 they left.",
        "N. Korea sent them.",
        "The U.N. Security Council met.",
        "Mr. Kim fled.",
        "They paid $1.5 million.",
        "Camp No. 6 was shut.",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_a_question_inside_a_quotation_goes_on_in_lower_case() -> None:
    text = "“Who will go?” he asked. Nobody spoke."
    assert sentences(text) == ["“Who will go?” he asked.", "Nobody spoke."]


def test_a_blank_line_ends_a_sentence_without_a_full_stop() -> None:
    assert sentences("A headline\n\nThe text.") == ["A headline", "The text."]


def test_a_line_that_goes_on_in_lower_case_is_one_sentence() -> None:
    assert sentences("The workers\nwent home.") == ["The workers\nwent home."]


def test_paragraphs_are_numbered() -> None:
    assert [s.paragraph for s in split_sentences("One. Two.\n\nThree.")] == [0, 0, 1]


def test_a_quotation_keeps_its_marks() -> None:
    text = "He said: “We are going home,” and left."
    assert [text[q.start : q.end] for q in find_quotations(text)] == ["“We are going home,”"]


def test_a_quotation_left_open_ends_with_its_line() -> None:
    text = "“We are going home.\nThen nothing."
    assert [text[q.start : q.end] for q in find_quotations(text)] == ["“We are going home."]


def quoted(text: str, words: str) -> str:
    place = text.index(words)
    sentence = next(s for s in split_sentences(text) if s.span.start <= place < s.span.end)
    span = quoted_sentence(text, sentence, Span(place, place + len(words)))
    return text[span.start : span.end]


def test_inside_a_quotation_the_quoted_sentence_is_the_evidence() -> None:
    text = "“The firm will send 40 welders this spring,” a source said. “Nobody minds.”"
    assert quoted(text, "40") == "“The firm will send 40 welders this spring,”"


def test_outside_the_quotation_the_whole_sentence_is_the_evidence() -> None:
    text = "Of the 40 who left, one wrote: “It is cold here and I want to go.”"
    assert quoted(text, "40") == text


def test_a_word_in_marks_is_no_quoted_sentence() -> None:
    text = "An official said that “20,000-plus” would be closer."
    assert quoted(text, "20,000") == text


def test_a_possessive_is_a_token_of_its_own() -> None:
    text = "Russia’s 1,200 men"
    assert [t.lower for t in tokenize(text, 0, len(text))] == ["russia", "'s", "1,200", "men"]


def test_the_longest_phrase_wins() -> None:
    index = PhraseIndex([("a few", 1), ("a few hundred", 2)])
    tokens = tokenize("a few hundred", 0, 13)
    assert index.find(tokens) == [(0, 3, 2)]


@given(st.text())
def test_sentences_are_in_order_and_inside_any_text(text: str) -> None:
    end = 0
    for sentence in split_sentences(text):
        assert end <= sentence.span.start < sentence.span.end <= len(text)
        told = text[sentence.span.start : sentence.span.end]
        assert told == told.strip()
        end = sentence.span.end


@given(st.text())
def test_tokens_are_what_stands_at_their_span(text: str) -> None:
    for token in tokenize(text, 0, len(text)):
        assert text[token.span.start : token.span.end] == token.raw


@pytest.mark.parametrize("piece", ["a ", "“", "....", "\n ", ". ", '"', "No. ", "'"])
def test_a_megabyte_of_anything_is_split(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert all(s.span.end <= len(text) for s in split_sentences(text))
