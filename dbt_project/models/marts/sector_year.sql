with

events as (

    select * from {{ ref('int_event_times') }}

),

{{ flows_in('year') }},

{{ flows_by('sector_code', 'sector_codes') }},

final as (

    select
        sector_code,
        year(period)::integer as year,
        * exclude (sector_code, period)
    from flow_rows

)

select * from final order by sector_code, year, measure, status
