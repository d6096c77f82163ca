-- A part names its whole, another claim of the same article and measure.
select parts.claim_id
from {{ ref('fct_claims') }} as parts
left join {{ ref('fct_claims') }} as wholes on parts.part_of_claim_id = wholes.claim_id
where
    parts.is_part <> (parts.part_of_claim_id is not null)
    or (
        parts.is_part
        and not coalesce(
            parts.article_id = wholes.article_id
            and parts.measure = wholes.measure
            and parts.claim_id <> wholes.claim_id,
            false
        )
    )
