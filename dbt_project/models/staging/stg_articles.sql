with

source as (

    select * from {{ source('raw', 'articles') }}

),

final as (

    select
        article_id,
        version_id,
        source_id,
        coalesce(origin_source_id, source_id) as origin_source_id,
        url,
        canonical_url,
        title,
        language,
        date_evidence,
        text,
        parser_version,
        published as published_on
    from source

)

select * from final
