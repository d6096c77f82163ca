with

source as (

    select * from {{ source('raw', 'archive_months') }}

),

final as (

    select
        archive,
        month,
        list,
        files
    from source

)

select * from final
