with

events as (

    select * from {{ ref('int_events') }}

),

final as (

    select
        event_id,
        unnest(host_codes) as country_code
    from events

)

select * from final order by all
