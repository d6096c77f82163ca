-- From raw tables of version 3: reviews have a table of their own, which schema.sql makes.
-- An outlet is known by the names under which others credit it.
alter table raw.sources add column if not exists credits varchar[];
