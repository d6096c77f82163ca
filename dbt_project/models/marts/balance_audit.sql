with

events as (

    select * from {{ ref('int_event_times') }}

),

recommended as (

    select
        claim_id,
        location
    from {{ ref('int_claims') }}

),

-- A word on all who are in one host: no group at one place or of one kind of work, nor a part of a total of
-- the same host; a part of a wider total is what is known of its host.
stocks as (

    select
        events.event_id,
        events.country_code,
        events.recommended_claim_id,
        events.workers_low,
        events.workers_high,
        least(events.happened_to, events.last_reported_on) as stood_on
    from events
    inner join recommended on events.recommended_claim_id = recommended.claim_id
    left join events as wholes on events.part_of_event_id = wholes.event_id
    where
        events.measure = 'presence'
        and events.status in ('done', 'underway')
        and events.country_code not in ('several', 'not_stated')
        and events.sector_code in ('not_stated', 'several')
        and recommended.location is null
        and coalesce(wholes.country_code <> events.country_code, true)

),

pairs as (

    select
        country_code,
        event_id as from_event_id,
        recommended_claim_id as from_claim_id,
        stood_on as from_on,
        workers_low as from_low,
        workers_high as from_high,
        lead(event_id) over by_day as to_event_id,
        lead(recommended_claim_id) over by_day as to_claim_id,
        lead(stood_on) over by_day as to_on,
        lead(workers_low) over by_day as to_low,
        lead(workers_high) over by_day as to_high
    from stocks
    window by_day as (partition by country_code order by stood_on, event_id)

),

-- What moved between the two: each flow lies between one pair. What several hosts share may have moved here
-- whole or not at all.
flows as (

    select
        host,
        measure,
        happened_to,
        if(country_code = 'several', 0, coalesce(workers_low, 0)) as low,
        workers_high as high
    from (select *, unnest(host_codes) as host from events) as hosted
    where measure <> 'presence' and status in ('done', 'underway') and not is_part

),

moved as (

    select
        pairs.from_event_id,
        sum(flows.low) filter (flows.measure = 'dispatch')::bigint as sent_low,
        sum(flows.high) filter (flows.measure = 'dispatch')::bigint as sent_high,
        bool_or(flows.high is null) filter (flows.measure = 'dispatch') as is_sent_open,
        sum(flows.low) filter (flows.measure = 'repatriation')::bigint as returned_low,
        sum(flows.high) filter (flows.measure = 'repatriation')::bigint as returned_high,
        bool_or(flows.high is null) filter (flows.measure = 'repatriation') as is_returned_open,
        sum(flows.low) filter (flows.measure = 'defection')::bigint as fled_low,
        sum(flows.high) filter (flows.measure = 'defection')::bigint as fled_high,
        bool_or(flows.high is null) filter (flows.measure = 'defection') as is_fled_open
    from flows
    asof inner join pairs on flows.host = pairs.country_code and flows.happened_to > pairs.from_on
    where flows.happened_to <= pairs.to_on
    group by pairs.from_event_id

),

bounded as (

    select
        pairs.*,
        coalesce(sent_low, 0) as sent_low,
        if(is_sent_open, null, coalesce(sent_high, 0)) as sent_high,
        coalesce(returned_low, 0) as returned_low,
        if(is_returned_open, null, coalesce(returned_high, 0)) as returned_high,
        coalesce(fled_low, 0) as fled_low,
        if(is_fled_open, null, coalesce(fled_high, 0)) as fled_high
    from pairs
    left join moved using (from_event_id)
    where pairs.to_event_id is not null

),

-- The fewest that can be there: the fewest who were, the fewest who came, the most who left. Nobody is less
-- than none; but what is open above stays open, and `greatest` passes over nulls.
expected as (

    select
        *,
        greatest(from_low + sent_low - returned_high - fled_high, 0) as expected_low,
        from_high + sent_high - returned_low - fled_low as unbounded_high,
        if(unbounded_high < 0, 0, unbounded_high) as expected_high
    from bounded

),

final as (

    select
        * exclude (unbounded_high),
        case
            when coalesce(to_low > expected_high, false) then 'more_than_told'
            when coalesce(to_high < expected_low, false) then 'fewer_than_told'
            else 'agrees'
        end as verdict
    from expected

)

select * from final order by country_code, from_on, from_event_id
