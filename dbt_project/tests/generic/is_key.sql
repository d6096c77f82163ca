{# The columns together name a row: none is null, none are equal twice. #}
{% test is_key(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as times
    from {{ model }}
    group by all
    having
        count(*) > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}
{% endtest %}
