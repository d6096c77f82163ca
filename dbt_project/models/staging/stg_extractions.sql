with

source as (

    select * from {{ source('raw', 'extractions') }}

),

final as (

    select
        version_id,
        extractor_version,
        article_id,
        outcome,
        extracted_at
    from source

)

select * from final
