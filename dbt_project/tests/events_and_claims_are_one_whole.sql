-- Each claim tells one event of its measure, each event has claims, members and a whole that exists, and its
-- name is that of its earliest claim.
with

events as (

    select * from {{ ref('fct_deployments') }}
    union all
    select * from {{ ref('fct_defections') }}

),

claims as (

    select
        event_id,
        any_value(measure) as measure,
        count(distinct measure) as n_measures,
        count(*) as n_claims,
        arg_min(claim_id, {'published_on': published_on, 'claim_id': claim_id}) as earliest
    from {{ ref('fct_claims') }}
    group by event_id

),

bridged as (

    select
        event_id,
        count(*) as n_claims,
        count(*) filter (is_recommended) as n_recommended
    from {{ ref('bridge_event_claims') }}
    group by event_id

)

select event_id
from events
full join claims using (event_id)
full join bridged using (event_id)
where
    events.n_claims is distinct from claims.n_claims
    or events.n_claims is distinct from bridged.n_claims
    or events.measure is distinct from claims.measure
    or claims.n_measures <> 1
    or bridged.n_recommended <> 1
    or claims.earliest <> event_id
    or event_id not in (select event_id from {{ ref('bridge_event_countries') }})
    or event_id not in (select event_id from {{ ref('bridge_event_sectors') }})
    or events.is_part <> (events.part_of_event_id is not null)
    or (events.is_part and events.part_of_event_id not in (select event_id from events))
    or events.part_of_event_id = event_id
