with

claims as (

    select * from {{ ref('int_claims') }}

),

final as (

    select
        claim_id,
        unnest(host_codes) as country_code
    from claims

)

select * from final order by all
