with

events as (

    select * from {{ ref('int_event_times') }}

),

links as (

    select * from {{ ref('int_plan_links') }}

),

outcomes as (

    select
        links.plan_event_id,
        sum(coalesce(events.workers_low, 0)) filter (links.outcome_status <> 'failed')::bigint as done_low,
        count(*) filter (links.outcome_status <> 'failed') as n_done,
        count(*) filter (links.outcome_status = 'failed') as n_failed,
        if(
            count(*) filter (links.outcome_status <> 'failed' and events.workers_high is null) = 0,
            sum(events.workers_high) filter (links.outcome_status <> 'failed'),
            null
        )::bigint as done_high,
        max(events.last_reported_on) as last_reported_on
    from links
    inner join events on links.outcome_event_id = events.event_id
    group by links.plan_event_id

),

final as (

    select
        events.event_id as plan_event_id,
        events.measure,
        events.country_code,
        events.sector_code,
        events.workers_low as planned_low,
        events.workers_high as planned_high,
        events.period_start,
        events.period_end,
        events.first_reported_on,
        events.is_part,
        coalesce(outcomes.n_done, 0) as n_done,
        coalesce(outcomes.n_failed, 0) as n_failed,
        if(coalesce(outcomes.n_done, 0) = 0, 0, outcomes.done_low) as done_low,
        if(coalesce(outcomes.n_done, 0) = 0, 0, outcomes.done_high) as done_high,
        outcomes.last_reported_on as last_outcome_reported_on,
        -- A plan is fulfilled where at least so many went, and fallen short of where fewer did at most.
        case
            when outcomes.plan_event_id is null then 'no_word'
            when outcomes.n_done = 0 then 'failed'
            when outcomes.done_low >= coalesce(events.workers_low, events.workers_high) then 'fulfilled'
            when outcomes.done_high < events.workers_low then 'partly'
            else 'unclear'
        end as verdict
    from events
    left join outcomes on events.event_id = outcomes.plan_event_id
    where events.status = 'planned' and events.measure in ('dispatch', 'repatriation')

)

select * from final order by first_reported_on, plan_event_id
