-- A fact's code is its one member, and a fact has several members only where its code says so.
with

members as (

    select
        claim_id,
        count(distinct country_code) as n_countries,
        count(distinct bridge_claim_sectors.sector_code) as n_sectors,
        any_value(country_code) as country_code,
        any_value(bridge_claim_sectors.sector_code) as sector_code
    from {{ ref('bridge_claim_countries') }}
    inner join {{ ref('bridge_claim_sectors') }} using (claim_id)
    group by claim_id

)

select claims.claim_id
from {{ ref('fct_claims') }} as claims
left join members using (claim_id)
where
    members.claim_id is null
    or claims.country_code <> if(members.n_countries > 1, 'several', members.country_code)
    or claims.sector_code <> if(members.n_sectors > 1, 'several', members.sector_code)
