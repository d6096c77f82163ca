with

source as (

    select * from {{ ref('sectors') }}

),

final as (

    select
        code as sector_code,
        label,
        isic_section,
        isic_division
    from source

)

select * from final
