with

claims as (

    select * from {{ ref('int_claims') }}

),

claim_events as (

    select * from {{ ref('int_claim_events') }}

),

-- Lists as text: a snapshot compares values, and a change is told by them.
final as (

    select
        claims.claim_id,
        claims.article_id,
        claims.version_id,
        claims.source_id,
        claims.published_on,
        claims.measure,
        claims.status,
        claims.workers_low,
        claims.workers_high,
        claims.hedge,
        array_to_string(claims.host_codes, '|') as hosts,
        array_to_string(claims.sector_codes, '|') as sectors,
        claims.period_start,
        claims.period_end,
        claims.quote,
        claims.part_of_claim_id,
        claims.is_reviewed,
        claims.extractor_version,
        claims.parser_version,
        claim_events.event_id
    from claims
    inner join claim_events using (claim_id)

)

select * from final
