with

countries as (

    select * from {{ ref('stg_countries') }}

),

regions as (

    select * from {{ ref('stg_regions') }}

),

-- The two codes of a fact that has no one host, so that a plain join never loses a row.
others as (

    select 'several' as country_code, 'Several countries' as name, '여러 나라' as name_ko
    union all
    select 'not_stated' as country_code, 'Not stated' as name, '미상' as name_ko

),

final as (

    select
        country_code,
        'country' as kind,
        iso2,
        name,
        name_ko,
        region,
        subregion,
        latitude,
        longitude
    from countries

    union all by name

    select
        region_code as country_code,
        'region' as kind,
        name,
        name_ko
    from regions

    union all by name

    select
        country_code,
        country_code as kind,
        name,
        name_ko
    from others

)

select * from final order by kind, country_code
