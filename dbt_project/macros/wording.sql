{# What is done to words: folding for identity, percent-encoding for links. #}

{# Lower case, and one space for each run of anything but letters and digits. #}
{% macro folded(text) -%}
    trim(regexp_replace(lower(nfc_normalize({{ text }})), '[^\p{L}\p{N}]+', ' ', 'g'))
{%- endmacro %}

{# A text directive gives dashes, commas and ampersands a meaning; url_encode leaves only the dash. #}
{% macro percent_encoded(text) -%}
    replace(url_encode({{ text }}), '-', '%2D')
{%- endmacro %}

{# The quote's words as a text directive: a short quote of one line whole, else its first and last words. No end
   crosses a line break: a browser finds neither end across one, and the quote between two ends. #}
{% macro text_directive(quote, words=4) -%}
    {%- set trimmed = "regexp_replace(" ~ quote ~ ", '^\\s+|\\s+$', '', 'g')" -%}
    {%- set more = "(?:[^\\S\\n]+\\S+){0," -%}
    {%- set first = "regexp_extract(" ~ trimmed ~ ", '^\\S+" ~ more ~ (words - 1) ~ "}')" -%}
    {%- set last = "regexp_extract(" ~ trimmed ~ ", '\\S+" ~ more ~ (words - 1) ~ "}$')" -%}
    case
        when regexp_full_match({{ trimmed }}, '\S+{{ more ~ (2 * words - 1) }}}')
            then {{ percent_encoded(one_spaced(trimmed)) }}
        else {{ percent_encoded(one_spaced(first)) }} || ',' || {{ percent_encoded(one_spaced(last)) }}
    end
{%- endmacro %}

{% macro one_spaced(text) -%}
    regexp_replace({{ text }}, '\s+', ' ', 'g')
{%- endmacro %}

{# A link that opens the page at the quote; null where there is no web address. #}
{% macro evidence_url(url, quote) -%}
    case
        when starts_with(lower({{ url }}), 'http://') or starts_with(lower({{ url }}), 'https://')
            then {{ url }} || case when contains({{ url }}, '#') then '' else '#' end || ':~:text='
                || {{ text_directive(quote) }}
    end
{%- endmacro %}
