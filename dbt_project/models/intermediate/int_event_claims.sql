with

claims as (

    select * from {{ ref('int_claims') }}

),

claim_events as (

    select * from {{ ref('int_claim_events') }}

),

weighed as (

    select
        claim_events.event_id,
        claims.*,
        claims.origin_source_id <> claims.source_id as is_copy,
        case claims.status when 'done' then 1 else 2 end as status_rank,
        case claims.hedge
            when 'exact' then 1
            when 'about' then 2
            when 'range' then 3
            when 'vague' then 5
            else 4
        end as hedge_rank
    from claims
    inner join claim_events using (claim_id)

),

-- The event speaks by its first claim in this order; why that one is said by where the second falls behind.
final as (

    select
        *,
        row_number() over by_rank as place,
        case
            when lead(claim_id) over by_rank is null then 'only_claim'
            when lead(is_copy) over by_rank <> is_copy then 'origin_over_copy'
            when lead(status_rank) over by_rank <> status_rank then 'done_over_underway'
            when lead(hedge_rank) over by_rank <> hedge_rank then 'closer_bounds'
            when lead(published_on) over by_rank <> published_on then 'latest'
            else 'first_by_id'
        end as reason
    from weighed
    window by_rank as (
        partition by event_id order by is_copy, status_rank, hedge_rank, published_on desc, claim_id
    )

)

select * from final
