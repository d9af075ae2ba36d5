with agent as (
    select agent_id from agent_daily_scorecard where not is_automation
),
part as (
    select false as is_automation, 'chat' as kind, chat_id as item
    from chat_engagements
    where accepted and not is_deleted and agent_id in (select agent_id from agent)
    union all
    select is_automatic, unnest(
        case
            when field = 'status' and value = 'solved'
                and previous_value is distinct from 'solved'
            then ['update', 'solve']
            else ['update']
        end
    ), cast(ticket_id as varchar)
    from ticket_field_changes
    where is_automatic or updater_id in (select agent_id from agent)
    union all
    select false, 'reply', cast(ticket_id as varchar)
    from ticket_comments
    where is_public and author_id in (select agent_id from agent)
),
who as (
    select false as is_automation, count(*) as agents from agent
    union all
    select true, 0
)
select
    who.is_automation,
    any_value(agents) as agents,
    count(distinct item) filter (kind = 'chat') as chats,
    count(distinct item) filter (kind = 'update') as tickets_updated,
    count(distinct item) filter (kind = 'solve') as tickets_solved,
    count(distinct item) filter (kind = 'reply') as tickets_replied
from who left join part using (is_automation)
group by who.is_automation
having any_value(agents) + count(item) > 0
