with

source as (

    select * from {{ ref('agencies') }}

),

final as (

    select
        code as agency_code,
        name,
        {{ parts('aliases') }} as aliases
    from source

)

select * from final
