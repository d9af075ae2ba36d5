with version as (
    select
        id as ticket_id,
        generated_timestamp,
        to_timestamp(generated_timestamp) as version_at,
        to_timestamp(generated_timestamp) >= day_end() as is_ahead,
        (readable(via) ->> 'channel') as channel,
        brand_id,
        ticket_form_id,
        organization_id,
        tags,
        satisfaction_rating.score as satisfaction
    from tickets
    where id is not null
),
-- The newest up to the day's end, or else the first ahead.
chosen as (
    select * from version
    qualify row_number() over (
        partition by ticket_id
        order by
            is_ahead,
            case when is_ahead then generated_timestamp else -generated_timestamp end
    ) = 1
),
known as (
    select
        ticket_id,
        is_created,
        chosen.ticket_id is not null and not chosen.is_ahead as is_new,
        yesterday.ticket_id is not null as is_known,
        yesterday.satisfaction as satisfaction_before,
        case when chosen.ticket_id is null then yesterday.version_at else chosen.version_at end
            as version_at,
        case when chosen.ticket_id is null then yesterday.channel else chosen.channel end
            as channel,
        case when chosen.ticket_id is null then yesterday.brand_id else chosen.brand_id end
            as brand_id,
        case when chosen.ticket_id is null then yesterday.ticket_form_id
            else chosen.ticket_form_id end as ticket_form_id,
        case when chosen.ticket_id is null then yesterday.organization_id
            else chosen.organization_id end as organization_id,
        case when chosen.ticket_id is null then yesterday.tags else chosen.tags end as tags,
        case when chosen.ticket_id is null then yesterday.satisfaction
            else chosen.satisfaction end as satisfaction
    from ticket_states
    left join chosen using (ticket_id)
    left join yesterday using (ticket_id)
    where chosen.ticket_id is not null or yesterday.ticket_id is not null
)
select
    ticket_id, version_at, channel, brand_id, ticket_form_id, organization_id, tags, satisfaction,
    case
        when not is_new then false
        when is_created or is_known
        then coalesce(satisfaction in ('offered', 'good', 'bad'), false)
            and not coalesce(satisfaction_before in ('offered', 'good', 'bad'), false)
    end as was_offered,
    case
        when is_new and (is_created or is_known)
            and satisfaction in ('good', 'bad')
            and satisfaction is distinct from satisfaction_before
        then satisfaction
    end as rated
from known
