with

links as (

    select * from {{ ref('int_plan_links') }}

),

final as (

    select
        plan_event_id,
        outcome_event_id,
        outcome_status
    from links

)

select * from final order by all
