-- The totals of flows are those of the recommended claims that are no parts, counted from the claims alone.
with

parts as (

    select part_of_event_id, event_id from {{ ref('fct_deployments') }} where is_part
    union all
    select part_of_event_id, event_id from {{ ref('fct_defections') }} where is_part

),

from_claims as (

    select
        claims.measure,
        claims.status,
        sum(coalesce(claims.workers_low, 0)) as workers_low,
        if(bool_or(claims.workers_high is null), null, sum(claims.workers_high)) as workers_high,
        count(*) as n_events
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('bridge_event_claims') }} as bridge using (claim_id)
    where
        bridge.is_recommended
        and claims.event_id not in (select event_id from parts)
        and claims.measure <> 'presence'
    group by claims.measure, claims.status

),

from_totals as (

    select
        measure,
        status,
        sum(workers_low) as workers_low,
        if(bool_or(is_open_high), null, sum(workers_high)) as workers_high,
        sum(n_events) as n_events
    from {{ ref('country_totals') }}
    where measure <> 'presence'
    group by measure, status

)

(select * from from_claims except select * from from_totals)
union all
(select * from from_totals except select * from from_claims)
