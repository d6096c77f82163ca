with

events as (

    select * from {{ ref('int_event_times') }}

),

claims as (

    select * from {{ ref('int_event_claims') }}

),

told as (

    select
        country_code,
        year(happened_to)::integer as year,
        measure,
        event_id,
        workers_low,
        workers_high
    from events
    where
        status in ('done', 'underway')
        and (measure = 'presence' or not is_part)

),

-- Flows are summed; of a stock the lowest and the highest are told.
bounded as (

    select
        country_code,
        year,
        measure,
        if(measure = 'presence', min(coalesce(workers_low, 0)), sum(coalesce(workers_low, 0)))::bigint
            as workers_low,
        if(measure = 'presence', max(workers_high), sum(workers_high))::bigint as workers_stated_high,
        count(*) filter (workers_high is null) as n_open_high
    from told
    group by country_code, year, measure

),

counted as (

    select
        told.country_code,
        told.year,
        told.measure,
        count(*) as n_claims,
        count(distinct claims.origin_source_id) as n_independent_origins,
        max(claims.published_on) as latest_on
    from told
    inner join claims using (event_id)
    group by told.country_code, told.year, told.measure

),

final as (

    select
        bounded.*,
        counted.n_claims,
        counted.n_independent_origins,
        counted.latest_on,
        case
            when workers_stated_high is null or workers_stated_high < workers_low
                then format('{:,} or more', workers_low)
            when workers_low = workers_stated_high then format('{:,}', workers_low)
            else format('{:,}–{:,}', workers_low, workers_stated_high)
        end
        || format('; {:,} claim', n_claims) || if(n_claims = 1, '', 's')
        || format(', {:,} independent origin', n_independent_origins)
        || if(n_independent_origins = 1, '', 's')
        || ', latest ' || latest_on
        || case
            when n_open_high = 0 then ''
            else format('; {:,} open upper bound', n_open_high) || if(n_open_high = 1, '', 's')
        end as description
    from bounded
    inner join counted using (country_code, year, measure)

)

select * from final order by country_code, year, measure
