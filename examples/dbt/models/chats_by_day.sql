-- Chats by the day, UTC, on which they began, without deleted ones.
select
    cast(timestamp at time zone 'UTC' as date) as day,
    count(*) as chats,
    count(*) filter (rating = 'good') as good,
    count(*) filter (rating = 'bad') as bad
from {{ source('zendesk', 'chats_latest') }}
where not is_deleted
group by day
order by day
