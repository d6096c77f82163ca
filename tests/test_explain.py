"""`laborledger explain`: what is collected of an article, and how a terminal and a page show it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from orchestration.explaining.articles import InputError, read_articles
from orchestration.explaining.explanation import Explanation, Finding, explain
from orchestration.explaining.marks import COUNTED, Kind
from orchestration.explaining.page import render_page
from orchestration.explaining.terminal import render
from orchestration.explaining.wording import percent, period_words, showable
from orchestration.extraction.extract import read_article
from orchestration.records import Article, Measure, Status
from tests.stand_in import Says, stand_in

TEXT = (
    "North Korea sent about 300 builders to Qatar in May, 40 of them women. A logger was paid $500. "
    "Some say 25 officials came. In all 300 workers went to Qatar, and 70 left."
)
ARTICLE = Article("doha", "Builders for Doha", date(2024, 3, 1), TEXT)
QATAR = {"Qatar": 0.96, "North Korea": 0.2}
WHOLE = Says(
    places=QATAR, times={"in May": 0.9, "May": 0.9}, sectors={"construction": 0.97, "it": 0.07, "arms": 0.01},
    others={Measure.PRESENCE: 0.06},
)  # fmt: skip
PART = Says(p=0.8, wholes={"about 300": 0.8})
TOLD = {
    "about 300": WHOLE,
    "40": PART,
    "25": Says(p=0.3),
    "300": Says(places=QATAR),
    "70": Says(Measure.REPATRIATION, places={"Qatar": 0.6}, wholes={"300": 0.7}),
}


def explained(article: Article = ARTICLE, **changes: Says) -> Explanation:
    return explain(article, stand_in(TOLD | changes))


def finding(words: str, explanation: Explanation) -> Finding:
    (found,) = [f for f in explanation.findings if f.words == words]
    return found


def weighed(words: str, question: str, explanation: Explanation) -> dict[str, tuple[int, bool]]:
    """Answers by their label: probability in per cent, and whether it held."""
    chances = finding(words, explanation).chances[question]
    return {chance.label: (round(100 * chance.p), chance.held) for chance in chances}


class TestCollecting:
    def test_figures_are_numbered_as_extract_does_and_other_judged_counts_lettered(self) -> None:
        told = explained()
        assert {f.words: (f.label, f.kind) for f in told.findings} == {
            "about 300": ("0", Kind.FIGURE),
            "40": ("1", Kind.FIGURE),
            "A": ("a", Kind.REFUSED),
            "500": ("", Kind.PROVED),
            "25": ("b", Kind.REFUSED),
            "300": ("c", Kind.REPEATED),
            "70": ("2", Kind.FIGURE),
        }

    def test_the_figures_are_those_that_are_extracted(self) -> None:
        assert explained().figures == read_article(ARTICLE, stand_in(TOLD)).figures

    def test_measures_are_told_likeliest_first_without_those_of_a_few_per_cent(self) -> None:
        told = weighed("about 300", "measure", explained())
        assert told == {"dispatch": (90, True), "presence": (6, False)}
        assert list(told) == ["dispatch", "presence"]
        assert weighed("40", "measure", explained()) == {"dispatch": (80, True), "none": (17, False)}

    def test_of_a_refused_count_none_held(self) -> None:
        assert weighed("25", "measure", explained()) == {"none": (67, True), "dispatch": (30, False)}

    def test_hosts_are_told_by_country_and_home_never_holds(self) -> None:
        told = explained()
        assert weighed("300", "host", told) == {"QAT": (96, True), "PRK": (20, False)}
        assert [c.detail for c in finding("300", told).chances["host"]] == [
            "Qatar 96%",
            "North Korea 20%, never a host",
        ]

    def test_times_and_sectors_are_told_with_what_held(self) -> None:
        told = explained()
        assert weighed("about 300", "period", told) == {"2023-05-01 – 2023-05-31": (90, True)}
        assert weighed("about 300", "sectors", told) == {"construction": (97, True), "it": (7, False)}

    def test_a_plan_reads_its_time_ahead(self) -> None:
        told = explained(**{"about 300": replace(WHOLE, status=Status.PLANNED)})
        (may,) = finding("about 300", told).chances["period"]
        assert may.held
        assert may.detail.endswith("as a plan: 2024-05-01 – 2024-05-31")

    def test_the_count_that_includes_it_is_told_by_its_label(self) -> None:
        assert weighed("40", "whole", explained()) == {"[0]": (80, True)}

    def test_a_number_that_a_rule_settles_has_its_reason(self) -> None:
        money = finding("500", explained())
        assert (money.reason, money.chances) == ("money", {})
        assert "sum of money" in money.summary

    def test_one_person_is_refused_with_the_rule(self) -> None:
        assert "only as a defection" in finding("A", explained(A=Says())).summary

    def test_a_refused_count_says_how_near_it_was(self) -> None:
        told = explained()
        assert "33%" in finding("25", told).summary
        assert finding("25", told).is_near
        assert not finding("A", told).is_near

    def test_a_count_that_the_reader_leaves_out_says_so(self) -> None:
        told = explain(ARTICLE, lambda article, passages: [])
        assert "did not see it" in finding("70", told).summary
        assert told.figures == ()

    def test_the_country_that_it_is_about_is_told(self) -> None:
        assert explained().about == "QAT"


class TestResolution:
    def test_a_repeat_names_the_count_that_was_kept_and_that_one_the_repeat(self) -> None:
        told = explained()
        assert finding("300", told).changes == ("dropped: [0] tells it",)
        assert finding("about 300", told).changes == ("told again by [c]",)

    def test_a_host_left_unsaid_comes_from_the_whole(self) -> None:
        told = explained()
        assert set(finding("40", told).changes) == {
            "host QAT from its whole [0]",
            "sectors construction from its whole [0]",
            "part of [0]",
        }

    def test_or_from_the_one_country_that_the_article_names(self) -> None:
        told = explained(**{"25": Says(Measure.REPATRIATION)})
        assert finding("25", told).changes == ("host QAT from the one country that the article names",)

    def test_or_from_those_whom_it_replaces(self) -> None:
        text = "North Korea will call home 200 workers from Oman and send 300 new ones, as China did in 2019."
        says = {
            "200": Says(Measure.REPATRIATION, places={"Oman": 0.9}),
            "300": Says(),
        }
        told = explain(replace(ARTICLE, text=text, title=""), stand_in(says))
        assert "host OMN from those who go the other way in its sentence" in finding("300", told).changes

    def test_a_part_that_was_not_tied_says_why(self) -> None:
        assert "not made a part of [c]: that is of another measure" in finding("70", explained()).changes
        alone = explained(**{"about 300": Says(p=0.1)})
        assert "not made a part of [a]: that is no figure" in finding("40", alone).changes

    def test_a_count_that_nothing_changed_has_no_changes(self) -> None:
        told = explained(**{"300": Says(p=0.1), "40": Says(p=0.1), "70": Says(p=0.1)})
        assert finding("about 300", told).changes == ()


class TestNotes:
    def test_without_a_day_no_time_is_resolved_and_a_line_says_so(self) -> None:
        told = explained(replace(ARTICLE, published=None))
        assert [note for note in told.notes if "--published" in note]
        assert not [mark for mark in told.marks if mark.kind is Kind.PERIOD]
        assert explained().notes == ()

    def test_an_article_that_never_names_the_home_is_not_judged(self) -> None:
        told = explained(Article("a", "", date(2024, 3, 1), "About 300 builders went to Qatar."))
        assert "(PRK)" in told.notes[0]
        assert told.findings == ()
        assert {mark.kind for mark in told.marks} == {Kind.PLACE, Kind.WORK}

    def test_another_language_is_not_read(self) -> None:
        told = explained(Article("a", "", None, "노동자 300명", language="ko"))
        assert told.notes == ("Its language, 'ko', is not read: there are no tables for it.",)
        assert told.marks == ()


class TestMarks:
    def test_counts_places_times_and_work_are_marked(self) -> None:
        told = explained()
        marked = {(told.text[m.span.start : m.span.end], m.kind) for m in told.marks}
        assert {("300", Kind.REPEATED), ("70", Kind.FIGURE), ("25", Kind.REFUSED)} <= marked
        assert {("500", Kind.PROVED), ("Qatar", Kind.PLACE), ("builders", Kind.WORK)} <= marked
        assert any(kind is Kind.PERIOD and "May" in words for words, kind in marked)

    @given(st.text(max_size=60), st.text(max_size=60))
    @settings(max_examples=60, deadline=None)
    def test_the_pieces_of_any_text_are_the_text(self, before: str, after: str) -> None:
        text = f"{before} North Korea sent about 300 builders to Qatar in May 2023 {after}"
        told = explained(replace(ARTICLE, text=text))
        assert "".join(words for words, _ in told.pieces()) == showable(text)
        spans = [mark.span for mark in told.marks]
        assert all(a.end <= b.start for a, b in pairwise(spans))


HOSTILE = (
    "North Korea sent \x1b[2J\x1b]0;owned\x07 about 300 builders to <script>alert(x)</script> Qatar \u202e, "
    "and \ud800 \"><img src=x onerror=alert(y)> 70 left 'Doha' {{ self }} [bold red]twice[/] :smile: in May."
)
HOSTILE_ARTICLE = Article("<b>id", '"><svg onload=alert(z)>', date(2024, 3, 1), HOSTILE)


def shown(explanation: Explanation, width: int = 120, **console: bool) -> str:
    return "".join(render([explanation], Console(file=io.StringIO(), width=width, **console)))  # type: ignore[arg-type]


class TestTerminal:
    def test_what_is_no_terminal_gets_plain_characters(self) -> None:
        told = shown(explained())
        assert "\x1b" not in told
        assert "North Korea sent about 300[0] builders to Qatar in May, 40[1] of them women." in told
        assert "✓ dispatch 90%   presence 6%" in told
        assert "✓ QAT 96% (Qatar 96%)" in told
        assert all(line == line.rstrip() for line in told.splitlines())

    def test_the_figures_end_it_as_a_table(self) -> None:
        lines = shown(explained()).rstrip().splitlines()
        header = next(n for n, line in enumerate(lines) if line.split()[:2] == ["#", "measure"])
        rows = [line.split()[:5] for line in lines[header:]]
        assert rows[0] == ["#", "measure", "status", "low", "high"]
        assert ["2", "repatriation", "done", "70", "70"] in rows

    def test_a_narrow_terminal_gets_them_one_below_the_other(self) -> None:
        told = shown(explained(), width=60)
        assert re.search(r"^1 +measure dispatch   status done   low 40", told, re.MULTILINE)
        assert max(map(len, told.splitlines())) <= 60

    def test_a_terminal_gets_colours_unless_told_not_to(self) -> None:
        colours = re.compile(r"\x1b\[[\d;]*3[0-7]")
        assert colours.search(shown(explained(), force_terminal=True))
        assert not colours.search(shown(explained(), force_terminal=True, no_color=True))

    def test_a_text_can_neither_command_it_nor_style_itself(self) -> None:
        told = shown(explained(HOSTILE_ARTICLE))
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800]", told)
        assert "[bold red]twice[/] :smile:" in told

    def test_no_figures_are_no_table(self) -> None:
        assert "measure" not in shown(explain(replace(ARTICLE, text="North Korea.", title="")))


class TestPage:
    def test_the_sentence_of_every_figure_is_on_it(self) -> None:
        told = explained()
        (body,) = lxml.html.document_fromstring(render_page([told])).xpath("//body")
        for mark in body.xpath(".//sup"):
            mark.drop_tree()
        words = " ".join(body.text_content().split())
        assert told.figures
        assert all(figure.quote in words for figure in told.figures)

    def test_each_judged_count_leads_to_all_about_it(self) -> None:
        page = lxml.html.document_fromstring(render_page([explained(), explained()]))
        links = [link.get("href").removeprefix("#") for link in page.xpath("//a[starts-with(@href, '#n')]")]
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids))
        assert set(links) <= set(ids)
        assert len(page.xpath("//details")) == 2 * len([m for m in explained().marks if m.kind in COUNTED])

    def test_a_hover_says_what_a_mark_is(self) -> None:
        page = lxml.html.document_fromstring(render_page([explained()]))
        notes = {mark.text: mark.get("title") for mark in page.xpath("//*[@class='text']/*")}
        assert notes["70"] == "repatriation · done · QAT"
        assert notes["Qatar"] == "QAT"

    def test_a_text_can_run_nothing(self) -> None:
        page = render_page([explained(HOSTILE_ARTICLE)])
        parsed = lxml.html.document_fromstring(page)
        assert parsed.xpath("//script | //img | //svg | //link | //iframe | //@onload | //@onerror") == []
        assert parsed.xpath("//meta[@http-equiv='Content-Security-Policy']")
        assert "&lt;script&gt;alert(x)&lt;/script&gt;" in page
        assert "{{ self }}" in page
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800]", page)

    def test_it_needs_nothing_from_elsewhere(self) -> None:
        page = render_page([explained()])
        assert not re.search(r"https?:|url\(|@import|\bsrc=", page)
        assert "prefers-color-scheme: dark" in page
        assert 'name="viewport"' in page

    def test_several_articles_have_a_list_of_contents(self) -> None:
        page = lxml.html.document_fromstring(render_page([explained(), explained(HOSTILE_ARTICLE)]))
        assert page.xpath("//nav//a/text()") == ["Builders for Doha", '"><svg onload=alert(z)>']


class TestInput:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path

    def write(self, path: Path, content: str | bytes) -> Path:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def test_a_text_is_an_article_named_as_its_file(self, folder: Path) -> None:
        path = self.write(folder / "doha.txt", "\ufeffBuilders.\r\nOf Cafe\u0301 Doha.")
        (article,) = read_articles(path, "A title", date(2024, 3, 1))
        assert (article.id, article.title, article.published) == ("doha", "A title", date(2024, 3, 1))
        assert article.text == "Builders.\nOf Café Doha."

    RECORDS = (
        {"id": "a", "title": "First", "published": "2024-03-01", "text": "One."},
        {"id": "b", "text": "Two."},
    )

    @pytest.mark.parametrize(
        "content",
        [
            "\n".join(json.dumps(record) for record in RECORDS),
            json.dumps(RECORDS),
            json.dumps(RECORDS, indent=1),
        ],
    )
    @pytest.mark.parametrize("name", ["a.jsonl", "articles"])
    def test_articles_are_taken_as_lines_or_as_a_list(self, folder: Path, name: str, content: str) -> None:
        found = read_articles(self.write(folder / name, content))
        assert [(a.id, a.title, a.published) for a in found] == [
            ("a", "First", date(2024, 3, 1)),
            ("b", "", None),
        ]

    def test_what_is_asked_for_goes_before_what_an_article_says(self, folder: Path) -> None:
        path = self.write(folder / "a.json", json.dumps(self.RECORDS[0]))
        (article,) = read_articles(path, published=date(2020, 1, 1))
        assert (article.title, article.published) == ("First", date(2020, 1, 1))

    def test_a_text_may_begin_with_a_brace(self, folder: Path) -> None:
        (article,) = read_articles(self.write(folder / "a.txt", "{sic} Ten left."))
        assert article.text == "{sic} Ten left."

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.txt", b"caf\xe9", r"no UTF-8 text \(byte 3\); save it as UTF-8"),
            ("a.txt", b" \n", r"is empty; give a text"),
            ("a.txt", b"<!DOCTYPE html><p>Ten", r"HTML page; `laborledger parse` makes"),
            ("a.json", b"Ten left.", r"is no JSON: .*articles are \{"),
            ("a.jsonl", b'{"id": "a", "text": "x"}\n{"id": "b"}', r'a\.jsonl:2: "text" must be a string'),
            ("a.json", b'[{"id": "a", "text": "x"}, 5]', r"article 2: .*must hold a JSON object"),
            ("a.json", b"[]", r"holds no article"),
            ("a.json", b"[" * 100_000, r"nested too deeply"),
            ("a.json", b'{"id": "a", "text": "x", "published": "1.3."}', r'"published" must be an ISO date'),
        ],
    )
    def test_what_is_no_article_is_refused_with_the_cure(
        self, folder: Path, name: str, content: bytes, message: str
    ) -> None:
        path = self.write(folder / name, content)
        with pytest.raises(InputError, match=message) as told:
            read_articles(path)
        assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("p", "words"), [(0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.999, ">99%"), (1, "100%")]
)
def test_a_probability_is_never_rounded_to_certainty(p: float, words: str) -> None:
    assert percent(p) == words


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2024, 3, 1), date(2024, 3, 1), "2024-03-01"),
        (date(2024, 3, 1), date(2024, 3, 31), "2024-03-01 – 2024-03-31"),
        (date(2024, 3, 1), None, "from 2024-03-01"),
        (None, date(2024, 3, 31), "until 2024-03-31"),
        (None, None, "–"),
    ],
)
def test_days_are_worded(start: date | None, end: date | None, words: str) -> None:
    assert period_words(start, end) == words
