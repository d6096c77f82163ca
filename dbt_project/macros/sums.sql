{# How counts are added: an unstated low counts as nothing, an unstated high leaves the sum open. #}

{% macro sum_low(low) -%}
    cast(sum(coalesce({{ low }}, 0)) as bigint)
{%- endmacro %}

{% macro is_open(high) -%}
    bool_or({{ high }} is null)
{%- endmacro %}

{% macro sum_high(high) -%}
    case when not {{ is_open(high) }} then cast(sum({{ high }}) as bigint) end
{%- endmacro %}
