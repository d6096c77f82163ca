-- Macros of the published file. None has types or defaults, which DuckDB 1.0 cannot read. Sums keep what is open:
-- a lower bound that is not stated counts as 0, an upper bound that is not stated leaves the sum open.
create macro workers_low(low) as cast(sum(coalesce(low, 0)) as bigint);
create macro workers_high(high) as case when not bool_or(high is null) then cast(sum(high) as bigint) end;
-- Reads a table by its schema: it needs the file to be opened or in use, not attached under another name alone.
create macro describe_workers(of_country, of_measure, in_year) as (
    select description from marts.worker_descriptions
    where country_code = of_country and measure = of_measure and year = in_year
);
