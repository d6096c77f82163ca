{# Where things lie: relations without the database's name, so that a stored view outlives a renamed file, and
   schemas as they are written. On the lake, which is attached beside an empty database, names are whole. #}

{% macro ref() %}
    {{ return(portable(builtins.ref(*varargs, **kwargs))) }}
{% endmacro %}

{% macro source() %}
    {{ return(portable(builtins.source(*varargs, **kwargs))) }}
{% endmacro %}

{% macro portable(relation) %}
    {%- if relation.is_cte or not relation.database or target.name == 'ducklake' -%}{{ return(relation) }}{%- endif -%}
    {{ return(relation.include(database=false)) }}
{% endmacro %}

{% macro generate_schema_name(custom_schema_name, node) %}
    {%- if custom_schema_name is none -%}{{ target.schema }}
    {%- else -%}{{ custom_schema_name | trim }}
    {%- endif -%}
{% endmacro %}
