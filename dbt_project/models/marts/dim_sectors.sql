with

sectors as (

    select * from {{ ref('stg_sectors') }}

),

-- The two codes of a fact that has no one sector, so that a plain join never loses a row.
others as (

    select 'several' as sector_code, 'Several sectors' as label
    union all
    select 'not_stated' as sector_code, 'Not stated' as label

),

final as (

    select
        sector_code,
        label,
        isic_section,
        isic_division
    from sectors

    union all by name

    select * from others

)

select * from final order by sector_code
