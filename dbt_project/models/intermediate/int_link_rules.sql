-- What a link between two claims may rest on, the best first. One row, one place: the SQL of the links
-- names a rule by its code, and the marts say what the code means.
select *
from (
    values
    ('relation', 'copy', 1, 'the article''s text is a copy of the other''s'),
    ('relation', 'citation', 2, 'the article credits the other''s outlet, or both credit one outlet'),
    ('relation', 'independent', 3, 'neither article credits the other''s outlet'),
    ('relation', 'review', 4, 'a person said that both tell one event'),
    ('rule', 'equal_bounds', 1, 'both bounds are equal'),
    ('rule', 'equal_open_bound', 2, 'one is open on a side, and the other bound is equal'),
    ('rule', 'within_slack', 3, 'the counts overlap once about and vague are widened by a tenth'),
    ('rule', 'review', 4, 'a person said that both tell one event'),
    ('timing', 'periods', 1, 'both state periods, which overlap'),
    ('timing', 'days', 2, 'at most 45 days lie between them, by the period where one is stated, else by publication'),
    ('timing', 'review', 3, 'a person said that both tell one event')
) as rules (kind, code, rank, meaning)
