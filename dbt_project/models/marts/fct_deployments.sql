with

events as (

    select * from {{ ref('int_events') }}

),

final as (

    select * exclude (host_codes, sector_codes)
    from events
    where measure <> 'defection'

)

select * from final order by first_reported_on, event_id
