-- The text stays behind: what reads articles again and again need not carry it.
select * exclude (text)
from {{ ref('stg_articles') }}
