"""The dbt project on a real build file: what it makes of raw rows, and what a reader may rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import ROOT
from orchestration.ledger import open_ledger
from orchestration.loading import store_months
from orchestration.publishing.marts import create_copy, fill_copy, finish_copy, reading
from orchestration.publishing.smoke import smoke
from orchestration.reading.cc_news import Month, known_gaps
from orchestration.records import Hedge, Measure, Status
from tests.dbt_home import Warehouse
from tests.raw_rows import Story, Told, build_ledger, outlet, read_again, store

README = ROOT / "warehouse" / "README.md"
SQL = re.compile(r"^```sql\n([^`]*)^```", re.MULTILINE)

GULF = "Some 6,000 work across the Gulf, among them 2,500 in Kuwait and 2,000 in Qatar."
LEFT = "Fifty builders and plasterers left for Qatar and the Emirates in May."
RETOLD = "A group of 50 workers was flown to Qatar and the Emirates last month."
LATER = "The number of North Koreans in Kuwait has grown to 4,100."
OMAN = "Pyongyang wants to send 120 tailors 🧵 to Oman, and 30 cooks."
WINDHOEK = "At least 18 sculptors came home from Namibia."
FLED = "Two loggers fled their camp, the 벌목 company said."

fifty = Told(LEFT, "Fifty", 50, 50, countries=("QAT", "ARE"), sectors=("construction",))
presence = Told(GULF, "6,000", 6000, 6000, Measure.PRESENCE, hedge=Hedge.ABOUT, region="gulf")
planned = Told(OMAN, "120", 120, 120, status=Status.PLANNED, countries=("OMN",), sectors=("textiles",))
cooks = replace(planned, count_text="30", low=30, high=30, sectors=("restaurants",))

kuwait = replace(
    presence, count_text="2,500", low=2500, high=2500, region=None, countries=("KWT",), part_of=1
)
grown = replace(kuwait, quote=LATER, count_text="4,100", low=4100, high=4100, part_of=None)
qatar = replace(kuwait, count_text="2,000", low=2000, high=2000, countries=("QAT",))

STORIES = [
    Story("gulf", "2024-02-27", [kuwait, presence, qatar]),
    Story("builders", "2024-06-01", [replace(fifty, period=("2024-05-01", "2024-05-31"))]),
    Story("builders-copied", "2024-06-02", [fifty], source="lantern", origin="harbour"),
    Story("builders-retold", "2024-06-20", [replace(fifty, quote=RETOLD, count_text="50")], source="beacon"),
    Story("builders-again", "2024-09-20", [fifty], source="beacon"),
    Story("oman", "2024-07-01", [planned, cooks], seen=["2024-07-01 09:00:00", "2024-07-03 09:00:00"]),
    Story(
        "windhoek",
        "2023-12-31",
        [
            Told(
                WINDHOEK, "18", 18, None, Measure.REPATRIATION, hedge=Hedge.AT_LEAST, countries=("NAM",),
                sectors=("arts",), period=("0001-01-01", None), agency="the Mansudae Art Studio",
            )
        ],
    ),
    Story("fled", "2024-01-10", [Told(FLED, "Two", 2, 2, Measure.DEFECTION)], source="inbox", url=None),
    Story("quiet", "2024-01-11"),
    Story("kuwait-later", "2024-12-01", [grown], source="lantern"),
]  # fmt: skip


MACROS: dict[str, list[tuple[Any, ...]]] = {
    "select describe_workers('KWT', 'presence', 2024)": [
        ("2,500–4,100; 2 claims, 2 independent origins, latest 2024-12-01",)
    ],
    "select describe_workers('NAM', 'repatriation', 2023)": [
        ("18 or more; 1 claim, 1 independent origin, latest 2023-12-31; 1 open upper bound",)
    ],
    "select describe_workers('NAM', 'presence', 1999)": [(None,)],
    "select workers_low(workers_low), workers_high(workers_high) from fct_deployments "
    "where measure = 'repatriation'": [(18, None)],
    "select workers_low(low), workers_high(high) from (values (null, 5), (3, 4)) as t (low, high)": [(3, 9)],
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    sources = [outlet("harbour", timezone="Asia/Seoul"), outlet("beacon"), outlet("lantern")]
    home = build_ledger(tmp_path_factory.mktemp("home"), STORIES, sources)
    with open_ledger(home) as ledger, ledger.bulk() as connection:
        store_months(connection, notes_of_months(tmp_path_factory.mktemp("read")))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LABORLEDGER_BUILD", str(home.build_file))
        built = Warehouse(home)
        built.build()
        yield built


def notes_of_months(folder: Path) -> Path:
    """As `read cc-news:2021-05..2021-06` leaves them, both lists naming one file."""
    for first in (date(2021, 5, 1), date(2021, 6, 1)):
        gaps = tuple(gap for gap in known_gaps() if gap.first.month == first.month)
        Month(first, "list", (f"base/CC-NEWS-{first:%Y%m%d}.warc.gz",), gaps).note(folder)
    return folder


@pytest.fixture(scope="module")
def published(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The marts as a reader has them."""
    copy = tmp_path_factory.mktemp("published") / "labor_ledger.duckdb"
    with reading(warehouse.home) as connection:
        create_copy(connection, copy)
        fill_copy(connection, warehouse.marts())
        finish_copy(connection)
    return copy


def test_each_rule_of_the_models_holds_in_its_unit_tests(warehouse: Warehouse, tmp_path: Path) -> None:
    assert warehouse.aside(tmp_path, "test", "--select", "test_type:unit") > 15


def test_a_second_build_changes_nothing(warehouse: Warehouse) -> None:
    before = warehouse.content()
    warehouse.build()
    assert warehouse.content() == before


def test_the_build_passes_the_gate_and_its_copy_opens_with_every_column_explained(
    warehouse: Warehouse, published: Path
) -> None:
    assert smoke(published)["uncommented"] == []
    assert len(warehouse.marts()) == 28


@pytest.mark.parametrize(("query", "answer"), MACROS.items())
def test_a_macro_keeps_what_is_open(published: Path, query: str, answer: list[tuple[Any, ...]]) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("use marts")
        assert connection.execute(query).fetchall() == answer


def test_a_description_says_the_grain_first(warehouse: Warehouse) -> None:
    told = warehouse.ask("select table_name, comment from duckdb_tables() where schema_name = 'marts'")
    assert [name for name, comment in told if not comment.startswith("Grain: one ")] == []


def test_views_do_not_name_their_database(warehouse: Warehouse) -> None:
    told = warehouse.ask("select sql from duckdb_views() where not internal")
    assert [sql for (sql,) in told if "labor_ledger" in sql] == []


def test_three_outlets_tell_one_event_and_a_later_report_another(warehouse: Warehouse) -> None:
    told = warehouse.ask(
        """
        select event_id = recommended_claim_id, recommended_reason, n_claims, n_outlets,
            n_independent_origins, period_start::varchar, last_reported_on::varchar, country_code, sector_code
        from marts.fct_deployments where country_code = 'several' order by first_reported_on
        """
    )
    assert told == [
        (False, "latest", 3, 3, 2, "2024-05-01", "2024-06-20", "several", "construction"),
        (True, "only_claim", 1, 1, 1, None, "2024-09-20", "several", "construction"),
    ]


def test_a_part_before_its_whole_is_found_and_not_added(warehouse: Warehouse) -> None:
    told = warehouse.ask(
        """
        select claims.country_code, claims.is_part, wholes.country_code
        from marts.fct_claims as claims
        left join marts.fct_claims as wholes on claims.part_of_claim_id = wholes.claim_id
        where claims.measure = 'presence' and claims.published_on < date '2024-06-01' order by 1
        """
    )
    assert told == [("KWT", True, "gulf"), ("QAT", True, "gulf"), ("gulf", False, None)]


def test_two_reported_stocks_that_no_flow_explains_are_a_contradiction(warehouse: Warehouse) -> None:
    told = warehouse.ask(
        "select country_code, from_low, to_low, expected_high, verdict from marts.balance_audit"
    )
    assert told == [("KWT", 2500, 4100, 2500, "more_than_told")]
    present = warehouse.ask(
        "select year, present_low, present_high, n_present_origins from marts.country_year "
        "where country_code = 'KWT' and year < 2026 order by year"
    )
    assert present == [(2024, 4100, 4100, 1), (2025, 4100, 4100, 1)]


def test_a_claim_has_a_history(warehouse: Warehouse) -> None:
    told = warehouse.ask("select count(*), count(believed_until) from marts.claim_history")
    assert told == warehouse.ask("select count(*), 0 from marts.fct_claims")
    assert warehouse.ask("select distinct change from marts.meta_changes") == [("added",)]


def test_totals_keep_hosts_measures_statuses_and_open_bounds_apart(warehouse: Warehouse) -> None:
    told = warehouse.ask("select * from marts.country_totals order by host, measure, status")
    assert told == [
        ("Gulf", "gulf", "presence", "done", 6000, 6000, False, 1),
        ("Kuwait", "KWT", "presence", "done", 4100, 4100, False, 1),
        ("Namibia", "NAM", "repatriation", "done", 18, None, True, 1),
        ("Not stated", "not_stated", "defection", "done", 2, 2, False, 1),
        ("Oman", "OMN", "dispatch", "planned", 150, 150, False, 2),
        ("Qatar, United Arab Emirates", "several", "dispatch", "done", 100, 100, False, 2),
    ]


def test_an_iso_code_that_spells_na_is_a_code(warehouse: Warehouse) -> None:
    assert warehouse.ask("select iso2 from marts.dim_countries where country_code = 'NAM'") == [("NA",)]


def test_a_link_opens_the_page_at_the_sentence(warehouse: Warehouse) -> None:
    told = dict(warehouse.ask("select article_id, min(evidence_url) from marts.fct_claims group by all"))
    assert (
        told["windhoek"]
        == "https://harbour.example/windhoek/#:~:text=At%20least%2018%20sculptors%20came%20home%20from%20Namibia."
    )
    assert told["oman"].endswith("text=Pyongyang%20wants%20to%20send,Oman%2C%20and%2030%20cooks.")
    assert told["fled"] is None


def test_a_body_is_named_by_its_code(warehouse: Warehouse) -> None:
    told = warehouse.ask("select article_id, agency_code from marts.fct_claims where agency_code is not null")
    assert told == [("windhoek", "mansudae")]


def test_articles_without_figures_are_articles_still(warehouse: Warehouse) -> None:
    told = warehouse.ask(
        "select first_seen_at::varchar, last_seen_at::varchar from marts.dim_articles "
        "where article_id in ('quiet', 'oman') order by article_id"
    )
    assert told == [
        ("2024-07-01 09:00:00", "2024-07-03 09:00:00"),
        ("2024-01-11 12:00:00", "2024-01-11 12:00:00"),
    ]


def test_a_day_that_no_calendar_holds_does_not_stretch_it(warehouse: Warehouse) -> None:
    told = warehouse.ask(
        "select min(date_day)::varchar, max(date_day)::varchar, count(*) from marts.dim_dates"
    )
    assert told == [("2023-01-01", "2024-12-31", 365 + 366)]


def test_coverage_counts_looks_by_the_outlets_own_day(warehouse: Warehouse) -> None:
    told = warehouse.ask(
        "select day::varchar, looked, new, unchanged from marts.source_coverage "
        "where source_id = 'harbour' and day >= date '2024-07-01' order by day"
    )
    assert told == [("2024-07-01", 1, 1, 0), ("2024-07-03", 1, 0, 1)]


def test_a_month_that_others_kept_is_never_taken_for_silence(warehouse: Warehouse) -> None:
    told = warehouse.ask("select name, state, known_gap from marts.archive_coverage order by name")
    assert [(name, state) for name, state, _ in told] == [
        ("CC-NEWS 2021-05", "not_loaded"), ("CC-NEWS 2021-06", "not_loaded"),
    ]  # fmt: skip
    assert told[0][2] is None
    assert told[1][2].startswith("2021-06-05 to 2021-06-07: hardly any article")


@pytest.mark.parametrize("query", SQL.findall(README.read_text()))
def test_a_query_of_the_readme_answers(published: Path, query: str) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        assert connection.execute(query).fetchall() or "failed + " in query


def test_the_readme_names_every_table(warehouse: Warehouse) -> None:
    text = README.read_text()
    assert [mart for mart in warehouse.marts() if f"`{mart}`" not in text] == []


# From here on the tests change the build file.


def test_a_claim_keeps_its_name_when_text_or_reading_changes(warehouse: Warehouse, tmp_path: Path) -> None:
    names = "select count_text, claim_id from intermediate.int_claims where article_id = 'oman'"
    before = dict(warehouse.ask(names))
    text = f"An editor's note came before.\n\n{OMAN}"
    edited = Story("oman", "2024-07-01", [replace(planned, high=None, countries=("QAT",)), cooks], text=text,
                   seen=["2024-07-05 09:00:00"])  # fmt: skip
    with open_ledger(warehouse.home) as ledger:
        store(ledger, edited)
        read_again(ledger, replace(edited, told=[cooks, replace(planned, low=100)]), "extractor002")
    warehouse.aside(tmp_path, "run", "--select", "int_claims")
    assert dict(warehouse.ask(names)) == before
    told = warehouse.ask(
        "select workers_low, workers_high, country_code, quote_start from intermediate.int_claims "
        "where claim_id = ?", before["120"],
    )  # fmt: skip
    assert told == [(100, 120, "OMN", text.index(OMAN))]


def test_a_quote_that_is_not_in_the_text_fails_the_build(warehouse: Warehouse, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse.home.build_file)) as connection:
        connection.execute(
            "update marts.fct_claims set quote_start = quote_start + 1 where count_text = 'Two'"
        )
    with pytest.raises(AssertionError, match="quotes_are_slices_of_the_text"):
        warehouse.aside(tmp_path, "test", "--select", "quotes_are_slices_of_the_text")
