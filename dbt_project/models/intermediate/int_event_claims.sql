with

claims as (

    select * from {{ ref('int_claims') }}

),

claim_events as (

    select * from {{ ref('int_claim_events') }}

),

links as (

    select * from {{ ref('int_claim_links') }}

),

rules as (

    select * from {{ ref('int_link_rules') }}

),

-- The best link to an earlier claim of the same event; one that only a person's word ties has none.
tied as (

    select
        later.claim_id,
        arg_min(links, {
            'relation': relations.rank, 'rule': rules.rank, 'earlier': links.earlier_claim_id
        }) as link
    from links
    inner join claim_events as later on links.claim_id = later.claim_id
    inner join claim_events as earlier
        on links.earlier_claim_id = earlier.claim_id and later.event_id = earlier.event_id
    inner join rules as relations on links.relation = relations.code and relations.kind = 'relation'
    inner join rules on links.rule = rules.code and rules.kind = 'rule'
    group by later.claim_id

),

weighed as (

    select
        claim_events.event_id,
        claims.claim_id,
        claims.is_reviewed,
        claims.published_on,
        tied.link.earlier_claim_id as tied_to_claim_id,
        case
            when claims.claim_id = claim_events.event_id then 'first'
            else coalesce(tied.link.relation, 'review')
        end as relation,
        case
            when claims.claim_id = claim_events.event_id then 'first'
            else coalesce(tied.link.rule, 'review')
        end as rule,
        case
            when claims.claim_id = claim_events.event_id then 'first'
            else coalesce(tied.link.timing, 'review')
        end as timing,
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
    left join tied using (claim_id)

),

-- The event speaks by its first claim in this order; why that one is said by where the second falls behind.
placed as (

    select
        *,
        row_number() over by_rank as place,
        case
            when lead(claim_id) over by_rank is null then 'only_claim'
            when lead(is_reviewed) over by_rank <> is_reviewed then 'reviewed'
            when lead(is_copy) over by_rank <> is_copy then 'origin_over_copy'
            when lead(status_rank) over by_rank <> status_rank then 'done_over_underway'
            when lead(hedge_rank) over by_rank <> hedge_rank then 'closer_bounds'
            when lead(published_on) over by_rank <> published_on then 'latest'
            else 'first_by_id'
        end as reason
    from weighed
    window by_rank as (
        partition by event_id
        order by is_reviewed desc, is_copy, status_rank, hedge_rank, published_on desc, claim_id
    )

),

final as (

    select
        placed.event_id,
        placed.claim_id,
        claims.source_id,
        claims.origin_source_id,
        claims.part_of_claim_id,
        claims.measure,
        claims.status,
        claims.workers_low,
        claims.workers_high,
        claims.country_code,
        claims.host_codes,
        claims.sector_code,
        claims.sector_codes,
        claims.period_start,
        claims.period_end,
        claims.published_on,
        claims.confidence,
        placed.tied_to_claim_id,
        placed.relation,
        placed.rule,
        placed.timing,
        placed.is_copy,
        placed.place,
        placed.reason
    from placed
    inner join claims using (claim_id)

)

select * from final
