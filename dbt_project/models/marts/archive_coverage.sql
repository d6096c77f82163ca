with

months as (

    select * from {{ ref('stg_archive_months') }}

),

files as (

    select * from {{ ref('stg_archive_files') }}

),

gaps as (

    select * from {{ ref('stg_archive_gaps') }}

),

listed as (

    select archive, month, unnest(files) as warc from months

),

-- A file that no monthly list names counts too: a newsroom's own archive has no lists.
parts as (

    select archive, month, null as warc from months
    union all
    select archive, month, warc from listed
    union all
    select 'other' as archive, null as month, warc from files anti join listed using (warc)

),

counted as (

    select
        parts.archive,
        parts.month,
        count(parts.warc) as files_listed,
        count(*) filter (files.outcome = 'loaded') as files_loaded,
        count(*) filter (files.outcome = 'failed') as files_failed,
        count(*) filter (files.outcome = 'loaded' and files.is_filtered) as files_filtered,
        coalesce(sum(files.pages), 0)::bigint as pages,
        coalesce(sum(files.passed), 0)::bigint as passed,
        coalesce(sum(files.parsed), 0)::bigint as parsed,
        coalesce(sum(files.undated), 0)::bigint as undated,
        coalesce(sum(files.not_parsed), 0)::bigint as not_parsed,
        coalesce(sum(files.figures), 0)::bigint as figures,
        coalesce(sum(files.broken), 0)::bigint as broken
    from parts
    left join files on parts.warc = files.warc
    group by parts.archive, parts.month

),

known as (

    select
        counted.archive,
        counted.month,
        string_agg(
            gaps.gap_from || ' to ' || gaps.gap_until || ': ' || gaps.missing || ' (' || gaps.told_by || ')', '; '
            order by gaps.gap_from
        ) as known_gap
    from counted
    inner join gaps
        on counted.archive = gaps.archive
        and gaps.gap_from < counted.month + interval 1 month
        and gaps.gap_until >= counted.month
    group by counted.archive, counted.month

),

final as (

    select
        concat_ws(' ', upper(counted.archive), strftime(counted.month, '%Y-%m')) as name,
        counted.archive,
        counted.month,
        case
            when counted.files_loaded = 0 then 'not_loaded'
            when counted.files_loaded < counted.files_listed then 'in_part'
            when known.known_gap is not null then 'known_gap'
            when counted.files_filtered > 0 then 'filtered'
            else 'whole'
        end as state,
        known.known_gap,
        counted.files_listed,
        counted.files_loaded,
        counted.files_failed,
        counted.files_filtered,
        counted.pages,
        counted.passed,
        counted.parsed,
        counted.undated,
        counted.not_parsed,
        counted.figures,
        counted.broken
    from counted
    left join known using (archive, month)

)

select * from final order by archive, month
