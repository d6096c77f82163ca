{# Figures with the name of the claim that each is: the CTEs `folded_figures`, `numbered` and `read`.

   A sentence may state two counts of one measure: they are told apart by their order in the text, so that
   corrected bounds, hosts and periods leave a claim its name. #}
{% macro named(figures) -%}
    folded_figures as (

        select
            article_id,
            figure_index,
            measure,
            count_start,
            {{ folded('quote') }} as folded_quote
        from {{ figures }}

    ),

    -- Sorted by themselves: a window over whole figures carries every quote through the sort.
    numbered as (

        select
            *,
            row_number() over (
                partition by article_id, measure, folded_quote order by count_start, figure_index
            ) as ordinal
        from folded_figures

    ),

    read as (

        select
            {{ figures }}.*,
            left(
                sha256(concat_ws('|', article_id, {{ figures }}.measure, folded_quote, ordinal)), 16
            ) as claim_id
        from {{ figures }}
        inner join numbered using (article_id, figure_index)

    )
{%- endmacro %}
