with

source as (

    select * from {{ ref('countries') }}

),

final as (

    select
        country_code,
        iso2,
        name,
        name_ko,
        region,
        subregion,
        latitude,
        longitude
    from source

)

select * from final
