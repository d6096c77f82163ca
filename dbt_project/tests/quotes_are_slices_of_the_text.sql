-- A quote is the text between its offsets, and holds the words of its count.
select
    claims.claim_id,
    claims.quote,
    claims.count_text
from {{ ref('fct_claims') }} as claims
left join {{ ref('stg_articles') }} as articles using (article_id)
where
    claims.quote is distinct from
    substr(articles.text, claims.quote_start + 1, claims.quote_end - claims.quote_start)
    or not contains(claims.quote, claims.count_text)
