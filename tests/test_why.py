"""`laborledger why`: from a number back to the sentence, the page and all that became of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.extraction.text import split_sentences
from orchestration.home import Home
from orchestration.ledger import open_ledger
from orchestration.publishing import PublishError
from orchestration.publishing.publish import publish
from orchestration.publishing.trace import neighbours, trace
from orchestration.records import Measure, Review
from orchestration.sample_outlet.articles import SampleArticle, load_articles
from orchestration.sample_outlet.server import HOST, serve
from tests.browser import CHROMIUM, QUIET
from tests.dbt_home import Warehouse
from tests.needs import needs
from tests.raw_rows import Story, Told, build_ledger, outlet
from tests.runs import laborledger

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
LEFT = Told(
    "Fifty builders left for Qatar in May.", "Fifty", 50, 50, countries=("QAT",), sectors=("construction",)
)
RETOLD = replace(LEFT, quote="A group of 50 was flown to Qatar.", count_text="50")
FLED = Told("Two men\x1b[31m fled in Russia.", "Two", 2, 2, Measure.DEFECTION, countries=("RUS",))
GONE = Told("Nine cooks came back from Oman.", "Nine", 9, 9, Measure.REPATRIATION, countries=("OMN",))
STORIES = [
    Story("left", "2024-06-01", [LEFT], text=f"A ship lay ready.\n\n{LEFT.quote} Nobody saw them off."),
    Story("retold", "2024-06-10", [RETOLD], source="lantern"),
    Story("fled", "2024-07-01", [FLED]),
    Story("gone", "2024-08-01", [GONE]),
]


def printed(article: SampleArticle, number: int) -> Story:
    """An article of the sample outlet with the last sentence of its text as a claim."""
    span = split_sentences(article.text)[-1].span
    quote = article.text[span.start : span.end]
    told = Told(quote, quote.split()[0], number, number, countries=("MNG",))
    address = f"http://{HOST}{article.path}"
    return Story(article.id, "2024-09-01", [told], "sample", text=article.text, url=address)


PRINTED = [printed(article, 10**place) for place, article in enumerate(load_articles()[:8], start=2)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Two builds: in the second a person has rejected the nine cooks."""
    outlets = [outlet("harbour"), outlet("lantern"), outlet("sample")]
    home = build_ledger(tmp_path_factory.mktemp("why") / "home", [*STORIES, *PRINTED], outlets)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LABORLEDGER_BUILD", str(home.build_file))
        Warehouse(home).build()
        publish(home, "run-1", NOW)
        rejected = Review(
            id_of(home, "Nine%"), "reject", None, None, "Ada", "counts cooks of a hotel", NOW.date()
        )
        with open_ledger(home) as ledger:
            ledger.store_reviews([rejected])
        Warehouse(home).build()
        publish(home, "run-2", NOW.replace(hour=7))
        yield home


def id_of(home: Home, quote: str) -> str:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        rows = connection.execute(
            "select claim_id from marts.claim_history where quote like $quote", {"quote": quote}
        ).fetchall()
    return str(rows[0][0])


def asked(home: Home, quote: str) -> str:
    told = laborledger("why", id_of(home, quote), "--home", home.path)
    assert told.returncode == 0, told.stderr
    return told.stdout


class TestAClaim:
    def test_is_told_with_its_sentence_in_its_place(self, home: Home) -> None:
        told = asked(home, "Fifty%")
        assert "A ship lay ready.\n" in told
        assert "»Fifty builders left for Qatar in May.« Nobody saw them off." in told
        assert "the count is “Fifty”" in told
        assert "50 (exact), dispatch, done, Qatar, construction" in told

    def test_is_told_with_its_article_and_the_page_in_the_archive(self, home: Home) -> None:
        told = asked(home, "Fifty%")
        assert "Harbour, 2024-06-01 (known by meta)" in told
        assert "https://harbour.example/left/#:~:text=Fifty" in told
        assert "pages.warc.gz at byte 0, fetched 2024-06-01 12:00 UTC" in told
        assert "extractor extractor001, parser parser000001" in told

    def test_is_told_with_its_event_and_the_rule_that_ties_each_claim(self, home: Home) -> None:
        told = asked(home, "Fifty%")
        first, second = id_of(home, "Fifty%"), id_of(home, "A group%")
        assert "50, dispatch, done; 2 claims, 2 outlets, 2 origins" in told
        assert f"▸ {first} 2024-06-01 Harbour: 50, done; the first report" in told
        assert f"· {second} 2024-06-10 Lantern: 50, done; independent of {first}; by equal_bounds" in told
        assert "the event speaks by it (latest)" in told

    def test_is_told_with_since_when_it_is_believed(self, home: Home) -> None:
        assert "until now: 50, QAT" in asked(home, "Fifty%")

    def test_cannot_act_on_a_terminal(self, home: Home) -> None:
        told = asked(home, "Two men%")
        assert "\x1b" not in told
        assert "\\x1b[31m" in told

    def test_cannot_act_on_a_terminal_where_it_is_reviewed(self, home: Home) -> None:
        told = laborledger("review", id_of(home, "Two men%"), "--home", home.path)
        assert "\x1b" not in told.stdout
        assert "\\x1b[31m" in told.stdout
        assert f"laborledger why {id_of(home, 'Two men%')}" in told.stdout

    def test_that_was_withdrawn_says_why_and_by_whom(self, home: Home) -> None:
        told = asked(home, "Nine%")
        assert "withdrawn: it is no claim of the published file any more" in told
        assert "left because rejected" in told
        assert "2026-11-27 Ada: reject (counts cooks of a hotel)" in told


class TestAsking:
    def test_the_beginning_of_an_id_is_enough(self, home: Home) -> None:
        claim = id_of(home, "Two men%")
        assert trace(home, claim[:8].upper()).claim_id == claim

    @pytest.mark.parametrize(
        ("start", "message"),
        [("abc", "too short"), ("nosuch", "no claim 'nosuch'"), ("%%%%", "no claim '%%%%'")],
    )
    def test_says_what_is_wrong(self, home: Home, start: str, message: str) -> None:
        told = laborledger("why", start, "--home", home.path)
        assert told.returncode == 1
        assert message in told.stderr

    def test_names_the_claims_that_begin_alike(self, home: Home, tmp_path: Path) -> None:
        other = Home(tmp_path / "home")
        other.published.mkdir(parents=True)
        shutil.copy(home.published_file, other.published_file)
        other.published_file.chmod(0o644)
        with duckdb.connect(str(other.published_file)) as connection:
            connection.execute("update marts.claim_history set claim_id = 'same' || left(claim_id, 4)")
        with pytest.raises(PublishError, match="12 claims begin with 'same'; say more: same"):
            trace(other, "same")

    def test_as_json_it_is_all_there(self, home: Home) -> None:
        told = laborledger("why", id_of(home, "Fifty%"), "--format", "json", "--home", home.path)
        answer = json.loads(told.stdout)
        assert answer["claim"]["quote"] == LEFT.quote
        assert answer["around"]["before"] == "A ship lay ready.\n\n"
        assert [row["rule"] for row in answer["told_by"]] == ["first", "equal_bounds"]
        assert answer["unread"] is None

    def test_while_a_run_writes_the_published_file_still_answers(self, home: Home) -> None:
        with duckdb.connect(str(home.build_file)):
            told = laborledger("why", id_of(home, "Fifty%"), "--home", home.path)
        assert told.returncode == 0, told.stderr
        assert "»Fifty builders left for Qatar in May.«\n" in told.stdout
        assert "not known: " in told.stdout
        assert "cannot be read now" in told.stdout

    def test_a_published_file_alone_still_answers(self, home: Home, tmp_path: Path) -> None:
        other = Home(tmp_path / "home")
        other.published.mkdir(parents=True)
        shutil.copy(home.published_file, other.published_file)
        told = trace(other, id_of(home, "Fifty%"))
        assert told.claim is not None
        assert told.claim["quote"] == LEFT.quote
        assert (told.around, told.archived, told.unread) == (
            None,
            (),
            f"there is no {other.build_file}: run `make run`",
        )


class TestWhatStandsAround:
    TEXT = "One. Two.\n\nThree: “Four men left for Oman today,” he said.\n\nFive. Six."
    QUOTE = "“Four men left for Oman today,”"

    def around(self, quote: str, text: str = TEXT) -> dict[str, object]:
        start = text.index(quote)
        return dict(neighbours(text, start, start + len(quote)))

    def test_is_the_rest_of_the_sentence_and_one_more(self) -> None:
        assert self.around(self.QUOTE) == {
            "before": "Two.\n\nThree: ",
            "after": " he said.\n\nFive.",
            "is_cut_before": True,
            "is_cut_after": True,
        }

    def test_is_two_sentences_where_the_quote_is_one(self) -> None:
        assert self.around("Five.")["before"] == self.TEXT[5:-10]
        assert self.around("Three: “Four men left for Oman today,” he said.")["after"] == "\n\nFive. Six."

    def test_ends_where_the_text_ends(self) -> None:
        assert self.around(self.TEXT) == {
            "before": "", "after": "", "is_cut_before": False, "is_cut_after": False
        }  # fmt: skip


IN_SIGHT = """
quote => {
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = words.nextNode()); ) {
    const at = node.data.indexOf(quote);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + quote.length);
    const box = range.getBoundingClientRect();
    return scrollY > 0 && box.top >= 0 && box.bottom <= innerHeight;
  }
  return null;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser to which the sample outlet's host is the one that runs here."""
    needs(CHROMIUM.exists(), "make setup-system")
    from playwright.sync_api import sync_playwright

    with serve(0) as outlet, sync_playwright() as playwright:
        rule = f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{outlet.port}"
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*QUIET, rule])
        yield opened
        opened.close()


def test_evidence_opens_the_page_at_the_quote_in_a_real_browser(home: Home, browser: Any) -> None:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        found = connection.execute(
            "select quote, evidence_url from marts.fct_claims where source_id = 'sample'"
        ).fetchall()
    assert len(found) == len(PRINTED)
    for quote, address in found:
        page = browser.new_page(viewport={"width": 900, "height": 400})
        page.goto(address)
        page.wait_for_function("scrollY > 0")
        assert page.evaluate(IN_SIGHT, quote), address
        page.close()
