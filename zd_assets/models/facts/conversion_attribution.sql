select
    id as conversion_id,
    timestamp as converted_at,
    goal_id,
    goal_name,
    attribution.chat_id is not null as is_attributed,
    attribution.chat_id as chat_id,
    attribution.chat_timestamp as chat_started_at,
    date_diff('microseconds', attribution.chat_timestamp, timestamp) / 1e6 as after_s,
    attribution.agent_id as agent_id,
    attribution.department_id as department_id
from conversions
where id is not null
