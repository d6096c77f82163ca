-- From raw tables of version 4: archives of others have tables of their own, which schema.sql makes.
-- How long a text took that was read elsewhere is not known.
alter table raw.extractions alter column milliseconds drop not null;
