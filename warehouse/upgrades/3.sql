-- From raw tables of version 2: posts of WordPress outlets, signatures and copies have tables of their own,
-- which schema.sql makes.
-- A parse keeps all the days that its page may be of.
alter table raw.parses add column if not exists date_candidates varchar[];
