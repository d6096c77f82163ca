with

sources as (

    select * from {{ ref('dim_sources') }}

),

fetches as (

    select * from {{ ref('stg_fetches') }}

),

articles as (

    select * from {{ ref('dim_articles') }}

),

claims as (

    select * from {{ ref('fct_claims') }}

),

looks as (

    select
        source_id,
        max(fetched_at) as last_looked_at,
        max(fetched_at) filter (outcome in ('new', 'changed', 'unchanged')) as last_answered_at
    from fetches
    where kind not in ('robots', 'archive')
    group by source_id

),

newest_articles as (

    select
        source_id,
        max(first_seen_at) as last_new_article_at,
        max(published_on) as last_published_on
    from articles
    group by source_id

),

newest_figures as (

    select
        claims.source_id,
        max(articles.first_seen_at) as last_new_figure_at
    from claims
    inner join articles on claims.article_id = articles.article_id
    group by claims.source_id

),

final as (

    select
        source_id,
        sources.is_verified,
        looks.last_looked_at,
        looks.last_answered_at,
        newest_articles.last_new_article_at,
        newest_articles.last_published_on,
        newest_figures.last_new_figure_at
    from sources
    left join looks using (source_id)
    left join newest_articles using (source_id)
    left join newest_figures using (source_id)

)

select * from final order by source_id
