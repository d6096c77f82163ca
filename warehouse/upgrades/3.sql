-- From raw tables of version 2: posts of WordPress outlets, signatures and copies have tables of their own,
-- which schema.sql makes.
-- Nothing that is there changes.
select 1;
