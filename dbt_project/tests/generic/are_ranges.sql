{# In each pair of columns the first is never above the second; either may be open. Of the pairs in `stated`
   one side at least is stated, and none is below zero. #}
{% test are_ranges(model, pairs, stated=[]) %}
    select *
    from {{ model }}
    where
        {% for low, high in pairs + stated -%}
            {{ low }} > {{ high }}{% if not loop.last %} or {% endif %}
        {%- endfor %}
        {% for low, high in stated -%}
            or least({{ low }}, {{ high }}) is null or least({{ low }}, {{ high }}) < 0
        {%- endfor %}
{% endtest %}
