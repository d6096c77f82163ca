with

source as (

    select * from {{ source('raw', 'archive_gaps') }}

),

final as (

    select
        archive,
        gap_from,
        gap_until,
        missing,
        source.source as told_by
    from source

)

select * from final
