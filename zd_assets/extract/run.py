"""Fetching partitions of one export: plan the segments, walk them side by side, say what happens.

The call chain, once, for whoever follows a record:
`extract` → `plan` → `walk` → `pages` → `drain` → `Client.get` → `read_page` (HTTP to a page)
→ `convert` (to a table) → `assign_to_partitions` → `PartitionWriter` (to Parquet) → `decide`
(what a commit does with the file that is there).
"""

import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from zd_assets.catalog.export import Endpoint, Export
from zd_assets.extract.events import Action, Report
from zd_assets.extract.job import Job
from zd_assets.extract.plan import Plan, Target, plan
from zd_assets.extract.segment import keep_or_begin, walk
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.layout import check_layout
from zd_assets.lake.partition import Partition
from zd_assets.schema.privacy import Privacy
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import StoppedError
from zd_assets.zendesk.follow_up import Policy

# Our clock may be ahead of the server's, which refuses to be asked from what it calls too recent.
CLOCK_MARGIN_S = 30


@dataclass(frozen=True)
class Options:
    """How to fetch.

    `endpoint` is one of the export's (None: its first). `include` and `include_changes` are the
    API's parameters. `exclude_system_updates` leaves out versions that an earlier partition
    holds. `max_parallel_windows` segments are walked side by side; `max_pages` is
    the run's own budget of pages over all of them; `full_refresh` fetches whole what could be
    resumed or adopted; `second_look` reads complete partitions again and adds what they lack. Items
    before `first_us` (microseconds) belong to no partition. `scope` is the `support_type_scope`.
    """

    endpoint: Endpoint | None = None
    include: tuple[str, ...] = ()
    include_changes: bool = False
    scope: str = "all"
    exclude_system_updates: bool = False
    policy: Policy = Policy.PROGRESS
    page_size: int = 1000
    max_pages: int = 500
    max_parallel_windows: int = 4
    privacy: Privacy = field(default_factory=Privacy)
    full_refresh: bool = False
    second_look: bool = False
    first_us: int = 0


def extract(
    export: Export,
    partitions: Sequence[Partition],
    client: Client,
    lake: Lake,
    options: Options,
    *,
    run_id: str,
    should_adopt: Callable[[Footer], bool] = lambda footer: False,
    now_s: Callable[[], float] = time.time,
) -> Generator[Report, None, None]:
    """Fetch partitions (in order of time) into the lake, and yield what happens as it happens.

    Every partition is reported once its file is there, and again if other partitions' pages
    brought rows for it. `run_id` goes into the footers;
    `adopts` accepts complete files that an earlier run committed but couldn't report. Closing
    the iterator, or an error, stops the walks after the request they wait for.

    Raises:
        ZendeskError: the first error of any walk, after all of them ended.
        LakeError: likewise.
    """
    reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
    job = make_job(export, client, lake, options, run_id=run_id, tell=reports.put)
    endpoint = job.endpoint
    # Without a start time, each segment goes on where the one before it ended.
    windows = options.max_parallel_windows if endpoint.has_start_time else 1
    todo = plan(
        export,
        [Target(partition, lake.footer(export, partition)) for partition in partitions],
        parameters=job.parameters,
        # What is to be looked at again isn't taken as it is.
        should_adopt=lambda footer: not options.second_look and should_adopt(footer),
        full_refresh=options.full_refresh,
        horizon_us=int((now_s() - export.settle_s - CLOCK_MARGIN_S) * 1_000_000),
        windows=min(windows, options.max_pages),
        by_arrival=endpoint.by_arrival,
    )
    check_layout(lake, export, hourly=any(partition.hourly for partition in partitions))
    errors: list[BaseException] = []
    walks = threading.Thread(
        target=_walk_all, args=(job, todo, errors, windows, lambda: reports.put(None))
    )
    walks.start()
    try:
        while (report := reports.get()) is not None:
            yield report
    finally:
        job.stop.set()
        walks.join()
    if errors:
        raise errors[0]


def make_job(
    export: Export,
    client: Client,
    lake: Lake,
    options: Options,
    *,
    run_id: str = "",
    tell: Callable[[Report], None] = lambda report: None,
) -> Job:
    """What all segments of a run share; `tell` is given whatever they report."""
    endpoint = options.endpoint or export.endpoints[0]
    query = _query(export, options)
    return Job(
        export=export,
        endpoint=endpoint,
        query=query,
        sideloads=tuple(one for one in export.sideloads if one.name in options.include),
        exclude_system_updates=options.exclude_system_updates,
        second_look=options.second_look,
        parameters=query | _own_parameters(options),
        client=client,
        lake=lake,
        policy=options.policy,
        page_size=min(options.page_size, endpoint.page_size),
        privacy=options.privacy,
        run_id=run_id,
        first_us=options.first_us,
        may_ask=_Allowance(options.max_pages).take,
        tell=tell,
        stop=threading.Event(),
        others_lock=threading.Lock(),
    )


def _walk_all(
    job: Job,
    todo: Plan,
    errors: list[BaseException],
    windows: int,
    ended: Callable[[], None],
) -> None:
    def one(number: int) -> None:
        try:
            walk(job, number, todo.segments[number])
        except BaseException as raised:
            error = _out_of_memory(job, raised) if isinstance(raised, MemoryError) else raised
            # The others stop because of the first; its error is the one to tell.
            if not isinstance(error, StoppedError) or not job.stop.is_set():
                errors.append(error)
            job.stop.set()

    try:
        for target in todo.adopted:
            keep_or_begin(job, target, Action.ADOPTED)
        with ThreadPoolExecutor(windows, "segment") as pool:
            for number in range(len(todo.segments)):
                pool.submit(one, number)
        for target in todo.unsettled:
            keep_or_begin(job, target, Action.UNSETTLED)
    except BaseException as error:
        errors.append(error)
    finally:
        ended()


def _out_of_memory(job: Job, error: MemoryError) -> LakeError:
    out = LakeError(
        f"{job.export.name}: the memory of this process is spent ({error}); set a smaller "
        "page_size or fewer max_parallel_windows, or give it more. What was committed stays"
    )
    out.__cause__ = error
    return out


def _query(export: Export, options: Options) -> dict[str, str]:
    """What is asked for beyond the plain items."""
    asked = {
        "fields": options.privacy.fields(export),
        "include": ",".join(options.include),
        "include_changes": "true" if options.include_changes else "",
        "support_type_scope": options.scope if export.scopes else "",
    }
    return {name: value for name, value in asked.items() if value}


def _own_parameters(options: Options) -> dict[str, str]:
    """What we do to the items; under other parameters than a file's, it is fetched whole."""
    own = {
        "exclude_system_updates": "true" if options.exclude_system_updates else "",
        "drop": ",".join(options.privacy.drop),
        "hash": ",".join(options.privacy.hash),
        "hash_key_id": options.privacy.hash_key_id,
    }
    return {name: value for name, value in own.items() if value}


class _Allowance:
    """A number of pages that several walks draw on."""

    def __init__(self, pages: int) -> None:
        self._left = pages
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0
