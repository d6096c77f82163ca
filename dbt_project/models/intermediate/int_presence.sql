with

claims as (

    select * from {{ ref('int_claims') }}

),

-- A stock that one host has. A part of a total of the same host is told by its total; a part of a wider total
-- is what is known of its host.
stocks as (

    select
        claims.claim_id,
        claims.origin_source_id,
        claims.country_code,
        claims.workers_low,
        claims.workers_high,
        claims.published_on,
        -- A group at one place, or of one kind of work, is less than all who are there.
        claims.location is null and claims.sector_code in ('not_stated', 'several') as is_of_all,
        least(
            coalesce(claims.period_end, claims.period_start, claims.published_on), claims.published_on
        ) as stood_on
    from claims
    left join claims as wholes on claims.part_of_claim_id = wholes.claim_id
    where
        claims.measure = 'presence'
        and claims.status in ('done', 'underway')
        and claims.country_code not in ('several', 'not_stated')
        and coalesce(wholes.host_codes <> claims.host_codes, true)

),

-- Which word counts where two are held at once: one on all who are there before one on a group, then the later.
ranked as (

    select
        *,
        row_number() over (order by is_of_all desc, stood_on desc, published_on desc, claim_id) as rank
    from stocks

),

-- The months at whose end it is still the last word, or may be: two years long.
monthly as (

    select
        country_code,
        origin_source_id,
        rank,
        unnest(range(
            date_trunc('month', stood_on)::date,
            (date_trunc('month', stood_on) + interval {{ var('stock_months') }} month)::date,
            interval 1 month
        ))::date as month_start
    from ranked

),

-- The last word of each origin.
last_ranks as (

    select
        country_code,
        month_start,
        min(rank) as rank
    from monthly
    group by country_code, month_start, origin_source_id

),

latest as (

    select
        last_ranks.month_start,
        ranked.*
    from last_ranks
    inner join ranked using (country_code, rank)

),

-- The last word of any origin: who told otherwise before is contradicted.
newest as (

    select
        *,
        bool_or(is_of_all) over by_month as any_of_all,
        arg_min({'low': workers_low, 'high': workers_high}, rank) over by_month as last_word
    from latest
    window by_month as (partition by country_code, month_start)

),

agreeing as (

    select *
    from newest
    where
        is_of_all = any_of_all
        and (
            not any_of_all
            or (
                coalesce(workers_low <= last_word.high, true)
                and coalesce(last_word.low <= workers_high, true)
            )
        )

),

-- Groups alone say how many there are at least, and nothing of how many at most.
final as (

    select
        country_code,
        month_start,
        case
            when not any_of_all then max(coalesce(workers_low, 0))
            when not bool_or(workers_low is null) then min(workers_low)
            else 0
        end as present_low,
        case when any_of_all and not bool_or(workers_high is null) then max(workers_high) end as present_high,
        not any_of_all as is_present_of_groups,
        count(*) as n_present_origins,
        max(stood_on) as present_as_of
    from agreeing
    group by country_code, month_start, any_of_all

)

select * from final
