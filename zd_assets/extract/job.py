"""What the walks of one run share."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zd_assets.catalog.export import Endpoint, Export, Sideload
from zd_assets.extract.events import Report
from zd_assets.lake.lake import Lake
from zd_assets.schema.privacy import Privacy
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.follow_up import Policy


@dataclass(frozen=True)
class Job:
    """What the walks of one run share: where from, where to, and how.

    `query` goes with every request; `parameters` are all that shapes what a file holds.
    `second_look` says that complete partitions are read again and compared. Rows before `first_us`
    (microseconds) belong to no partition. Segments add rows to other partitions one at a time.
    """

    export: Export
    endpoint: Endpoint
    query: Mapping[str, str]
    sideloads: tuple[Sideload, ...]
    exclude_system_updates: bool
    second_look: bool
    parameters: Mapping[str, str]
    client: Client
    lake: Lake
    policy: Policy
    page_size: int
    privacy: Privacy
    run_id: str
    first_us: int
    may_ask: Callable[[], bool]
    tell: Callable[[Report], None]
    stop: threading.Event
    others_lock: threading.Lock
