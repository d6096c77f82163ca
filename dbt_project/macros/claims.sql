{# Figures with the name of the claim that each is: the CTEs `numbered` and `read`.

   A sentence may state two counts of one measure: they are told apart by their order in the text, so that
   corrected bounds, hosts and periods leave a claim its name. #}
{% macro named(figures) -%}
    numbered as (

        select
            *,
            {{ folded('quote') }} as folded_quote,
            row_number() over (
                partition by article_id, measure, {{ folded('quote') }} order by count_start, figure_index
            ) as ordinal
        from {{ figures }}

    ),

    read as (

        select
            *,
            left(sha256(concat_ws('|', article_id, measure, folded_quote, ordinal)), 16) as claim_id
        from numbered

    )
{%- endmacro %}
