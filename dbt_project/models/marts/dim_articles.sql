with

articles as (

    select * from {{ ref('int_articles') }}

),

parses as (

    select * from {{ ref('stg_parses') }}

),

fetches as (

    select * from {{ ref('stg_fetches') }}

),

-- An article is seen when one of its addresses brings a page or vouches for the one that is held.
seen as (

    select
        addresses.article_id,
        min(fetches.fetched_at) as first_seen_at,
        max(fetches.fetched_at) as last_seen_at
    from (select distinct article_id, url from parses where article_id is not null) as addresses
    inner join fetches using (url)
    where fetches.payload_sha256 is not null
    group by addresses.article_id

),

final as (

    select
        articles.article_id,
        articles.source_id,
        articles.origin_source_id,
        articles.copy_of_article_id,
        articles.url,
        articles.canonical_url,
        articles.title,
        articles.published_on,
        articles.date_evidence,
        articles.language,
        seen.first_seen_at,
        seen.last_seen_at
    from articles
    inner join seen using (article_id)

)

select * from final order by published_on, article_id
