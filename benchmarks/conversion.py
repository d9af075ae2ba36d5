"""Pages to Arrow and to Parquet, against json.loads and pyarrow's own reading of dicts."""

import io
import json
from collections.abc import Callable
from itertools import islice

import click
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import show, side_by_side, verdict
from benchmarks.source import PAGE_SIZE, bare_loop, days, start_sandbox
from zd_assets.catalog.chat import CHATS
from zd_assets.schema.arrow import dictionary_paths, statistics_paths
from zd_assets.schema.convert import convert
from zd_assets.schema.decode import item_decoder
from zd_assets.schema.drift import drift_of
from zd_assets.zendesk.client import Body
from zd_assets.zendesk.page import read_page

_FASTER = 3
_NAIVE = "naive to Arrow"
_NAIVE_PARQUET = "naive to Parquet"


@click.command()
@click.option("--pages", default=8, show_default=True, help="Pages of 1,000 chats.")
@click.option("--rounds", default=9, show_default=True, help="Runs of each contender.")
def conversion(pages: int, rounds: int) -> None:
    """Convert pages to Arrow and Parquet, against the naive chain.

    The naive chain refuses or bends drifted values, so it gets the pages without them. Times are
    CPU time: nothing here waits for anything.
    """
    with start_sandbox(pages * PAGE_SIZE, cached=False) as sandbox:
        window = days(2 * pages * PAGE_SIZE)
        drifted = list(islice(bare_loop(sandbox.url, window, decode=False), pages))
    clean = [_without_drift(body) for body in drifted]
    odd = sum(bool(drift_of(convert(CHATS, _items(body)))) for body in drifted)
    contenders: dict[str, Callable[[], object]] = {
        _NAIVE: lambda: [_naive(body).num_rows for body in clean],
        "zd_assets to Arrow": lambda: [_convert(body).num_rows for body in clean],
        "zd_assets to Arrow, drift": lambda: [_convert(body).num_rows for body in drifted],
        _NAIVE_PARQUET: lambda: [_write_naive(_naive(body)) for body in clean],
        "zd_assets to Parquet": lambda: _write([_convert(body) for body in clean]),
        "zd_assets to Parquet, drift": lambda: _write([_convert(body) for body in drifted]),
    }
    times = side_by_side(rounds, contenders)
    size = sum(map(len, clean))

    def faster(name: str) -> float:
        naive = times[_NAIVE if "Arrow" in name else _NAIVE_PARQUET]
        return naive.cpu_ratio_to(times[name]).median

    show(
        f"Conversion: {pages} pages of 1,000 chats, {size / 1e6:.0f} MB, "
        f"median of {rounds} rounds (lowest to highest)",
        ["", "CPU ms a page", "MB/s", "times the naive chain's speed"],
        [
            [
                name,
                f"{one.median_cpu_s / pages * 1e3:.1f}",
                f"{size / one.median_cpu_s / 1e6:.0f}",
                str(times[_NAIVE if "Arrow" in name else _NAIVE_PARQUET].cpu_ratio_to(one)),
            ]
            for name, one in times.items()
        ],
        [
            f"Without drift: pages rid of their odd chats; with: {odd} of {pages} pages have some.",
            verdict(
                f"at least {_FASTER} times the naive chain's speed, with drift as without",
                min(faster("zd_assets to Arrow"), faster("zd_assets to Arrow, drift")) >= _FASTER,
            ),
        ],
    )


def _items(body: bytes) -> bytes:
    return read_page(CHATS, PAGE_SIZE, Body(body, "application/json", 0.0)).items


def _convert(body: bytes) -> pa.Table:
    return convert(CHATS, _items(body))


def _naive(body: bytes) -> pa.Table:
    return pa.Table.from_pylist(json.loads(body)["chats"])


def _without_drift(body: bytes) -> bytes:
    """A page rid of the chats that don't fit the schema."""
    decode = item_decoder(CHATS.columns)
    fitting = []
    for item in json.loads(body)["chats"]:
        try:
            text = json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode()
            decode(text)
        except (UnicodeEncodeError, msgspec.DecodeError):
            continue
        fitting.append(text)
    tail = body[body.rindex(b'"count":') :]
    return b'{"chats":[' + b",".join(fitting) + b"]," + tail


def _write(tables: list[pa.Table]) -> None:
    """Write as the lake's files are written."""
    table = pa.concat_tables(tables)
    pq.write_table(
        table,
        io.BytesIO(),
        row_group_size=table.num_rows,
        compression="zstd",
        compression_level=1,
        use_dictionary=dictionary_paths(CHATS.columns),
        write_statistics=statistics_paths(CHATS.columns),
    )


def _write_naive(table: pa.Table) -> None:
    """Write as pyarrow does unasked; pages differ in their columns, so each is a file."""
    pq.write_table(table, io.BytesIO())
