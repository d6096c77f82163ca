with

source as (

    select * from {{ source('raw', 'fetches') }}

),

final as (

    select
        fetch_id,
        run_id,
        source_id,
        kind,
        url,
        payload_sha256,
        status as http_status,
        robots_verdict,
        outcome,
        fetched_at
    from source

)

select * from final
