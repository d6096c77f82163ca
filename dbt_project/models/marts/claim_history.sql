with

versions as (

    select * from {{ ref('claim_versions') }}

),

articles as (

    select * from {{ ref('int_articles') }}

),

rejected as (

    select distinct claim_id from {{ ref('stg_reviews') }} where decision = 'reject'

),

nexts as (

    select
        claim_id,
        believed_from,
        lead(believed_from) over by_time as next_believed_from
    from versions
    window by_time as (partition by claim_id order by believed_from)

),

final as (

    select
        spans.claim_id,
        spans.believed_from,
        spans.believed_until,
        case
            when spans.believed_until is null then null
            when nexts.next_believed_from = spans.believed_until then 'changed'
            when rejected.claim_id is not null then 'rejected'
            when articles.article_id is null then 'article_gone'
            when articles.version_id <> spans.version_id then 'edited'
            else 're_extracted'
        end as left_because,
        spans.article_id,
        spans.source_id,
        spans.published_on,
        spans.measure,
        spans.status,
        spans.workers_low,
        spans.workers_high,
        spans.hedge,
        spans.hosts,
        spans.sectors,
        spans.period_start,
        spans.period_end,
        spans.quote,
        spans.part_of_claim_id,
        spans.event_id
    from versions as spans
    inner join nexts using (claim_id, believed_from)
    left join rejected using (claim_id)
    left join articles using (article_id)

)

select * from final order by claim_id, believed_from
