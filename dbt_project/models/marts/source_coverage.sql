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
        ((fetches.fetched_at at time zone 'UTC') at time zone sources.timezone)::date as day,
        fetches.outcome = 'unchanged' as is_unchanged,
        fetches.outcome in ('new', 'changed') as is_new,
        fetches.outcome = 'disallowed'
            or coalesce(fetches.http_status in (401, 403, 429, 451), false) as is_blocked,
        if(fetches.outcome in ('new', 'changed'), newest_parses.outcome, null) as parse_outcome,
        if(fetches.outcome in ('new', 'changed'), newest_extractions.outcome, null) as reading_outcome
    from fetches
    inner join sources using (source_id)
    left join newest_parses using (url, payload_sha256)
    left join newest_extractions on newest_parses.version_id = newest_extractions.version_id
    where fetches.kind <> 'robots'

),

final as (

    select
        source_id,
        day,
        count(*) as looked,
        count(*) filter (is_unchanged) as unchanged,
        count(*) filter (is_new) as new,
        count(*) filter (is_blocked) as blocked,
        count(*) filter (
            (not is_unchanged and not is_new and not is_blocked) or parse_outcome = 'failed'
            or reading_outcome = 'failed'
        ) as failed,
        count(*) filter (parse_outcome in ('empty', 'no_article')) as parsed_empty,
        count(*) filter (parse_outcome = 'undated') as undated,
        count(*) filter (reading_outcome = 'language_not_read') as language_not_read
    from requests
    group by source_id, day

)

select * from final order by source_id, day
