with recursive

claims as (

    select * from {{ ref('int_claims') }}

),

-- Only claims that agree on measure, standing, bounds and hosts can tell one event.
alike as (

    select
        claim_id,
        article_id,
        published_on,
        period_start,
        period_end,
        dense_rank() over (
            order by
                measure,
                case when status = 'underway' then 'done' else status end,
                workers_low,
                workers_high,
                host_codes,
                region
        ) as kind
    from claims

),

-- A silence longer than an event lasts divides them into runs, each of which is walked by itself.
divided as (

    select
        *,
        coalesce(
            published_on - lag(published_on) over by_day > {{ var('one_event_days') }}, true
        ) as begins_run
    from alike
    window by_day as (partition by kind order by published_on, claim_id)

),

runs as (

    select
        *,
        sum(begins_run::integer) over (order by kind, published_on, claim_id) as run
    from divided

),

ordered as (

    select
        *,
        row_number() over (partition by run order by published_on, claim_id) as place
    from runs

),

-- Each claim joins the earliest event that is still open to it, else it opens one. An event is measured
-- from its first claim and keeps the period that any of its claims states, so that a chain cannot drift;
-- two claims of one article are two events, since the article's own repeats are one figure already.
walk as (

    select
        run,
        place,
        claim_id,
        claim_id as event_id,
        [{
            'event_id': claim_id,
            'opened_on': published_on,
            'period_start': period_start,
            'period_end': period_end,
            'articles': [article_id]
        }] as events
    from ordered
    where place = 1

    union all

    select
        run,
        place,
        claim_id,
        coalesce(joined.event_id, claim_id) as event_id,
        case
            when joined is null
                then list_append(events, {
                    'event_id': claim_id,
                    'opened_on': published_on,
                    'period_start': period_start,
                    'period_end': period_end,
                    'articles': [article_id]
                })
            else
                list_transform(events, lambda event: case
                    when event.event_id <> joined.event_id then event
                    else {
                        'event_id': event.event_id,
                        'opened_on': event.opened_on,
                        'period_start': coalesce(event.period_start, period_start),
                        'period_end': coalesce(event.period_end, period_end),
                        'articles': list_append(event.articles, article_id)
                    }
                end)
        end as events
    from (
        select
            *,
            list_filter(events, lambda event:
                not list_contains(event.articles, article_id)
                and coalesce(event.period_start = period_start, true)
                and coalesce(event.period_end = period_end, true)
                and coalesce(event.period_start <= period_end, true)
                and coalesce(period_start <= event.period_end, true)
            )[1] as joined
        from (
            select
                ordered.*,
                list_filter(walk.events, lambda event:
                    ordered.published_on - event.opened_on <= {{ var('one_event_days') }}
                ) as events
            from walk
            inner join ordered on walk.run = ordered.run and walk.place + 1 = ordered.place
        ) as still_open
    ) as step

),

final as (

    select
        claim_id,
        event_id
    from walk

)

select * from final
