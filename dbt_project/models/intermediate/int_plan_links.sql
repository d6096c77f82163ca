with

events as (

    select * from {{ ref('int_event_times') }}

),

-- A plan is met by its own work or by what states none; work that is not stated meets any plan.
plans as (

    select
        event_id as plan_event_id,
        measure,
        host,
        first_reported_on,
        greatest(happened_to, first_reported_on) as planned_until,
        unnest(list_distinct(list_append(sector_codes, 'any'))) as work
    from (select *, unnest(host_codes) as host from events) as hosted
    where measure in ('dispatch', 'repatriation') and status = 'planned' and host <> 'not_stated'

),

outcomes as (

    select
        event_id as outcome_event_id,
        measure,
        host,
        status,
        last_reported_on,
        happened_from,
        unnest(
            if(sector_codes = ['not_stated'], ['any'], list_append(sector_codes, 'not_stated'))
        ) as work
    from (select *, unnest(host_codes) as host from events) as hosted
    where measure in ('dispatch', 'repatriation') and status <> 'planned' and host <> 'not_stated'

),

-- Of the plans of one day the first by its id, else which of them the join below takes would be left to chance.
told_plans as (

    select * from plans
    qualify row_number() over (
        partition by measure, host, work, first_reported_on order by plan_event_id
    ) = 1

),

-- The last plan that was told before the outcome was. An outcome fulfils one plan, else it would be counted
-- for each that was ever made.
followed as (

    select
        outcomes.outcome_event_id,
        outcomes.status as outcome_status,
        outcomes.happened_from,
        told_plans.plan_event_id,
        told_plans.first_reported_on,
        told_plans.planned_until
    from outcomes
    asof inner join told_plans
        on
            outcomes.measure = told_plans.measure
            and outcomes.host = told_plans.host
            and outcomes.work = told_plans.work
            and outcomes.last_reported_on >= told_plans.first_reported_on

),

final as (

    select
        plan_event_id,
        outcome_event_id,
        outcome_status
    from followed
    -- What began before the plan was told is not its outcome, nor what came a year after its day.
    where
        happened_from >= first_reported_on - interval {{ var('one_event_days') }} day
        and happened_from <= planned_until + interval {{ var('plan_days') }} day
    qualify row_number() over (
        partition by outcome_event_id order by first_reported_on desc, plan_event_id
    ) = 1

)

select * from final
