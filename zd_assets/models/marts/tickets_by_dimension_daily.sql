with ticket as (
    select
        ticket_states.*,
        ticket_attributes.ticket_id is not null as is_seen,
        channel, brand_id, ticket_form_id, organization_id, tags,
        coalesce(was_offered, false) as was_offered,
        rated
    from ticket_states left join ticket_attributes using (ticket_id)
),
part as (
    select ticket_id, 'all' as dimension, 'all' as value, true as is_known from ticket
    union all
    select ticket_id, 'channel', channel, is_seen from ticket
    union all
    select ticket_id, 'brand', cast(brand_id as varchar), is_seen from ticket
    union all
    select ticket_id, 'form', cast(ticket_form_id as varchar), is_seen from ticket
    union all
    select ticket_id, 'organization', cast(organization_id as varchar), is_seen from ticket
    union all
    select ticket_id, 'priority', priority, is_seen or priority is not null from ticket
    union all
    select ticket_id, 'group', cast(group_id as varchar), is_group_known from ticket
    union all
    select ticket_id, 'tag', unnest(
        case when len(tags) > 0 then list_distinct(tags) else [null] end
    ), is_seen
    from ticket
)
select
    dimension,
    value,
    is_known,
    count(*) filter (is_created and status is not null) as created,
    sum(solves) as solved,
    sum(reopens) as reopened,
    count(*) filter (is_unsolved) as backlog,
    count(*) filter (was_offered) as offered,
    count(*) filter (rated = 'good') as good,
    count(*) filter (rated = 'bad') as bad,
    good / nullif(good + bad, 0) as satisfaction
from part join ticket using (ticket_id)
group by dimension, value, is_known
having created + solved + reopened + backlog + offered + good + bad > 0
