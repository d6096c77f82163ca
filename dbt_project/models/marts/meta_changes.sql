{% set fields = [
    'measure', 'status', 'workers_low', 'workers_high', 'hedge', 'hosts', 'sectors', 'period_start',
    'period_end', 'quote', 'part_of_claim_id', 'event_id',
] %}
with

versions as (

    select * from {{ ref('claim_versions') }}

),

history as (

    select * from {{ ref('claim_history') }}

),

current_events as (

    select
        claim_id,
        event_id
    from {{ ref('int_claim_events') }}

),

paired as (

    select
        *,
        lag(versions) over (partition by claim_id order by believed_from) as old
    from versions

),

-- A claim that comes back after it had left is added again.
added as (

    select
        believed_from as changed_at,
        claim_id,
        'added' as change
    from paired
    where old is null or old.believed_until <> believed_from

),

followed as (

    select
        paired.*,
        case
            when paired.version_id <> old.version_id then 'edited'
            when paired.is_reviewed and paired.extractor_version = old.extractor_version then 'reviewed'
            when paired.extractor_version <> old.extractor_version then 're_extracted'
            else 'recomputed'
        end as why,
        -- The event that it was of is no event any more where its first claim tells another with it now.
        if(firsts.event_id = paired.event_id, 'merged', 'split') as event_change
    from paired
    left join current_events as firsts on paired.old.event_id = firsts.claim_id
    where old.believed_until = believed_from

),

fields as (

    {% for field in fields %}
    select
        believed_from as changed_at,
        claim_id,
        {{ 'event_change' if field == 'event_id' else 'why' }} as change,
        '{{ field }}' as field,
        old.{{ field }}::varchar as old_value,
        {{ field }}::varchar as new_value
    from followed
    where old.{{ field }} is distinct from {{ field }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

withdrawn as (

    select
        believed_until as changed_at,
        claim_id,
        'withdrawn' as change,
        null as field,
        null as old_value,
        left_because as new_value
    from history
    where left_because <> 'changed'

),

final as (

    select * from fields
    union all
    select
        *,
        null as field,
        null as old_value,
        null as new_value
    from added
    union all
    select * from withdrawn

)

select * from final order by changed_at, claim_id, change, field
