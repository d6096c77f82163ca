with

claims as (

    select * from {{ ref('int_claims') }}

),

final as (

    select
        claim_id,
        unnest(sector_codes) as sector_code
    from claims

)

select * from final order by all
