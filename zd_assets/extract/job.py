"""What the segments of one run share."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zd_assets.catalog.export import Endpoint, Export, Sideload
from zd_assets.extract.events import Report
from zd_assets.extract.options import Options, own_parameters, query_of
from zd_assets.lake.lake import Lake
from zd_assets.zendesk.client import Client


class PageBudget:
    """A number of pages that the segments of a run draw on."""

    def __init__(self, pages: int) -> None:
        """Begin with so many pages."""
        self._left = pages
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one; False if none is left."""
        with self._lock:
            self._left -= 1
            return self._left >= 0


@dataclass(frozen=True)
class Job:
    """What the segments of one run share: where from, where to, and how.

    `query` goes with every request; `parameters` are all that shapes what a file holds. Segments
    draw on one `page_budget`, and add rows to other partitions one at a time.
    """

    export: Export
    endpoint: Endpoint
    options: Options
    query: Mapping[str, str]
    sideloads: tuple[Sideload, ...]
    parameters: Mapping[str, str]
    client: Client
    lake: Lake
    run_id: str
    page_budget: PageBudget
    emit: Callable[[Report], None]
    stop: threading.Event
    others_lock: threading.Lock

    def page_size(self, endpoint: Endpoint) -> int:
        """Return how many items to ask for, as far as the endpoint gives so many."""
        return min(self.options.page_size, endpoint.page_size)


def make_job(
    export: Export,
    client: Client,
    lake: Lake,
    options: Options,
    *,
    run_id: str = "",
    emit: Callable[[Report], None] = lambda report: None,
) -> Job:
    """Put together what the segments of a run share; `emit` is given what they report."""
    query = query_of(export, options)
    return Job(
        export=export,
        endpoint=options.endpoint or export.endpoints[0],
        options=options,
        query=query,
        sideloads=tuple(one for one in export.sideloads if one.name in options.include),
        parameters=query | own_parameters(options),
        client=client,
        lake=lake,
        run_id=run_id,
        page_budget=PageBudget(options.max_pages),
        emit=emit,
        stop=threading.Event(),
        others_lock=threading.Lock(),
    )
