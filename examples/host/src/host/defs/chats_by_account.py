"""An asset downstream of both accounts: loaded by the lake's IO manager, as it is annotated."""

import dagster as dg
import polars as pl

days = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)

# Only the columns that are needed; a day that isn't complete yet fails the run.
wanted = {"columns": ["id", "rating"], "require_complete": True}


@dg.asset(
    ins={
        "acme": dg.AssetIn(["acme", "zendesk_chat", "chats"], metadata=wanted),
        "bravo": dg.AssetIn(["bravo", "zendesk_chat", "chats"], metadata=wanted),
    },
    partitions_def=days,
)
def chats_by_account(
    context: dg.AssetExecutionContext, acme: pl.DataFrame, bravo: pl.DataFrame
) -> pl.DataFrame:
    """How many chats each account had on a day, by rating."""
    both = pl.concat(
        [
            chats.with_columns(account=pl.lit(name))
            for name, chats in (("acme", acme), ("bravo", bravo))
        ]
    )
    counts = both.group_by("account", "rating").len("chats").sort("account", "rating")
    context.add_output_metadata({"chats": both.height})
    return counts
