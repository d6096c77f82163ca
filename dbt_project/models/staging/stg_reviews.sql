with

source as (

    select * from {{ source('raw', 'reviews') }}

),

final as (

    select
        review_index,
        claim_id,
        decision,
        field,
        value,
        if(decision in ('merge', 'split'), value, null) as other_claim_id,
        reviewer,
        reason,
        reviewed_on
    from source

)

select * from final
