"""One extraction in a process of its own, which may be killed at any instant."""

import multiprocessing
import os
import resource
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from zd_assets.catalog.export import Api, Pagination
from zd_assets.catalog.registry import EXPORTS
from zd_assets.extract.options import Options
from zd_assets.extract.run import extract
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import open_lake
from zd_assets.lake.partition import Partition
from zd_assets.zendesk.auth import basic, bearer
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import ZendeskError

DONE, REFUSED, RAW = 0, 3, 1

# Forked from a process that has imported everything: an extraction begins within milliseconds.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Task:
    """What a process is to fetch.

    `now_s` is its machine's clock; `said` is where its error goes, or its peak memory in MB.
    """

    url: str
    export: str
    pagination: Pagination
    partitions: tuple[Partition, ...]
    lake: str
    now_s: float
    said: Path
    options: dict[str, Any]
    budget: tuple[int, float] = (1_000_000, 60)
    env: Mapping[str, str] = field(default_factory=dict)


def with_means(task: Task, **means: Any) -> Task:
    """The same task with another budget (requests, seconds) or environment."""
    return replace(task, **means)


def begin(task: Task) -> BaseProcess:
    """Start it."""
    process = _CONTEXT.Process(target=_run, args=(task,), daemon=True)
    process.start()
    return process


def run(task: Task) -> None:
    """Fetch, to the end or an error."""
    export = next(export for export in EXPORTS if export.name == task.export)
    endpoint = next(one for one in export.endpoints if one.pagination is task.pagination)
    chat = export.api is Api.CHAT
    url = f"{task.url}/api/v2/chat" if chat else f"{task.url}/api/v2"
    auth = (
        bearer("sandbox-token", "ZENDESK_CHAT_TOKEN")
        if chat
        else basic("agent@example.com", "sandbox-api-token", "ZENDESK_EMAIL")
    )
    client = Client(url, "URL", auth, Budget(url, *task.budget), attempts=4, first_wait_s=0.005)
    for _ in extract(
        export,
        task.partitions,
        client,
        open_lake(task.lake),
        Options(endpoint=endpoint, **task.options),
        run_id=f"torture-{os.getpid()}",
        should_adopt=lambda footer: True,
        now_s=lambda: task.now_s,
    ):
        pass


def _run(task: Task) -> None:
    try:
        os.environ.update(task.env)
        run(task)
        task.said.write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))
    except (ZendeskError, LakeError) as error:
        task.said.write_text(f"{type(error).__name__}: {error}")
        os._exit(REFUSED)
    except BaseException:
        task.said.write_text(traceback.format_exc())
        os._exit(RAW)
    os._exit(DONE)
