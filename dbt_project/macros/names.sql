{# Where things lie: relations without the database's name, so that a stored view outlives a renamed file,
   and schemas as they are written. #}

{% macro ref() %}
    {%- set relation = builtins.ref(*varargs, **kwargs) -%}
    {%- if relation.is_cte or not relation.database -%}{{ return(relation) }}{%- endif -%}
    {{ return(relation.include(database=false)) }}
{% endmacro %}

{% macro source() %}
    {{ return(builtins.source(*varargs, **kwargs).include(database=false)) }}
{% endmacro %}

{% macro generate_schema_name(custom_schema_name, node) %}
    {%- if custom_schema_name is none -%}{{ target.schema }}
    {%- else -%}{{ custom_schema_name | trim }}
    {%- endif -%}
{% endmacro %}
