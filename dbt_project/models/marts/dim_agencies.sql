with

agencies as (

    select * from {{ ref('stg_agencies') }}

),

final as (

    select
        agency_code,
        name,
        array_to_string(aliases, ', ') as aliases
    from agencies

)

select * from final order by agency_code
