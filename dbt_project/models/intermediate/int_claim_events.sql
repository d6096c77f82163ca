with recursive

claims as (

    select
        claim_id,
        published_on
    from {{ ref('int_claims') }}

),

merged as (

    select
        claim_id,
        other_claim_id
    from {{ ref('stg_reviews') }}
    where decision = 'merge'

),

-- Each claim joins an event with whose every claim it is linked, that of its best link before the earliest,
-- else it opens one: so no chain is an event whose ends contradict each other, nor one that drifts.
walk as (

    select
        root,
        place,
        claim_id,
        claim_id as event_id,
        [{'event_id': claim_id, 'members': [claim_id], 'last_place': last_place}] as events
    from {{ ref('int_claim_chains') }}
    where place = 1

    union all

    select
        root,
        place,
        claim_id,
        coalesce(joined, claim_id) as event_id,
        -- An event that nothing further can join is left behind.
        list_filter(
            case
                when joined is null then list_append(
                    events, {'event_id': claim_id, 'members': [claim_id], 'last_place': last_place}
                )
                else list_transform(events, lambda event: {
                    'event_id': event.event_id,
                    'members': if(
                        event.event_id = joined, list_append(event.members, claim_id), event.members
                    ),
                    'last_place': event.last_place
                })
            end,
            lambda event: event.last_place > place
        ) as events
    from (
        select
            *,
            coalesce(
                list_filter(fitting, lambda event: list_contains(event.members, best))[1].event_id,
                fitting[1].event_id
            ) as joined
        from (
            select
                chains.*,
                walk.events,
                list_filter(
                    walk.events, lambda event: list_has_all(chains.earlier, event.members)
                ) as fitting
            from walk
            -- The table itself: each step reads the rows of its place alone, where a CTE is read whole.
            inner join {{ ref('int_claim_chains') }} as chains
                on walk.place + 1 = chains.place and walk.root = chains.root
        ) as met
    ) as step

),

found as materialized (

    select
        claims.claim_id,
        claims.published_on,
        coalesce(walk.event_id, claims.claim_id) as event_id
    from claims
    left join walk using (claim_id)

),

-- What a person merged is one event, whatever the rules say; each of a chain of mergers names the first.
mergers as (

    select
        event.event_id,
        other.event_id as other_event_id
    from merged
    inner join found as event on merged.claim_id = event.claim_id
    inner join found as other on merged.other_claim_id = other.claim_id

),

both_ways as materialized (

    select * from mergers
    union
    select
        other_event_id as event_id,
        event_id as other_event_id
    from mergers

),

reached as (

    select
        event_id,
        event_id as other_event_id
    from both_ways

    union

    select
        reached.event_id,
        both_ways.other_event_id
    from reached
    inner join both_ways on reached.other_event_id = both_ways.event_id

),

joined as (

    select
        found.claim_id,
        found.published_on,
        coalesce(least_of.name, found.event_id) as name
    from found
    left join (
        select
            event_id,
            min(other_event_id) as name
        from reached
        group by event_id
    ) as least_of using (event_id)

),

final as (

    select
        claim_id,
        first_value(claim_id) over (partition by name order by published_on, claim_id) as event_id
    from joined

)

select * from final
