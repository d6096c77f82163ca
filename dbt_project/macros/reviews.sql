{# A field as a person corrected it (`fixes`: map of field to value, null where there is none), else as read.
   A correction to nothing is null, and no members for a list. #}

{% macro is_fixed(field) -%}
    coalesce(list_contains(map_keys(fixes), '{{ field }}'), false)
{%- endmacro %}

{% macro fixed(field, type='varchar', column=none) -%}
    if({{ is_fixed(field) }}, cast(fixes['{{ field }}'] as {{ type }}), {{ column or field }})
{%- endmacro %}

{% macro fixed_list(field) -%}
    if({{ is_fixed(field) }}, {{ parts("fixes['" ~ field ~ "']") }}, {{ field }})
{%- endmacro %}
