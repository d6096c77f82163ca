with

events as (

    select * from {{ ref('int_events') }}

),

countries as (

    select * from {{ ref('dim_countries') }}

),

-- "Several countries" tells a reader little, so the hosts of such an event are named.
hosts as (

    select
        events.event_id,
        string_agg(countries.name, ', ' order by countries.name) as host
    from (select event_id, unnest(host_codes) as country_code from events) as events
    inner join countries using (country_code)
    group by events.event_id

),

wholes as (

    select
        hosts.host,
        events.*
    from events
    inner join hosts using (event_id)
    where not events.is_part

),

-- Flows add up. Presence is a stock: the latest word on a host is its number.
ranked as (

    select
        *,
        measure <> 'presence' or row_number() over (
            partition by host, measure, status
            order by
                coalesce(period_end, last_reported_on) desc,
                last_reported_on desc,
                n_independent_origins desc,
                event_id
        ) = 1 as is_counted
    from wholes

),

counted as (

    select
        host,
        country_code,
        measure,
        status,
        {{ sum_low('workers_low') }} as workers_low,
        {{ sum_high('workers_high') }} as workers_high,
        {{ is_open('workers_high') }} as is_open_high
    from ranked
    where is_counted
    group by all

),

final as (

    select
        counted.*,
        (
            select count(*)
            from wholes
            where
                wholes.host = counted.host
                and wholes.measure = counted.measure
                and wholes.status = counted.status
        ) as n_events
    from counted

)

select * from final order by host, measure, status
