with

figures as (

    select * from {{ ref('stg_figures') }}

),

articles as (

    select * from {{ ref('int_articles') }}

),

agencies as (

    select * from {{ ref('stg_agencies') }}

),

sources as (

    select * from {{ ref('stg_sources') }}

),

reviews as (

    select * from {{ ref('stg_reviews') }}

),

{{ named('figures') }},

-- The last word on a field counts.
decided as (

    select
        claim_id,
        field,
        arg_max(value, review_index) as value,
        bool_or(decision = 'reject') as is_rejected
    from (
        select
            * exclude (value),
            coalesce(value, '') as value
        from reviews
        where decision in ('reject', 'confirm', 'fix')
    ) as words
    group by claim_id, field

),

reviewed as (

    select
        claim_id,
        map_from_entries(
            list({'key': field, 'value': nullif(value, '')}) filter (where field is not null)
        ) as fixes,
        bool_or(is_rejected) as is_rejected
    from decided
    group by claim_id

),

-- What a person corrected goes before what was read; what a person rejected is no claim.
corrected as (

    select
        read.article_id,
        read.claim_id,
        read.version_id,
        read.figure_index,
        read.part_of_figure_index,
        {{ fixed('measure', column='read.measure') }} as measure,
        {{ fixed('status', column='read.status') }} as status,
        {{ fixed('workers_low', 'bigint', 'read.workers_low') }} as workers_low,
        {{ fixed('workers_high', 'bigint', 'read.workers_high') }} as workers_high,
        {{ fixed('hedge', column='read.hedge') }} as hedge,
        {{ fixed_list('countries') }} as countries,
        {{ fixed('region', column='read.region') }} as region,
        {{ fixed_list('sectors') }} as sectors,
        {{ fixed('period_start', 'date', 'read.period_start') }} as period_start,
        {{ fixed('period_end', 'date', 'read.period_end') }} as period_end,
        read.quote,
        read.quote_start,
        read.quote_end,
        read.count_text,
        read.attribution,
        read.agency,
        read.gender,
        read.location,
        read.confidence,
        read.extractor_version,
        reviewed.claim_id is not null as is_reviewed
    from read
    left join reviewed using (claim_id)
    where not coalesce(reviewed.is_rejected, false)

),

named as (

    select
        *,
        {{ members('countries', "coalesce(region, 'not_stated')") }} as host_codes,
        {{ members('sectors') }} as sector_codes
    from corrected

),

wholes as (

    select
        article_id,
        figure_index as part_of_figure_index,
        claim_id as part_of_claim_id
    from named

),

aliases as (

    select
        agency_code,
        unnest(aliases) as alias
    from agencies

),

-- The longest alias in the wording wins: it says more.
known_agencies as (

    select
        worded.agency,
        aliases.agency_code
    from (select distinct agency from named where agency is not null) as worded
    inner join aliases
        on contains(' ' || {{ folded('worded.agency') }} || ' ', ' ' || {{ folded('aliases.alias') }} || ' ')
    qualify row_number() over (
        partition by worded.agency order by length(aliases.alias) desc, aliases.agency_code
    ) = 1

),

-- An outlet is cited where the words of attribution hold a name of it; the longest name wins.
credited as (

    select
        source_id,
        unnest(list_distinct(list_append(coalesce(credits, []), name))) as name
    from sources

),

cited as (

    select
        worded.attribution,
        credited.source_id
    from (select distinct attribution from named where attribution is not null) as worded
    inner join credited
        on contains(
            ' ' || {{ folded('worded.attribution') }} || ' ', ' ' || {{ folded('credited.name') }} || ' '
        )
    qualify row_number() over (
        partition by worded.attribution order by length(credited.name) desc, credited.source_id
    ) = 1

),

final as (

    select
        named.claim_id,
        named.article_id,
        named.version_id,
        articles.source_id,
        coalesce(
            nullif(articles.origin_source_id, articles.source_id), cited.source_id, articles.source_id
        ) as origin_source_id,
        articles.copy_of_article_id,
        wholes.part_of_claim_id,
        named.measure,
        named.status,
        named.workers_low,
        named.workers_high,
        named.hedge,
        {{ one_code('named.host_codes') }} as country_code,
        named.host_codes,
        named.region,
        {{ one_code('named.sector_codes') }} as sector_code,
        named.sector_codes,
        wholes.part_of_claim_id is not null as is_part,
        named.quote,
        named.quote_start,
        named.quote_end,
        named.count_text,
        {{ evidence_url('coalesce(articles.url, articles.canonical_url)', 'named.quote') }} as evidence_url,
        named.attribution,
        known_agencies.agency_code,
        named.gender,
        named.location,
        named.confidence,
        named.is_reviewed,
        named.extractor_version,
        articles.parser_version,
        articles.published_on,
        named.period_start,
        named.period_end
    from named
    inner join articles using (article_id)
    left join wholes using (article_id, part_of_figure_index)
    left join known_agencies using (agency)
    left join cited using (attribution)

)

select * from final
