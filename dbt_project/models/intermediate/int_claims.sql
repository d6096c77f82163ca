with

figures as (

    select * from {{ ref('stg_figures') }}

),

articles as (

    select * from {{ ref('stg_articles') }}

),

agencies as (

    select * from {{ ref('stg_agencies') }}

),

-- A sentence may state two counts of one measure: they are told apart by their order in the text, so that
-- corrected bounds, hosts and periods leave a claim its name.
numbered as (

    select
        *,
        {{ folded('quote') }} as folded_quote,
        row_number() over (
            partition by article_id, measure, {{ folded('quote') }} order by count_start, figure_index
        ) as ordinal
    from figures

),

named as (

    select
        *,
        left(sha256(concat_ws('|', article_id, measure, folded_quote, ordinal)), 16) as claim_id,
        {{ members('countries', "coalesce(region, 'not_stated')") }} as host_codes,
        {{ members('sectors') }} as sector_codes
    from numbered

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

final as (

    select
        named.claim_id,
        named.article_id,
        named.version_id,
        articles.source_id,
        articles.origin_source_id,
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
        named.part_of_figure_index is not null as is_part,
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
        named.extractor_version,
        articles.parser_version,
        articles.published_on,
        named.period_start,
        named.period_end
    from named
    inner join articles using (article_id)
    left join wholes using (article_id, part_of_figure_index)
    left join known_agencies using (agency)

)

select * from final
