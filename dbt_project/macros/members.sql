{# A list of codes as the members that a bridge lists: never empty. #}
{% macro members(codes, otherwise="'not_stated'") -%}
    case when len({{ codes }}) > 0 then list_sort(list_distinct({{ codes }})) else [{{ otherwise }}] end
{%- endmacro %}

{# Members as one code that always joins. #}
{% macro one_code(members) -%}
    case when len({{ members }}) > 1 then 'several' else {{ members }}[1] end
{%- endmacro %}

{# Parts between bars, as the lexicon's tables write lists. #}
{% macro parts(cell) -%}
    list_filter(
        list_transform(string_split(coalesce({{ cell }}, ''), '|'), lambda part: trim(part)),
        lambda part: part <> ''
    )
{%- endmacro %}
