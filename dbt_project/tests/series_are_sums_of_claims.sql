-- Over all hosts, all sectors and all periods the series add up to the recommended claims of flows that are no
-- parts, counted from the claims alone; and they agree with each other.
with

parts as (

    select event_id from {{ ref('fct_deployments') }} where is_part
    union all
    select event_id from {{ ref('fct_defections') }} where is_part

),

from_claims as (

    select
        claims.measure,
        claims.status,
        sum(coalesce(claims.workers_low, 0)) as workers_low,
        if(bool_or(claims.workers_high is null), null, sum(claims.workers_high)) as workers_high,
        count(*) as n_events
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('bridge_event_claims') }} as bridge using (claim_id)
    anti join parts on claims.event_id = parts.event_id
    where bridge.is_recommended and claims.measure <> 'presence'
    group by claims.measure, claims.status

),

{% set series = ['country_year', 'country_month', 'sector_year'] %}
{% for mart in series %}
from_{{ mart }} as (

    select
        measure,
        status,
        sum(workers_low) as workers_low,
        if(sum(n_open_high) > 0, null, sum(workers_high)) as workers_high,
        sum(n_events) as n_events
    from {{ ref(mart) }}
    where measure <> 'presence' and n_events > 0
    group by measure, status

){{ ',' if not loop.last }}

{% endfor %}
{% for mart in series %}
(select '{{ mart }}' as mart, * from from_claims except select '{{ mart }}' as mart, * from from_{{ mart }})
union all
(select '{{ mart }}' as mart, * from from_{{ mart }} except select '{{ mart }}' as mart, * from from_claims)
{{ 'union all' if not loop.last }}
{% endfor %}
