-- From raw tables of version 1: a reject keeps the reader's probability.
alter table raw.rejects add column probability double;
