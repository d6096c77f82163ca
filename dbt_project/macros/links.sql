{# When two claims can tell one event. Each takes the aliases of two rows of int_claim_spans. #}

{# Counts overlap once widened; one that is open on a side agrees with an equal bound on the other alone;
   people who fled in small groups are counted one by one, so their number is equal or another's. #}
{% macro counts_agree(a, b) -%}
    case
        when {{ a }}.is_counted_one_by_one or {{ b }}.is_counted_one_by_one
            then {{ bounds_are_equal(a, b) }}
        when {{ a }}.workers_high is null or {{ b }}.workers_high is null
            then coalesce({{ a }}.workers_low = {{ b }}.workers_low, false)
        when {{ a }}.workers_low is null or {{ b }}.workers_low is null
            then coalesce({{ a }}.workers_high = {{ b }}.workers_high, false)
        else {{ a }}.least <= {{ b }}.most and {{ b }}.least <= {{ a }}.most
    end
{%- endmacro %}

{% macro bounds_are_equal(a, b) -%}
    ({{ a }}.workers_low is not distinct from {{ b }}.workers_low
        and {{ a }}.workers_high is not distinct from {{ b }}.workers_high)
{%- endmacro %}

{# Stated periods overlap; where one is not stated, few days lie between. #}
{% macro times_agree(a, b) -%}
    {{ days_apart(a, b) }} <= if({{ a }}.has_period and {{ b }}.has_period, 0, {{ var('one_event_days') }})
{%- endmacro %}

{% macro days_apart(a, b) -%}
    greatest(
        {{ a }}.happened_from - {{ b }}.happened_to, {{ b }}.happened_from - {{ a }}.happened_to, 0
    )
{%- endmacro %}

{# What is not stated contradicts nothing. #}
{% macro work_agrees(a, b) -%}
    ({{ a }}.sector_codes = ['not_stated'] or {{ b }}.sector_codes = ['not_stated']
        or list_has_any({{ a }}.sector_codes, {{ b }}.sector_codes))
{%- endmacro %}

{# One's text is the other's, or one credits the other's outlet, or both credit a third. #}
{% macro relation_of(a, b) -%}
    case
        when {{ a }}.text_of_article_id = {{ b }}.text_of_article_id then 'copy'
        when {{ a }}.source_id <> {{ b }}.source_id and {{ a }}.origin_source_id = {{ b }}.origin_source_id
            then 'citation'
        else 'independent'
    end
{%- endmacro %}

{# The stretches of days, and the orders of magnitude, in which a claim can meet another. #}
{% macro stretches_of(claim) -%}
    {%- set reach = var('one_event_days') // 2 + 1 -%}
    range(
        ({{ claim }}.happened_from - date '1900-01-01' - {{ reach }}) // {{ var('block_days') }},
        ({{ claim }}.happened_to - date '1900-01-01' + {{ reach }}) // {{ var('block_days') }} + 1
    )
{%- endmacro %}

{% macro magnitudes_of(claim) -%}
    range(
        floor(log2(greatest(coalesce({{ claim }}.least, {{ claim }}.most), 1)))::bigint,
        floor(log2(greatest(coalesce({{ claim }}.most, {{ claim }}.least), 1)))::bigint + 1
    )
{%- endmacro %}
