"""What the report tells, asked of the published file: plain rows, already in the order to show them.

Each question is one statement over the marts, so that a report of a large ledger reads no more than it
shows. Drawing and wording are not done here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.publishing import PublishError

if TYPE_CHECKING:
    import duckdb

Row = Mapping[str, Any]

HOSTS, PLANS, CLAIMS, CONTRADICTIONS, DAYS, YEARS = 12, 30, 25, 40, 30, 24
"""How many are shown; what is left out is said, and is in the file."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows. Rows are by column; bounds of None are open."""

    build: Row
    counts: Row
    presence: tuple[Row, ...]
    flows: tuple[Row, ...]
    plans: tuple[Row, ...]
    n_plans: int
    defections: tuple[Row, ...]
    places: tuple[Row, ...]
    sectors: tuple[Row, ...]
    coverage: tuple[Row, ...]
    contradictions: tuple[Row, ...]
    n_contradictions: int
    claims: tuple[Row, ...]
    estimates: tuple[Row, ...]
    quality: Mapping[str, Any] = field(default_factory=dict)

    @property
    def as_of(self) -> datetime:
        """When the build was published, UTC."""
        made: datetime = self.build["created_at"]
        return made

    @property
    def newest(self) -> date | None:
        """Day of the newest article."""
        day: date | None = self.counts["newest"]
        return day


BUILD = "select * from meta_builds order by build_id desc limit 1"

COUNTS = """
select
    (select count(*) from fct_claims) as claims,
    (select count(*) from fct_deployments) + (select count(*) from fct_defections) as events,
    (select count(*) from dim_articles) as articles,
    (select count(distinct source_id) from dim_articles) as outlets,
    (select max(published_on) from dim_articles) as newest,
    (select min(published_on) from dim_articles) as oldest,
    (select count(*) from meta_checks where status <> 'pass') as failing
"""

# A stock is carried for two years; what lies beyond the day of the build is no word of anybody.
PRESENCE = """
with present as (
    select country_code, year, any_value(present_low) as low, any_value(present_high) as high,
        any_value(present_as_of) as as_of, any_value(n_present_origins) as origins
    from country_year
    where present_low is not null and year <= (select year(max(created_at)) from meta_builds)
    group by country_code, year
),

largest as (
    select country_code, max(coalesce(high, low)) as most
    from present group by country_code order by most desc, country_code limit $hosts
)

select present.*, name as host
from present
inner join largest using (country_code)
inner join dim_countries using (country_code)
order by most desc, country_code, year
"""

FLOWS = """
select
    measure, year,
    sum(coalesce(workers_low, 0))::bigint as low,
    case when sum(n_open_high) = 0 then sum(workers_high)::bigint end as high,
    sum(n_events)::bigint as events
from country_year
where measure <> 'presence' and status = 'done' and n_events > 0
group by measure, year
order by measure, year
"""

PLANS_MADE = """
select
    plan_event_id, measure, name as host, first_reported_on, planned_low, planned_high, done_low, done_high,
    n_done, n_failed, verdict, count(*) over () as n
from plan_vs_done
inner join dim_countries using (country_code)
where not is_part
order by n_done + n_failed > 0 desc, first_reported_on desc, plan_event_id
limit $plans
"""

DEFECTIONS = """
select
    coalesce(period_end, period_start, first_reported_on) as day, name as host, status,
    workers_low as low, workers_high as high, n_claims
from fct_defections
inner join dim_countries using (country_code)
where not is_part
order by day, event_id
"""
MANY_DEFECTIONS = 400
DEFECTIONS_BY_MONTH = """
select
    date_trunc('month', coalesce(period_end, period_start, first_reported_on))::date as day,
    'all hosts' as host, status, sum(coalesce(workers_low, 0))::bigint as low,
    case when not bool_or(workers_high is null) then sum(workers_high)::bigint end as high,
    sum(n_claims)::bigint as n_claims
from fct_defections
where not is_part
group by 1, status
order by day, status
"""

PLACES = """
select
    country_code, name as host, latitude, longitude, arg_max(present_low, year) as low,
    arg_max({'high': present_high}, year).high as high, max(year) as year
from country_year
inner join dim_countries using (country_code)
where
    present_low is not null and kind = 'country' and latitude is not null
    and year <= (select year(max(created_at)) from meta_builds)
group by all
order by coalesce(high, low) desc, country_code
"""

SECTORS = """
select label as sector, year, sum(n_events)::bigint as events
from sector_year
inner join dim_sectors using (sector_code)
where n_events > 0 and year > (select max(year) from sector_year) - $years
group by all
order by sector, year
"""

COVERAGE = """
with days as (
    select unnest(generate_series(
        greatest(max(day) - $days + 1, min(day)), max(day), interval 1 day
    ))::date as day
    from source_coverage
),

asked as (select distinct source_id from source_coverage)

select
    name as outlet, days.day,
    case
        when coverage.looked is null then 'not looked'
        when coverage.failed + coverage.blocked >= greatest(coverage.looked, 1) then 'failed'
        when coverage.new > 0 then 'new pages'
        else 'nothing new'
    end as state
from asked
cross join days
inner join dim_sources using (source_id)
left join source_coverage as coverage on coverage.source_id = asked.source_id and coverage.day = days.day
order by outlet, days.day
"""

CONTRADICTED = """
select
    name as host, verdict, from_on, from_low, from_high, to_on, to_low, to_high, expected_low, expected_high,
    earlier.quote as from_quote, earlier.evidence_url as from_url,
    later.quote as to_quote, later.evidence_url as to_url, count(*) over () as n
from balance_audit
inner join dim_countries using (country_code)
inner join fct_claims as earlier on balance_audit.from_claim_id = earlier.claim_id
inner join fct_claims as later on balance_audit.to_claim_id = later.claim_id
where verdict <> 'agrees'
order by to_on desc, host, from_event_id
limit $contradictions
"""

NEWEST = """
select
    claims.claim_id, claims.published_on, sources.name as outlet, articles.title, measure, status,
    workers_low as low, workers_high as high, countries.name as host, quote, evidence_url, claims.is_part
from fct_claims as claims
inner join dim_sources as sources using (source_id)
inner join dim_articles as articles using (article_id)
inner join dim_countries as countries using (country_code)
order by claims.published_on desc, claims.article_id, quote_start, claims.claim_id
limit $claims
"""

ESTIMATES = """
select country_code, year, workers_low as low, workers_high as high, publisher, wording, source_url
from baselines
where measure = 'presence'
order by country_code, year, baseline_id
"""


def read_report(file: Path) -> Report:
    """Ask a published file for all that the report shows. Raises PublishError when it cannot be read."""
    import duckdb

    if not file.exists():
        raise PublishError(f"no published file yet at {file}: run `make run`")
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute("use marts")
            return _read(connection)
    except duckdb.Error as error:
        raise PublishError(f"{file} cannot be reported on: {error}") from error


def _read(connection: duckdb.DuckDBPyConnection) -> Report:
    def ask(statement: str, **values: int) -> tuple[Row, ...]:
        found = connection.execute(statement, values)
        names = [column[0] for column in found.description or []]
        return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())

    build, plans = ask(BUILD)[0], ask(PLANS_MADE, plans=PLANS)
    contradictions = ask(CONTRADICTED, contradictions=CONTRADICTIONS)
    many = (connection.execute("select count(*) from fct_defections").fetchone() or (0,))[0] > MANY_DEFECTIONS
    return Report(
        build=build,
        counts=ask(COUNTS)[0],
        presence=ask(PRESENCE, hosts=HOSTS),
        flows=ask(FLOWS),
        plans=plans,
        n_plans=plans[0]["n"] if plans else 0,
        defections=ask(DEFECTIONS_BY_MONTH if many else DEFECTIONS),
        places=ask(PLACES),
        sectors=ask(SECTORS, years=YEARS),
        coverage=ask(COVERAGE, days=DAYS),
        contradictions=contradictions,
        n_contradictions=contradictions[0]["n"] if contradictions else 0,
        claims=ask(NEWEST, claims=CLAIMS),
        estimates=ask(ESTIMATES),
        quality=json.loads(build["quality"] or "{}"),
    )
