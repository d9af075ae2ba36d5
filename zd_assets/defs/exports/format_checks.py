"""Checks of the live format: whether what the API answers today is what the columns expect.

They have ten requests in twenty minutes. So they run on demand and by a daily job of their own,
not along with what jobs, sensors and schedules materialize.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from zd_assets.catalog.export import Api, Endpoint, Export
from zd_assets.defs.dagster_api import selected_assets
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.resources import ZendeskSupport
from zd_assets.zendesk.errors import ZendeskError

if TYPE_CHECKING:
    from zd_assets.lake.format import Comparison
    from zd_assets.zendesk.client import Client

CHECK = "live_format"
LIVE_FORMAT = "30 4 * * *"
FORMAT_JOB = f"{Api.SUPPORT.value}_{CHECK}"

# Whatever its age, an item comes in today's format; a week brings some on a quiet account, too.
_SINCE_DAYS = 7

_CONSEQUENCES = {
    "new": "kept in `_extra`",
    "drifted": "whose values are kept in `_extra`",
    "missing": "whose columns stay null",
}
# The sentence names so many paths of a kind; the metadata have all.
_MOST_NAMED = 5


def format_check(
    export: Export, endpoint: Endpoint, namespace: Namespace
) -> dg.AssetChecksDefinition:
    """Yield the check of an export that this endpoint gives samples of; nothing is written."""

    @dg.multi_asset_check(
        name=namespace.name(export.name, CHECK),
        specs=[
            dg.AssetCheckSpec(
                name=CHECK,
                asset=namespace.key(export.path),
                description=f"Asks for up to {endpoint.page_size} {export.name} of the last "
                f"{_SINCE_DAYS} days and compares their attributes with the columns: new, drifted "
                "and missing ones.",
            )
        ],
        required_resource_keys={namespace.name(export.api.value)},
        # So that it may have no result where it must not hold up a materialization.
        can_subset=True,
    )
    def _check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        try:
            support = namespace.api(context.resources, export.api)
            assert isinstance(support, ZendeskSupport)
            client = support.sample_client()
            if not client.budget.left():
                spent = f"the {client.budget.requests} samples of the last twenty minutes are spent"
                if selected_assets(context):
                    context.log.warning(f"not checked: {spent}")
                    return
                context.log.info(f"waiting: {spent}")
            yield _result(context, export, endpoint, client)
        except ZendeskError as error:
            # Not the run's failure: what it materialized is as it should be.
            yield dg.AssetCheckResult(
                passed=False,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"The sample can't be had: {error}",
            )

    return _check


def format_schedule(namespace: Namespace, cron: str = LIVE_FORMAT) -> dg.ScheduleDefinition:
    """Check the format of all exports that have samples, when `cron` says, UTC."""

    @dg.schedule(
        name=namespace.name(FORMAT_JOB, "daily"),
        job_name=namespace.name(FORMAT_JOB),
        cron_schedule=cron,
        execution_timezone="UTC",
        required_resource_keys={namespace.name(Api.SUPPORT.value)},
        description="Compares what the Support API answers now with the columns of the exports.",
    )
    def _daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return namespace.no_credentials(context.resources, Api.SUPPORT) or dg.RunRequest()

    return _daily


def _result(
    context: dg.AssetCheckExecutionContext, export: Export, endpoint: Endpoint, client: "Client"
) -> dg.AssetCheckResult:
    from zd_assets.extract.sample import sample

    since_s = int(time.time()) - _SINCE_DAYS * 86_400
    found = sample(export, endpoint, client, since_s * 1_000_000, context.log.warning)
    return dg.AssetCheckResult(
        passed=found.fits,
        severity=dg.AssetCheckSeverity.WARN,
        description=_sentence(found),
        metadata={
            "items": found.items,
            "since": dg.MetadataValue.timestamp(datetime.fromtimestamp(since_s, UTC)),
            **{
                kind: dg.MetadataValue.json(dict(times))
                for kind, times in _differences(found).items()
            },
        },
    )


def _sentence(found: "Comparison") -> str:
    if not found.items:
        return f"Nothing changed in the last {_SINCE_DAYS} days: there was nothing to compare."
    if found.fits:
        return f"All {found.items} items have the attributes that the columns expect."
    said = [
        f"{len(times)} {kind} ({_paths(times)}), {_CONSEQUENCES[kind]}"
        for kind, times in _differences(found).items()
    ]
    return f"Attributes of {found.items} items: {'; '.join(said)}."


def _paths(times: Mapping[str, int]) -> str:
    """Return the first of some paths."""
    named = [f"`{path}`" for path in list(times)[:_MOST_NAMED]]
    more = [f"{len(times) - _MOST_NAMED} more"] if len(times) > _MOST_NAMED else []
    return ", ".join(named + more)


def _differences(found: "Comparison") -> dict[str, Mapping[str, int]]:
    """Return how often, by path; without the values, which can be personal data."""
    kinds = {"new": found.new, "drifted": found.drifted, "missing": found.missing}
    return {kind: times for kind, times in kinds.items() if times}
