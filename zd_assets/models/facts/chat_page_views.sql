with page as (
    select
        id, is_deleted,
        unnest(pages) as page,
        generate_subscripts(pages, 1) as position
    from (select id, is_deleted, json_elements(webpath) as pages from chats_latest)
)
select
    id as chat_id,
    position,
    try_cast((page ->> 'timestamp') as timestamptz) as viewed_at,
    (page ->> 'title') as title,
    (page ->> 'to') as to_url,
    nullif((page ->> 'from'), '') as from_url,
    is_deleted
from page
-- What isn't an object tells of no page; it keeps its position.
where json_type(page) = 'OBJECT'
