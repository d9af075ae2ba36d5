"""Running the assets in a Dagster instance, in this process or through its command line."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from zd_assets.catalog.export import Api, Export
from zd_assets.defs.exports.assets import export_asset
from zd_assets.defs.io_manager import lake_io_manager
from zd_assets.defs.namespace import LAKE, LAKE_IO, Namespace
from zd_assets.defs.resources import LakeFolder, ZendeskApi, ZendeskChat, ZendeskSupport
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running

PARTITIONS = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)
SITE = Namespace(PARTITIONS)
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def chat_resource(sandbox: Running, **settings: Any) -> ZendeskChat:
    """The Chat API of the sandbox, in a hurry."""
    return ZendeskChat(
        **{
            "url": f"{sandbox.url}/api/v2/chat",
            "token": "sandbox-token",
            "requests_per_minute": 1_000_000,
            "attempts": 3,
            "first_wait_s": 0.01,
            **settings,
        }
    )


def support_resource(sandbox: Running, **settings: Any) -> ZendeskSupport:
    """The Support API of the sandbox, in a hurry."""
    return ZendeskSupport(
        **{
            "url": f"{sandbox.url}/api/v2",
            "email": "agent@example.com",
            "api_token": "sandbox-api-token",
            "requests_per_minute": 1_000_000,
            "attempts": 3,
            "first_wait_s": 0.01,
            **settings,
        }
    )


def api_resource(api: Api, sandbox: Running, **settings: Any) -> ZendeskApi:
    """An API of the sandbox, in a hurry."""
    resource = chat_resource if api is Api.CHAT else support_resource
    return resource(sandbox, **settings)


def lake_resources(lake: Lake) -> dict[str, Any]:
    """The lake, and what loads its tables."""
    folder = LakeFolder(location=str(lake.root))
    return {LAKE: folder, LAKE_IO: lake_io_manager(SITE)}


def materialize(
    instance: dg.DagsterInstance,
    export: Export,
    keys: str | tuple[str, str],
    api: ZendeskApi,
    lake: Lake,
    *,
    full_refresh: bool = False,
    partitions_def: dg.DailyPartitionsDefinition = PARTITIONS,
) -> dg.ExecuteInProcessResult:
    """Materialize one partition, or a range in one run."""
    asset = export_asset(export, Namespace(partitions_def))
    tags = {} if isinstance(keys, str) else dict(zip(_RANGE, keys, strict=True))
    return dg.materialize(
        [asset],
        instance=instance,
        partition_key=keys if isinstance(keys, str) else None,
        tags=tags,
        resources={export.api.value: api, **lake_resources(lake)},
        run_config={"ops": {"__".join(export.path): {"config": {"full_refresh": full_refresh}}}},
        raise_on_error=False,
    )


def partition_events(
    instance: dg.DagsterInstance, export: Export
) -> list[tuple[str, Mapping[str, dg.MetadataValue]]]:
    """Every materialization of an export, oldest first: its partition and its metadata."""
    records = instance.fetch_materializations(
        dg.AssetKey(list(export.path)), limit=10_000, ascending=True
    ).records
    events = [record.asset_materialization for record in records]
    return [(event.partition or "", event.metadata) for event in events if event]


def cli_env(sandbox: Running, home: Path, lake: Lake, **variables: str) -> dict[str, str]:
    """An environment in which `dagster` finds the sandbox, the lake and an instance."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("ZENDESK_", "ZD_", "DAGSTER_"))
    }
    return {
        **kept,
        "DAGSTER_HOME": str(home),
        "PYTHONFAULTHANDLER": "1",
        "ZENDESK_CHAT_URL": f"{sandbox.url}/api/v2/chat",
        "ZENDESK_CHAT_TOKEN": "sandbox-token",
        "ZD_CHAT_REQUESTS_PER_MINUTE": "1000000",
        "ZENDESK_SUPPORT_URL": f"{sandbox.url}/api/v2",
        "ZENDESK_EMAIL": "agent@example.com",
        "ZENDESK_API_TOKEN": "sandbox-api-token",
        "ZD_SUPPORT_REQUESTS_PER_MINUTE": "1000000",
        "ZD_START_DATE": "2026-01-01",
        "ZD_LAKE": str(lake.root),
        **variables,
    }


def dagster(arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start `dagster ...`, its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "dagster", *arguments],
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_request(
    instance: dg.DagsterInstance,
    export: Export,
    request: dg.RunRequest,
    api: ZendeskApi,
    lake: Lake,
) -> dg.ExecuteInProcessResult:
    """Run what a sensor or schedule asked for, with its tags."""
    return dg.materialize(
        [export_asset(export, SITE)],
        instance=instance,
        partition_key=request.partition_key,
        tags=request.tags,
        run_config=request.run_config,
        resources={export.api.value: api, **lake_resources(lake)},
        raise_on_error=False,
    )
