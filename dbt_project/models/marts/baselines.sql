with

estimates as (

    select * from {{ ref('published_estimates') }}

),

final as (

    select
        baseline_id,
        publisher,
        title,
        published_on,
        year,
        country_code,
        measure,
        workers_low,
        workers_high,
        wording,
        source_url,
        is_original_source,
        note
    from estimates

)

select * from final order by country_code, year, baseline_id
