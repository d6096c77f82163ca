with recursive

claims as (

    select
        claim_id,
        published_on
    from {{ ref('int_claims') }}

),

links as (

    select
        links.claim_id,
        links.earlier_claim_id,
        {
            'relation': relations.rank,
            'rule': rules.rank,
            'days': links.days_apart,
            'between': links.days_between_reports,
            'earlier': links.earlier_claim_id
        } as closeness
    from {{ ref('int_claim_links') }} as links
    inner join {{ ref('int_link_rules') }} as relations
        on links.relation = relations.code and relations.kind = 'relation'
    inner join {{ ref('int_link_rules') }} as rules
        on links.rule = rules.code and rules.kind = 'rule'

),

-- What a claim could follow, and what it follows best.
linked as materialized (

    select
        claim_id,
        list(earlier_claim_id order by earlier_claim_id) as earlier,
        min(closeness).earlier as best
    from links
    group by claim_id

),

-- Claims that follow one another, from a first one that follows none.
chained as (

    select
        claims.claim_id,
        claims.claim_id as root
    from claims
    left join linked using (claim_id)
    where linked.claim_id is null

    union all

    select
        linked.claim_id,
        chained.root
    from chained
    inner join linked on chained.claim_id = linked.best

),

placed as (

    select
        chained.root,
        chained.claim_id,
        row_number() over by_day as place,
        count(*) over (partition by chained.root) as chain_length
    from chained
    inner join claims using (claim_id)
    window by_day as (partition by chained.root order by claims.published_on, chained.claim_id)

),

-- The last claim of the chain that could join an event which this claim opens.
followed as (

    select
        links.earlier_claim_id as claim_id,
        max(later.place) as last_place
    from links
    inner join placed as later on links.claim_id = later.claim_id
    inner join placed as earlier on links.earlier_claim_id = earlier.claim_id and later.root = earlier.root
    group by links.earlier_claim_id

),

-- Sorted, so that a step of the walk reads its own rows alone.
final as (

    select
        placed.root,
        placed.place,
        placed.claim_id,
        linked.best,
        coalesce(linked.earlier, []) as earlier,
        coalesce(followed.last_place, placed.place) as last_place
    from placed
    left join linked using (claim_id)
    left join followed using (claim_id)
    where placed.chain_length > 1

)

select * from final order by place, root
