with

events as (

    select * from {{ ref('int_event_times') }}

),

presence as (

    select * from {{ ref('int_presence') }}

),

{{ flows_in('year') }},

{{ flows_by('country_code', 'host_codes') }},

-- A stock stands at a year's end: in its last month that has a word on it.
present as (

    select
        * exclude (month_start),
        year(month_start)::integer as year,
        'presence' as measure,
        'done' as status
    from presence
    qualify row_number() over (partition by country_code, year(month_start) order by month_start desc) = 1

),

final as (

    select
        country_code,
        year(period)::integer as year,
        * exclude (country_code, period)
    from flow_rows

    union all by name

    select * from present

)

select * from final order by country_code, year, measure, status
