"""Fetch partitions of one export: plan the segments, fetch them in parallel, say what happens.

The way of a record:
`extract` → `plan` → `fetch_segment` → `pages` → `iter_pages` → `Client.get` → `read_page` (HTTP to
a page) → `rows_of` (to a table) → `assign_to_partitions` → `PartitionFiles` → `PartitionWriter` (to
Parquet) → `decide` (what a commit does with the file that is there).
"""

import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

from zd_assets.catalog.export import CLOCK_MARGIN_S, Export
from zd_assets.extract.events import Action, Report
from zd_assets.extract.job import Job, make_job
from zd_assets.extract.options import Options
from zd_assets.extract.partition_files import keep_or_begin
from zd_assets.extract.plan import Plan, Target, plan
from zd_assets.extract.segment import fetch_segment
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.layout import check_layout
from zd_assets.lake.layout_lock import writing_partitions
from zd_assets.lake.partition import Partition
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import StoppedError


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
    brought rows for it. `run_id` goes into the footers; `should_adopt` accepts complete files that
    an earlier run committed but couldn't report. Closing the iterator, or an error, stops the
    segments after the request that they wait for.

    Raises:
        ZendeskError: the first error of any segment, after all of them ended.
        LakeError: likewise.
    """
    reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
    job = make_job(export, client, lake, options, run_id=run_id, emit=reports.put)
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
    errors: list[BaseException] = []
    fetches = threading.Thread(
        target=_fetch_all, args=(job, todo, errors, windows, lambda: reports.put(None))
    )
    with writing_partitions(lake):
        check_layout(lake, export, hourly=any(partition.hourly for partition in partitions))
        fetches.start()
        try:
            while (report := reports.get()) is not None:
                yield report
        finally:
            job.stop.set()
            fetches.join()
    if errors:
        raise errors[0]


def _fetch_all(
    job: Job,
    todo: Plan,
    errors: list[BaseException],
    windows: int,
    ended: Callable[[], None],
) -> None:
    def one(number: int) -> None:
        try:
            fetch_segment(job, number, todo.segments[number])
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
