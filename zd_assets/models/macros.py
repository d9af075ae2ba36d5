"""What the models' SQL may use beyond DuckDB's own."""

from zd_assets.models.histogram import LAST_BUCKET, RATIO

# JSON texts may hold lone surrogates, as the API sent them; DuckDB takes none. Escaped backslashes
# and whole pairs stay, hidden meanwhile behind characters that no JSON text holds as they are.
MACROS = (
    r"whole(text) as regexp_replace(replace(text, '\\', chr(1)), "
    r"'\\(u[dD][89abAB][0-9a-fA-F]{2})\\(u[dD][c-fC-F][0-9a-fA-F]{2})', chr(2) || '\1' || chr(2) "
    r"|| '\2', 'g')",
    r"mended(text) as replace(replace(regexp_replace(whole(text), "
    r"'\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\uFFFD', 'g'), chr(2), '\'), chr(1), '\\')",
    "readable(text) as case when json_valid(text) then cast(text as json) "
    "else try_cast(mended(text) as json) end",
    "json_elements(text) as coalesce(json_extract(readable(text), '$[*]'), [])",
    # The last bucket begins at 36 years.
    f"bucket(seconds) as case when seconds is null then null when seconds < 1 then 0 "
    f"else least(1 + cast(floor(ln(seconds) / ln({RATIO})) as integer), {LAST_BUCKET}) end",
    "bucket_counts(counts) as [coalesce(map_extract(counts, number)[1], 0) "
    "for number in range(cast(coalesce(list_max(map_keys(counts)), -1) as bigint) + 1)]",
    "json_part(text, part) as (readable(text) ->> part)",
    # What an id is called; where no list says so, what it is: `group 48810`.
    "named(kind, id, name) as case when id is not null "
    "then coalesce(name, kind || ' ' || cast(id as varchar)) end",
)
