"""A small pipeline on dlt's `rest_api` source into DuckDB; writes what is in the tables then.

dlt's own verified source for Zendesk isn't in a package, so it can't be installed by name.
"""

import json
import sys
from datetime import datetime
from typing import Any

import dlt
import duckdb
from dlt.sources.helpers.requests import Request, Response
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source

start = int(datetime.fromisoformat(sys.argv[1].replace("Z", "+00:00")).timestamp())
folder = sys.argv[2]
CHAT = ("chats", "agent_timeline", "conversions", "department_events")
SUPPORT = ("ticket_events", "ticket_metric_events", "organizations")
BY_CURSOR = ("tickets", "users")
ROUTING = ("attributes", "attribute_values", "instance_values")


class FollowNext(BasePaginator):
    """Follows the server's own next address to the end of the stream, or an empty page.

    Chat names a next address for ever, and refuses to be asked for what is too recent: `full` is
    the size of a page that isn't its last.
    """

    def __init__(self, full: int = 1) -> None:
        super().__init__()
        self._full = full

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        page = response.json()
        following = page.get("after_url") or page.get("next_page")
        over = (
            page.get("end_of_stream") or len(data or ()) < self._full or following == response.url
        )
        self._has_next_page = bool(following) and not over
        self._next = following

    def update_request(self, request: Request) -> None:
        request.url, request.params = self._next, {}


def resource(name: str, path: str, list_name: str, full: int = 1, **params: Any) -> dict[str, Any]:
    return {
        "name": name,
        "max_table_nesting": 0,
        "endpoint": {
            "path": path,
            "params": params,
            "data_selector": list_name,
            "paginator": FollowNext(full),
        },
    }


def source(base_url: str, auth: Any, resources: list[dict[str, Any]], name: str) -> Any:
    client = {"base_url": base_url, "auth": auth}
    return rest_api_source({"client": client, "resources": resources}, name=name)


def chat(name: str) -> dict[str, Any]:
    unit = 1_000_000 if name == "agent_timeline" else 1
    fields = {"fields": f"{name}(*)"} if name in ("chats", "conversions") else {}
    return resource(name, f"incremental/{name}", name, 1000, start_time=start * unit, **fields)


basic = {
    "type": "http_basic",
    "username": "agent@example.com/token",
    "password": "sandbox-api-token",
}
sources = [
    source(
        "https://acme.zendesk.com/api/v2/chat/",
        {"type": "bearer", "token": "sandbox-token"},
        [chat(name) for name in CHAT],
        "chat",
    ),
    source(
        "https://acme.zendesk.com/api/v2/",
        basic,
        [
            *(resource(n, f"incremental/{n}.json", n, start_time=start) for n in SUPPORT),
            *(resource(n, f"incremental/{n}/cursor.json", n, start_time=start) for n in BY_CURSOR),
            *(resource(f"routing_{n}", f"incremental/routing/{n}.json", n) for n in ROUTING),
        ],
        "support",
    ),
]
database = f"{folder}/zendesk.duckdb"
pipeline = dlt.pipeline(
    "zendesk",
    pipelines_dir=f"{folder}/pipelines",
    destination=dlt.destinations.duckdb(database),
    dataset_name="exports",
)
pipeline.run(sources)
tables = (*CHAT, *SUPPORT, *BY_CURSOR, *(f"routing_{name}" for name in ROUTING))
with duckdb.connect(database) as connection:
    for table in tables:
        rows = connection.execute(f"select * from exports.{table}")
        names = [column[0] for column in rows.description]
        for row in rows.fetchall():
            item = dict(zip(names, row, strict=True))
            print(json.dumps({"export": table, "item": item}, default=str))
