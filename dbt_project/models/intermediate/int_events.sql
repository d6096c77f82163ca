with

claims as (

    select * from {{ ref('int_event_claims') }}

),

grouped as (

    select
        event_id,
        any_value(measure) as measure,
        case when not bool_or(workers_low is null) then min(workers_low) end as envelope_low,
        case when not bool_or(workers_high is null) then max(workers_high) end as envelope_high,
        min(published_on) as first_reported_on,
        max(published_on) as last_reported_on,
        count(*) as n_claims,
        count(distinct source_id) as n_outlets,
        count(distinct origin_source_id) as n_independent_origins,
        -- What the recommended claim leaves unsaid, the next best one that says it adds.
        coalesce(
            arg_min(sector_codes, place) filter (where sector_code <> 'not_stated'),
            any_value(sector_codes)
        ) as sector_codes,
        arg_min(
            {'period_start': period_start, 'period_end': period_end}, place
        ) filter (where period_start is not null or period_end is not null) as period
    from claims
    group by event_id

),

recommended as (

    select * from claims where place = 1

),

-- An event is a part where any of its claims is: its whole is then an event too, and is the one to count.
wholes as (

    select
        parts.event_id,
        arg_min(wholes.event_id, parts.place) as part_of_event_id
    from claims as parts
    inner join claims as wholes on parts.part_of_claim_id = wholes.claim_id
    where parts.event_id <> wholes.event_id
    group by parts.event_id

),

-- Two articles may each call the other's whole a part; one of the two must stay a whole.
parts as (

    select wholes.*
    from wholes
    left join wholes as turned
        on wholes.event_id = turned.part_of_event_id and wholes.part_of_event_id = turned.event_id
    where turned.event_id is null or wholes.event_id > turned.event_id

),

final as (

    select
        grouped.event_id,
        grouped.measure,
        recommended.status,
        recommended.workers_low,
        recommended.workers_high,
        grouped.envelope_low,
        grouped.envelope_high,
        recommended.country_code,
        recommended.host_codes,
        {{ one_code('grouped.sector_codes') }} as sector_code,
        grouped.sector_codes,
        grouped.period.period_start as period_start,
        grouped.period.period_end as period_end,
        grouped.first_reported_on,
        grouped.last_reported_on,
        recommended.claim_id as recommended_claim_id,
        recommended.reason as recommended_reason,
        recommended.confidence,
        grouped.n_claims,
        grouped.n_outlets,
        grouped.n_independent_origins,
        parts.event_id is not null as is_part,
        parts.part_of_event_id
    from grouped
    inner join recommended using (event_id)
    left join parts using (event_id)

)

select * from final
