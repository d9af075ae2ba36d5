"""Read every incremental export that Zenpy has, and write one line of JSON for each item."""

import json
import sys
from datetime import datetime

from zenpy import Zenpy

start = datetime.fromisoformat(sys.argv[1].replace("Z", "+00:00"))
zenpy = Zenpy(subdomain="acme", email="agent@example.com", token="sandbox-api-token")
reads = {
    "tickets": zenpy.tickets.incremental(start_time=start),
    "users": zenpy.users.incremental(start_time=start),
    "organizations": zenpy.organizations.incremental(start_time=start),
    "ticket_metric_events": zenpy.tickets.metrics_incremental(start_time=start),
    "ticket_events": zenpy.tickets.events(start_time=start),
}
for export, items in reads.items():
    for item in items:
        print(json.dumps({"export": export, "item": item.to_dict()}, default=str))
