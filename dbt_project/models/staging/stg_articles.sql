with

source as (

    select * from {{ source('raw', 'articles') }}

),

copies as (

    select * from {{ source('raw', 'copies') }}

),

-- What an article says of its origin goes before what its text is like.
origins as (

    select
        copies.version_id,
        copies.origin_article_id as article_id,
        coalesce(origin.origin_source_id, origin.source_id) as source_id
    from copies
    inner join source as origin on copies.origin_article_id = origin.article_id

),

final as (

    select
        source.article_id,
        version_id,
        source.source_id,
        coalesce(source.origin_source_id, origins.source_id, source.source_id) as origin_source_id,
        origins.article_id as copy_of_article_id,
        url,
        canonical_url,
        title,
        language,
        date_evidence,
        text,
        parser_version,
        published as published_on
    from source
    left join origins using (version_id)

)

select * from final
