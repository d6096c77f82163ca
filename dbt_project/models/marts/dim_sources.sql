with

sources as (

    select * from {{ ref('stg_sources') }}

),

articles as (

    select * from {{ ref('int_articles') }}

),

fetches as (

    select * from {{ ref('stg_fetches') }}

),

-- Files that a person laid in the inbox come from no outlet; an outlet that is only credited, or was taken
-- out of the sources file, is known by its id alone.
named as (

    select 'inbox' as source_id
    union
    select source_id from articles
    union
    select origin_source_id as source_id from articles
    union
    select source_id from fetches

),

final as (

    select
        source_id,
        coalesce(sources.name, if(source_id = 'inbox', 'Inbox', source_id)) as name,
        sources.language,
        coalesce(sources.timezone, 'UTC') as timezone,
        sources.homepage,
        coalesce(sources.is_sample, false) as is_sample,
        coalesce(sources.is_verified, false) as is_verified
    from named
    full join sources using (source_id)

)

select * from final order by source_id
