with

source as (

    select * from {{ ref('regions') }}

),

final as (

    select
        region_code,
        name,
        name_ko
    from source

)

select * from final
