-- From raw tables of version 2: posts of WordPress outlets have a table of their own, which schema.sql makes.
-- Nothing that is there changes.
select 1;
