with

claims as (

    select * from {{ ref('int_claims') }}

),

-- "About" and "vague" may be off by a tenth. An open side is null.
widened as (

    select
        *,
        case when status = 'underway' then 'done' else status end as standing,
        case when hedge in ('about', 'vague') then 0.1 else 0 end as slack,
        period_start is not null or period_end is not null as has_period
    from claims

),

-- An open side of a period is closed where the world closes it: what is done was done when it was reported,
-- and nothing is planned, or looked back on, for longer than a year without a word of it.
final as (

    select
        claim_id,
        article_id,
        source_id,
        origin_source_id,
        coalesce(copy_of_article_id, article_id) as text_of_article_id,
        published_on,
        measure,
        standing,
        hedge,
        workers_low,
        workers_high,
        host_codes,
        sector_codes,
        has_period,
        floor(workers_low * (1 - slack))::bigint as least,
        ceil(workers_high * (1 + slack))::bigint as most,
        measure = 'defection' and hedge = 'exact' and workers_high < {{ var('counted_one_by_one') }}
            as is_counted_one_by_one,
        case
            when not has_period then published_on
            else coalesce(
                period_start, (period_end - interval {{ var('open_period_days') }} day)::date
            )
        end as happened_from,
        case
            when not has_period then published_on
            when period_end is not null then period_end
            when standing = 'planned'
                then (period_start + interval {{ var('open_period_days') }} day)::date
            else greatest(period_start, published_on)
        end as happened_to
    from widened

)

select * from final
