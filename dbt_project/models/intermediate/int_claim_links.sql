with

spans as (

    select
        *,
        {{ stretches_of('claims') }} as stretches,
        {{ magnitudes_of('claims') }} as magnitudes
    from {{ ref('int_claim_spans') }} as claims

),

reviews as (

    select * from {{ ref('stg_reviews') }}

),

-- Claims meet only in a block: of one measure and standing, a host, a stretch of days and an order of
-- magnitude that they share. So no claim is held against all others.
by_stretch as (

    select
        *,
        unnest(stretches) as stretch
    from spans

),

by_magnitude as (

    select
        *,
        unnest(magnitudes) as magnitude
    from by_stretch

),

blocked as (

    select
        *,
        unnest(host_codes) as host
    from by_magnitude

),

-- Each pair meets once: in the first block that both are in.
met as (

    select
        later.claim_id,
        earlier.claim_id as earlier_claim_id,
        {{ relation_of('later', 'earlier') }} as relation,
        case
            when {{ bounds_are_equal('later', 'earlier') }} then 'equal_bounds'
            when later.workers_low + later.workers_high + earlier.workers_low + earlier.workers_high is null
                then 'equal_open_bound'
            else 'within_slack'
        end as rule,
        if(later.has_period and earlier.has_period, 'periods', 'days') as timing,
        {{ days_apart('later', 'earlier') }} as days_apart,
        later.published_on - earlier.published_on as days_between_reports
    from blocked as later
    inner join blocked as earlier
        on
            later.measure = earlier.measure
            and later.standing = earlier.standing
            and later.host = earlier.host
            and later.stretch = earlier.stretch
            and later.magnitude = earlier.magnitude
    where
        (later.published_on, later.claim_id) > (earlier.published_on, earlier.claim_id)
        and later.article_id <> earlier.article_id
        and later.stretch = greatest(later.stretches[1], earlier.stretches[1])
        and later.magnitude = greatest(later.magnitudes[1], earlier.magnitudes[1])
        and later.host = list_min(list_intersect(later.host_codes, earlier.host_codes))
        and {{ counts_agree('later', 'earlier') }}
        and {{ times_agree('later', 'earlier') }}
        and {{ work_agrees('later', 'earlier') }}

),

-- What a person parted stays apart.
parted as (

    select
        claim_id,
        other_claim_id
    from reviews
    where decision = 'split'

    union all

    select
        other_claim_id as claim_id,
        claim_id as other_claim_id
    from reviews
    where decision = 'split'

),

final as (

    select met.*
    from met
    anti join parted
        on met.claim_id = parted.claim_id and met.earlier_claim_id = parted.other_claim_id

)

select * from final
