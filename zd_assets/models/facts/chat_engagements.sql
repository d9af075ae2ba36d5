with each as (
    select
        id, proactive, is_deleted,
        unnest(engagements) as engagement,
        generate_subscripts(engagements, 1) as ordinal
    from chats_latest
)
select
    id as chat_id,
    ordinal,
    engagement.id as engagement_id,
    engagement.timestamp as started_at,
    try(engagement.timestamp + to_seconds(engagement.duration)) as ended_at,
    engagement.duration as duration_s,
    engagement.started_by as started_by,
    coalesce(engagement.started_by = 'transfer', false) as is_transfer,
    engagement.agent_id as agent_id,
    coalesce(nullif(engagement.agent_full_name, ''), engagement.agent_name) as agent_name,
    engagement.department_id as department_id,
    engagement.assigned as assigned,
    coalesce(engagement.accepted, false) as accepted,
    engagement.response_time.first as first_response_s,
    engagement.response_time.avg as mean_response_s,
    engagement.response_time.max as max_response_s,
    engagement.count.agent as agent_messages,
    engagement.count.visitor as visitor_messages,
    engagement.rating as rating,
    engagement.skills_requested as skills_requested,
    engagement.skills_fulfilled as skills_fulfilled,
    coalesce(proactive, false) as is_proactive,
    is_deleted
from each
where engagement is not null
