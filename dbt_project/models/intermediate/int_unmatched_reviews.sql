-- A view: it is asked after a build that had reviews, and costs nothing where there are none.
{{ config(materialized='view') }}

with

figures as (

    select * from {{ ref('stg_figures') }}

),

reviews as (

    select * from {{ ref('stg_reviews') }}

),

{{ named('figures') }},

spoken_of as (

    select
        review_index,
        claim_id
    from reviews

    union all

    select
        review_index,
        other_claim_id as claim_id
    from reviews
    where other_claim_id is not null

),

final as (

    select
        spoken_of.review_index,
        spoken_of.claim_id
    from spoken_of
    anti join read on spoken_of.claim_id = read.claim_id

)

select * from final order by all
