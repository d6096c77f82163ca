with

articles as (

    select * from {{ ref('int_articles') }}

),

claims as (

    select * from {{ ref('int_claims') }}

),

named as (

    select published_on as date_day from articles
    union all
    select period_start as date_day from claims
    union all
    select period_end as date_day from claims

),

-- Whole years, so that a chart's axis does not begin in the middle of one.
bounds as (

    select
        date_trunc('year', min(date_day))::date as first_day,
        last_day(date_trunc('year', max(date_day))::date + interval 11 month) as last_day
    from named
    where date_day between date '{{ var("first_day") }}' and date '{{ var("last_day") }}'

),

days as (

    select unnest(range(first_day, last_day + interval 1 day, interval 1 day))::date as date_day
    from bounds
    where first_day is not null

),

final as (

    select
        date_day,
        year(date_day)::integer as year,
        quarter(date_day)::integer as quarter,
        month(date_day)::integer as month,
        date_trunc('month', date_day)::date as month_start,
        isodow(date_day)::integer as iso_weekday,
        strftime(date_day, '%G-W%V') as iso_week
    from days

)

select * from final order by date_day
