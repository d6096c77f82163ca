with

events as (

    select * from {{ ref('int_event_times') }}

),

presence as (

    select * from {{ ref('int_presence') }}

),

{{ flows_in('month') }},

{{ flows_by('country_code', 'host_codes') }},

present as (

    select
        *,
        'presence' as measure,
        'done' as status
    from presence

),

final as (

    select
        country_code,
        period as month_start,
        * exclude (country_code, period)
    from flow_rows

    union all by name

    select * from present

)

select * from final order by country_code, month_start, measure, status
