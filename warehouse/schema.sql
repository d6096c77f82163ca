-- The raw tables: the one place where Python and dbt meet. Python writes them, dbt reads them.
-- Append-only by content. Timestamps are UTC; DuckDB reserves `at` and `end`, so no column is named so.
-- A change of shape raises the number in raw.schema_version; orchestration/ledger.py refuses any other
-- number and names the cure.

create schema if not exists raw;

create table if not exists raw.schema_version (
    version integer not null
);

-- Grain: one request for one address, one look at one inbox file, or one post of a REST answer or entry of
-- a feed that was new, edited, hidden or gone (its payload lies in that answer's record).
create table if not exists raw.fetches (
    fetch_id varchar not null primary key,   -- hash of run, url and moment
    run_id varchar not null,
    source_id varchar not null,
    kind varchar not null,                   -- robots, rest, feed, sitemap, listing, article, part, post, entry, inbox, archive
    url varchar not null,                    -- as asked for; `inbox:NAME` for a file
    fetched_at timestamp not null,
    status integer,                          -- HTTP status; null where no answer came
    etag varchar,
    last_modified varchar,
    robots_verdict varchar not null,         -- allowed, disallowed, unknown, not_applicable
    payload_sha256 varchar,                  -- of the body; a 304 repeats the one it vouches for
    warc_file varchar,                       -- relative to the home's archive folder; null for kind archive
    warc_offset bigint,
    outcome varchar not null,                -- new, changed, unchanged, gone, protected, disallowed, http_error, network_error, too_large, ...
    detail varchar                           -- for a person: what went wrong, and the cure
);

-- Grain: one page payload under one address, read by one parser version.
create table if not exists raw.parses (
    url varchar not null,
    payload_sha256 varchar not null,
    parser_version varchar not null,
    source_id varchar not null,
    parsed_at timestamp not null,
    outcome varchar not null,                -- parsed, empty, undated, no_article, protected, failed
    detail varchar,
    article_id varchar,
    version_id varchar,                      -- of raw.articles, where outcome is parsed
    date_candidates varchar[],               -- each day that the page may be of, best evidence first: the first won
    primary key (url, payload_sha256, parser_version)
);

-- Grain: one text version of one article.
create table if not exists raw.articles (
    version_id varchar not null primary key, -- hash of the article's id and all content columns
    article_id varchar not null,             -- hash of source and post id, else canonical url, else file
    source_id varchar not null,
    origin_source_id varchar,                -- the outlet whose story it says it is; null: its own
    url varchar,
    canonical_url varchar,
    title varchar not null,
    authors varchar[] not null,
    published date not null,
    date_evidence varchar not null,
    language varchar not null,
    text varchar not null,
    text_sha256 varchar not null,
    first_seen_at timestamp not null,
    parser_version varchar not null
);

-- Grain: one figure of one text version by one extractor version.
create table if not exists raw.figures (
    version_id varchar not null,
    extractor_version varchar not null,
    figure_index integer not null,           -- place in the article's list, from 0
    article_id varchar not null,
    measure varchar not null,
    status varchar not null,
    low bigint,
    high bigint,
    hedge varchar not null,
    countries varchar[] not null,
    region varchar,
    sectors varchar[] not null,
    period_start date,
    period_end date,
    part_of integer,                         -- figure_index of the figure that includes this one
    quote varchar not null,
    quote_start integer not null,            -- quote = substr(text, quote_start + 1, quote_end - quote_start)
    quote_end integer not null,
    count_text varchar not null,
    count_start integer not null,
    count_end integer not null,
    attribution varchar,
    agency varchar,
    gender varchar,
    location varchar,
    confidence double,                       -- null: this reader gives no probability
    primary key (version_id, extractor_version, figure_index)
);

-- Grain: one number near a worker word that is no figure, in one text version by one extractor version.
create table if not exists raw.rejects (
    version_id varchar not null,
    extractor_version varchar not null,
    reject_index integer not null,
    article_id varchar not null,
    sentence varchar not null,
    number varchar not null,
    number_start integer not null,
    number_end integer not null,
    reason varchar not null,
    probability double,                      -- that it is a figure; null where a rule proved that it is none
    primary key (version_id, extractor_version, reject_index)
);

-- Grain: one text version read by one extractor version: the other side of the work list.
create table if not exists raw.extractions (
    version_id varchar not null,
    extractor_version varchar not null,
    article_id varchar not null,
    extracted_at timestamp not null,
    outcome varchar not null,                -- figures, no_figures, language_not_read, failed
    detail varchar,
    figures integer not null,
    milliseconds double,                     -- null: read elsewhere, and not measured
    primary key (version_id, extractor_version)
);

-- Grain: one post of one WordPress outlet, as it was last listed. Written over: what it was before stands
-- in raw.fetches. Times are UTC.
create table if not exists raw.posts (
    source_id varchar not null,
    post_id bigint not null,
    url varchar not null,
    published timestamp not null,
    modified timestamp not null,
    is_protected boolean not null,
    is_gone boolean not null,
    primary key (source_id, post_id)
);

-- Grain: one text version by one way of signing it: the MinHash over its shingles, 4 bytes a permutation.
create table if not exists raw.signatures (
    version_id varchar not null,
    method varchar not null,
    signature blob,                          -- null: the text is too short to be compared
    primary key (version_id, method)
);

-- Grain: one current text version that is a copy of another article's. Written over by each run.
create table if not exists raw.copies (
    version_id varchar not null primary key,
    origin_version_id varchar not null,
    origin_article_id varchar not null,
    similarity double not null               -- share of five-word shingles in common, estimated
);

-- Grain: one page that an archive of others holds, of kind archive in raw.fetches: where its record lies. What
-- others keep is not the home's to read again: a new extractor reads its text, a new parser does not.
create table if not exists raw.archive_records (
    fetch_id varchar not null primary key,
    warc_path varchar not null,              -- path or address of the file as it was read
    record_offset bigint not null,
    kind varchar not null                    -- article, post, entry, inbox: what the record is
);

-- Grain: one reading of one WARC file of others: loaded, or failed before there was anything to load.
create table if not exists raw.archive_files (
    warc varchar not null,                   -- the file's name
    reading_id varchar not null,             -- hash of what the reading says of itself
    warc_path varchar not null,
    run_id varchar,                          -- of the load, as in raw.fetches; null where it failed
    loaded_at timestamp not null,
    read_at timestamp,
    outcome varchar not null,                -- loaded, failed
    detail varchar,                          -- why it failed
    hosts varchar[] not null,                -- pages of these hosts alone were read; none: all
    words varchar[] not null,                -- pages that hold one of these words alone were read; none: all
    records bigint,
    pages bigint,
    passed bigint,                           -- pages that may name the workers' country
    parsed bigint,
    undated bigint,
    not_parsed bigint,
    figures bigint,
    broken bigint,                           -- records that could not be read
    extractor_version varchar,
    parser_version varchar,
    primary key (warc, reading_id)
);

-- Grain: one month of an archive that was asked for, with the files that its list names. Written over by each load.
create table if not exists raw.archive_months (
    archive varchar not null,                -- cc-news
    month date not null,                     -- its first day
    list varchar not null,                   -- path or address of the list
    files varchar[] not null,                -- names of WARC files; none where there is no list
    primary key (archive, month)
);

-- Grain: one span of days of which an archive is known to lack pages. Written over by each load.
create table if not exists raw.archive_gaps (
    archive varchar not null,
    gap_from date not null,
    gap_until date not null,
    missing varchar not null,                -- what is missing, for a person
    source varchar not null,                 -- who says so
    primary key (archive, gap_from)
);

-- Grain: one outlet of the sources file, as last configured.
create table if not exists raw.sources (
    source_id varchar not null primary key,
    name varchar not null,
    language varchar not null,
    timezone varchar not null,
    homepage varchar,
    is_sample boolean not null,
    is_verified boolean not null,
    credits varchar[]                        -- names under which others credit it
);

-- Grain: one row of the reviews file, as the last run read it. Written over by each run.
create table if not exists raw.reviews (
    review_index integer not null primary key, -- the row's place in the file, from 0
    claim_id varchar not null,
    decision varchar not null,               -- reject, confirm, fix, merge, split
    field varchar,                           -- of a fix: the claim's column
    value varchar,                           -- of a fix: lists with bars between, null for none; else a claim_id
    reviewer varchar not null,
    reason varchar not null,
    reviewed_on date not null
);

-- The text version of each article that holds now: of the payload that its latest request brought or
-- vouched for, as the latest parser reads it. An edit taken back makes the old version current again; an
-- article that its outlet has taken down, or hidden behind a password, has none while that is so.
create or replace view raw.current_articles as
with latest as (
    select parses.article_id, parses.version_id, fetches.url, fetches.fetched_at
    from raw.parses
    inner join raw.fetches
        on parses.url = fetches.url and parses.payload_sha256 = fetches.payload_sha256
    where parses.outcome = 'parsed'
    qualify row_number() over (
        partition by parses.article_id
        order by fetches.fetched_at desc, parses.parsed_at desc, fetches.url, parses.parser_version
    ) = 1
),

hidden as (
    select url, max(fetched_at) as hidden_at
    from raw.fetches
    where outcome in ('gone', 'protected')
    group by url
)

select articles.*
from raw.articles
inner join latest using (article_id, version_id)
left join hidden on latest.url = hidden.url
where hidden.hidden_at is null or hidden.hidden_at < latest.fetched_at;
