with

events as (

    select * from {{ ref('int_events') }}

),

-- What states no period is put where it was first reported, and says so. An event that states one side alone
-- is put there.
final as (

    select
        *,
        coalesce(period_start, period_end, first_reported_on) as happened_from,
        coalesce(period_end, period_start, first_reported_on) as happened_to,
        period_start is null and period_end is null as is_dated_by_report
    from events

)

select * from final
