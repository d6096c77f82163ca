with

claims as (

    select * from {{ ref('int_event_claims') }}

),

final as (

    select
        event_id,
        claim_id,
        place = 1 as is_recommended,
        tied_to_claim_id,
        relation,
        rule,
        timing
    from claims

)

select * from final order by all
