with

events as (

    select * from {{ ref('int_events') }}

),

-- What states no period is put where it was first reported, and says so. A plan that states one side alone is
-- put there; what is no plan and has no end was complete when it was reported.
final as (

    select
        *,
        coalesce(period_start, period_end, first_reported_on) as happened_from,
        case
            when period_end is not null then period_end
            when status = 'planned' then coalesce(period_start, first_reported_on)
            else greatest(period_start, first_reported_on)
        end as happened_to,
        period_start is null and period_end is null as is_dated_by_report
    from events

)

select * from final
