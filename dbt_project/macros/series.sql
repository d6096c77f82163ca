{# Flows by a code and a period: what has that one code, and beside it what it shares with others. `events`
   has event_id, the code's column, its members, `period`, measure, status and bounds. #}
{% macro flows_by(code, members) -%}
    own as (

        select
            {{ code }},
            period,
            measure,
            status,
            {{ sum_low('workers_low') }} as workers_low,
            {{ sum_high('workers_high') }} as workers_high,
            count(*) filter (workers_high is null) as n_open_high,
            count(*) as n_events,
            sum(n_claims)::bigint as n_claims,
            count(*) filter (is_dated_by_report) as n_dated_by_report,
            count(*) filter (spans_periods) as n_spanning
        from flows
        group by all

    ),

    shared as (

        select
            {{ code }},
            period,
            measure,
            status,
            {{ sum_low('workers_low') }} as shared_low,
            {{ sum_high('workers_high') }} as shared_high,
            count(*) as n_shared_events
        from (
            select
                * exclude ({{ code }}),
                unnest({{ members }}) as {{ code }}
            from flows
            where {{ code }} = 'several'
        ) as each_of_several
        group by all

    ),

    flow_rows as (

        select
            {{ code }},
            period,
            measure,
            status,
            coalesce(workers_low, 0) as workers_low,
            if(own.n_events is null, 0, workers_high) as workers_high,
            coalesce(n_open_high, 0) as n_open_high,
            shared_low,
            shared_high,
            coalesce(n_events, 0) as n_events,
            coalesce(n_shared_events, 0) as n_shared_events,
            coalesce(n_claims, 0) as n_claims,
            coalesce(n_dated_by_report, 0) as n_dated_by_report,
            coalesce(n_spanning, 0) as n_spanning
        from own
        full join shared using ({{ code }}, period, measure, status)

    )
{%- endmacro %}

{# The flows of a series: events that are no parts, each in the one period in which it was complete. #}
{% macro flows_in(unit) -%}
    flows as (

        select
            events.*,
            date_trunc('{{ unit }}', happened_to)::date as period,
            date_trunc('{{ unit }}', happened_from) < date_trunc('{{ unit }}', happened_to) as spans_periods
        from events
        where measure <> 'presence' and not is_part

    )
{%- endmacro %}
