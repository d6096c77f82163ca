-- Made-up claims as raw rows: over 20 years, 60 hosts and ten outlets, told of events
-- as the press tells: half by one outlet alone, the others by up to six with hedges of their own. Variables: seed,
-- events, countries (the table's file), prefix (of the names).
create or replace temp macro chance(name, number) as
    (hash(name || ':' || number || ':' || getvariable('seed')) % 1000000) / 1000000.0;

create temp table bench_hosts as
select
    country_code,
    row_number() over (order by hash(country_code)) - 1 as host
from read_csv(getvariable('countries'), header = true, all_varchar = true)
qualify row_number() over (order by hash(country_code)) <= 60;

create temp table bench_events as
select
    e,
    case
        when chance('measure', e) < 0.35 then 'presence'
        when chance('measure', e) < 0.65 then 'dispatch'
        when chance('measure', e) < 0.85 then 'repatriation'
        else 'defection'
    end as measure,
    case
        when chance('status', e) < 0.62 then 'done'
        when chance('status', e) < 0.72 then 'underway'
        when chance('status', e) < 0.94 then 'planned'
        else 'failed'
    end as status,
    floor(60 * chance('host', e) ^ 2.2)::integer as host,
    date '2005-01-01' + floor(7300 * chance('day', e))::integer as day,
    chance('period', e) < 0.5 as has_period,
    ['construction', 'logging', 'textiles', 'seafood', 'restaurants', 'it', 'mining', 'medical'][
        1 + floor(8 * chance('sector', e))::integer
    ] as sector,
    chance('sectors', e) < 0.6 as has_sector,
    -- One event in two is told once, the others by two to six outlets.
    case when chance('alone', e) < 0.5 then 1 else 2 + floor(5 * chance('outlets', e) ^ 2)::integer end
        as told
from range(getvariable('events')) as numbers (e);

create temp table bench_counted as
select
    *,
    case
        when measure = 'defection' then 1 + floor(30 * chance('count', e) ^ 3)::integer
        else floor(10 * 10 ^ (3.3 * chance('count', e)))::integer
    end as workers
from bench_events;

create temp table bench_claims as
select
    *,
    row_number() over (order by e, t) - 1 as c,
    day + floor(21 * chance('late', e * 10 + t))::integer as published,
    case
        when measure = 'defection' or chance('hedge', e * 10 + t) < 0.55 then 'exact'
        when chance('hedge', e * 10 + t) < 0.85 then 'about'
        when chance('hedge', e * 10 + t) < 0.93 then 'at_least'
        else 'range'
    end as hedge,
    floor(10 * chance('outlet', e * 10 + t))::integer as outlet,
    chance('copy', e * 10 + t) < 0.25 and t > 0 as is_credited
from bench_counted, lateral (select unnest(range(told)) as t) as tellings;

create temp table bench_articles as
select
    *,
    left(sha256('article' || getvariable('prefix') || c), 16) as article_id,
    left(sha256('version' || getvariable('prefix') || c), 16) as version_id,
    'outlet-' || outlet as source_id,
    case hedge
        when 'about' then 'About ' || workers
        when 'at_least' then 'At least ' || workers
        when 'range' then workers || ' to ' || (workers + workers // 5)
        else workers::varchar
    end || ' workers, ' || measure || ' ' || status || ', case ' || c || '.' as quote
from bench_claims;

insert or ignore into raw.sources
select 'outlet-' || outlet, 'Outlet ' || outlet, 'en', 'UTC', 'https://outlet.example/', false, false, ['Outlet ' || outlet]
from range(10) as outlets (outlet);

insert into raw.fetches (
    fetch_id, run_id, source_id, kind, url, fetched_at, status, robots_verdict, payload_sha256, warc_file,
    warc_offset, outcome
)
select
    left(sha256('fetch' || getvariable('prefix') || c), 16), 'run', source_id, 'article', 'https://outlet.example/' || getvariable('prefix') || c, published + time '12:00',
    200, 'allowed', sha256('payload' || getvariable('prefix') || c), 'run.warc.gz', c, 'new'
from bench_articles;

insert into raw.parses (
    url, payload_sha256, parser_version, source_id, parsed_at, outcome, article_id, version_id, date_candidates
)
select
    'https://outlet.example/' || getvariable('prefix') || c, sha256('payload' || getvariable('prefix') || c), 'parser000001', source_id, published + time '12:00', 'parsed',
    article_id, version_id, []
from bench_articles;

insert into raw.articles (
    version_id, article_id, source_id, origin_source_id, url, canonical_url, title, authors, published,
    date_evidence, language, text, text_sha256, first_seen_at, parser_version
)
select
    version_id, article_id, source_id,
    if(is_credited, 'outlet-' || ((outlet + 1) % 10), null), 'https://outlet.example/' || getvariable('prefix') || c, null, 'Workers abroad', [],
    published, 'meta', 'en', quote || ' Nothing else is told here of anyone.', sha256(quote), published + time '12:00',
    'parser000001'
from bench_articles;

insert into raw.extractions (
    version_id, extractor_version, article_id, extracted_at, outcome, figures, milliseconds
)
select version_id, 'extractor001', article_id, published + time '13:00', 'figures', 1, 1.0
from bench_articles;

insert into raw.figures (
    version_id, extractor_version, figure_index, article_id, measure, status, low, high, hedge, countries, region,
    sectors, period_start, period_end, part_of, quote, quote_start, quote_end, count_text, count_start, count_end,
    confidence
)
select
    version_id, 'extractor001', 0, article_id, measure, status, workers,
    case hedge when 'at_least' then null when 'range' then workers + workers // 5 else workers end, hedge,
    [country_code], null, if(has_sector, [sector], []),
    if(has_period, date_trunc('month', day)::date, null), if(has_period, last_day(day), null), null, quote, 0, length(quote),
    workers::varchar, instr(quote, workers::varchar) - 1, instr(quote, workers::varchar) - 1 + length(workers::varchar), 0.9
from bench_articles
inner join bench_hosts using (host);
