with

events as (

    select * from {{ ref('int_events') }}

),

final as (

    select
        event_id,
        unnest(sector_codes) as sector_code
    from events

)

select * from final order by all
