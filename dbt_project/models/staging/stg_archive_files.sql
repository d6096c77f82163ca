with

source as (

    select * from {{ source('raw', 'archive_files') }}

),

final as (

    select
        warc,
        outcome,
        len(hosts) > 0 or len(words) > 0 as is_filtered,
        pages,
        passed,
        parsed,
        undated,
        not_parsed,
        figures,
        broken
    from source
    qualify row_number() over (
        partition by warc order by outcome = 'loaded' desc, loaded_at desc, reading_id
    ) = 1

)

select * from final
