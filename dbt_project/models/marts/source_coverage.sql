with

fetches as (

    select * from {{ ref('stg_fetches') }}

),

parses as (

    select * from {{ ref('stg_parses') }}

),

extractions as (

    select * from {{ ref('stg_extractions') }}

),

sources as (

    select * from {{ ref('dim_sources') }}

),

newest_parses as (

    select *
    from parses
    qualify row_number() over (
        partition by url, payload_sha256 order by parsed_at desc, parser_version
    ) = 1

),

newest_extractions as (

    select *
    from extractions
    qualify row_number() over (
        partition by version_id order by extracted_at desc, extractor_version desc
    ) = 1

),

-- What a page gave counts on the day that brought it, whenever it was read.
requests as (

    select
        fetches.source_id,
        fetches.kind not in ('post', 'entry') as is_look,
        ((fetches.fetched_at at time zone 'UTC') at time zone sources.timezone)::date as day,
        fetches.outcome = 'unchanged' as is_unchanged,
        fetches.outcome in ('new', 'changed') as is_new,
        fetches.outcome = 'disallowed'
            or coalesce(fetches.http_status in (401, 403, 429, 451), false) as is_blocked,
        fetches.outcome = 'gone' as is_gone,
        fetches.outcome in ('protected', 'not_wanted') as is_left_out,
        coalesce(fetches.http_status between 400 and 499, false) as is_client_error,
        coalesce(fetches.http_status between 500 and 599, false) as is_server_error,
        fetches.outcome = 'timed_out' as is_timed_out,
        if(fetches.outcome in ('new', 'changed'), newest_parses.outcome, null) as parse_outcome,
        if(fetches.outcome in ('new', 'changed'), newest_extractions.outcome, null) as reading_outcome
    from fetches
    inner join sources using (source_id)
    left join newest_parses using (url, payload_sha256)
    left join newest_extractions on newest_parses.version_id = newest_extractions.version_id
    where fetches.kind not in ('robots', 'archive')

),

final as (

    select
        source_id,
        day,
        count(*) filter (is_look) as looked,
        count(*) filter (is_unchanged) as unchanged,
        count(*) filter (is_new) as new,
        count(*) filter (is_gone) as gone,
        count(*) filter (is_blocked) as blocked,
        count(*) filter (is_client_error and not is_blocked and not is_gone) as client_errors,
        count(*) filter (is_server_error) as server_errors,
        count(*) filter (is_timed_out) as timed_out,
        count(*) filter (
            not (is_unchanged or is_new or is_blocked or is_gone or is_left_out) or parse_outcome = 'failed'
            or reading_outcome = 'failed'
        ) as failed,
        count(*) filter (parse_outcome in ('empty', 'no_article')) as parsed_empty,
        count(*) filter (parse_outcome = 'undated') as undated,
        count(*) filter (reading_outcome = 'language_not_read') as language_not_read
    from requests
    group by source_id, day

)

select * from final order by source_id, day
