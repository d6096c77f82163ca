with

claims as (

    select * from {{ ref('int_claims') }}

),

claim_events as (

    select * from {{ ref('int_claim_events') }}

),

final as (

    select
        claims.claim_id,
        claims.article_id,
        claim_events.event_id,
        claims.source_id,
        claims.origin_source_id,
        claims.published_on,
        claims.measure,
        claims.status,
        claims.workers_low,
        claims.workers_high,
        claims.hedge,
        claims.country_code,
        claims.region,
        claims.sector_code,
        claims.period_start,
        claims.period_end,
        claims.is_part,
        claims.part_of_claim_id,
        claims.quote,
        claims.quote_start,
        claims.quote_end,
        claims.count_text,
        claims.evidence_url,
        claims.attribution,
        claims.agency_code,
        claims.gender,
        claims.location,
        claims.confidence,
        claims.is_reviewed,
        claims.extractor_version,
        claims.parser_version
    from claims
    inner join claim_events using (claim_id)

)

select * from final order by published_on, claim_id
