with

source as (

    select * from {{ source('raw', 'parses') }}

),

final as (

    select
        url,
        payload_sha256,
        parser_version,
        source_id,
        article_id,
        version_id,
        outcome,
        parsed_at
    from source

)

select * from final
