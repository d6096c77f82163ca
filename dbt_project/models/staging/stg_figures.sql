with

figures as (

    select * from {{ source('raw', 'figures') }}

),

articles as (

    select * from {{ source('raw', 'articles') }}

),

extractions as (

    select * from {{ source('raw', 'extractions') }}

),

-- A reading that failed says nothing, so the one before it still holds.
newest as (

    select
        version_id,
        extractor_version
    from extractions
    where outcome <> 'failed'
    qualify row_number() over (
        partition by version_id order by extracted_at desc, extractor_version desc
    ) = 1

),

final as (

    select
        articles.article_id,
        figures.version_id,
        figures.figure_index,
        figures.part_of as part_of_figure_index,
        figures.measure,
        figures.status,
        figures.low as workers_low,
        figures.high as workers_high,
        figures.hedge,
        figures.countries,
        figures.region,
        figures.sectors,
        figures.quote,
        figures.quote_start,
        figures.quote_end,
        figures.count_text,
        figures.count_start,
        figures.count_end,
        figures.attribution,
        figures.agency,
        figures.gender,
        figures.location,
        figures.confidence,
        figures.extractor_version,
        figures.period_start,
        figures.period_end
    from figures
    inner join newest using (version_id, extractor_version)
    inner join articles using (version_id)

)

select * from final
