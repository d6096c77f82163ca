with

source as (

    select * from {{ source('raw', 'sources') }}

),

final as (

    select
        source_id,
        name,
        language,
        timezone,
        homepage,
        is_sample,
        is_verified,
        credits
    from source

)

select * from final
