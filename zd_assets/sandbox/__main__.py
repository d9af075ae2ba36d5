"""`python -m zd_assets.sandbox`: run a sandbox from the command line."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from zd_assets.sandbox.server import run
from zd_assets.sandbox.settings import Settings, changed
from zd_assets.sandbox.timestamps import parse_us

_DEFAULTS = Settings()


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", default=8765, help="Port to listen on; 0 takes any free one.")
@click.option(
    "--like",
    type=click.Choice(["observed", "documented"]),
    default=_DEFAULTS.like,
    help="As real accounts are reported to answer, or as the API documents have it.",
)
@click.option("--seed", default=_DEFAULTS.seed, help="Chooses the seeded data.")
@click.option(
    "--start", default=str(_DEFAULTS.start), help="UTC day of the first seeded chats and tickets."
)
@click.option(
    "--chats-per-day",
    default=_DEFAULTS.chats_per_day,
    help="New chats on an average day; the other Chat exports scale with it.",
)
@click.option(
    "--tickets-per-day",
    default=_DEFAULTS.tickets_per_day,
    help="New tickets on an average day; the other Support exports scale with it.",
)
@click.option("--seeded/--no-seeded", default=True, help="Serve seeded items at all.")
@click.option(
    "--odd/--no-odd", default=True, help="Let one item in 250 not look like the document."
)
@click.option(
    "--pages",
    type=click.Choice(["full", "documented"]),
    default=_DEFAULTS.pages,
    help="Full pages until the newest data, or count < limit while more remain.",
)
@click.option("--latency", default=_DEFAULTS.latency, help="Seconds added to each page.")
@click.option(
    "--requests-per-minute",
    default=_DEFAULTS.requests_per_minute,
    help="Chat requests allowed in any 60 seconds.",
)
@click.option("--token", default=_DEFAULTS.token, help="The accepted Chat access token.")
@click.option(
    "--support-requests-per-minute",
    default=_DEFAULTS.support_requests_per_minute,
    help="Support requests allowed in any 60 seconds.",
)
@click.option("--email", default=_DEFAULTS.email, help="Whose Support API token is accepted.")
@click.option("--api-token", default=_DEFAULTS.api_token, help="The accepted Support API token.")
@click.option("--oauth-token", default=_DEFAULTS.oauth_token, help="The accepted OAuth token.")
@click.option("--client-id", default=_DEFAULTS.client_id, help="The accepted OAuth client.")
@click.option("--client-secret", default=_DEFAULTS.client_secret, help="Its secret.")
@click.option(
    "--token-lifetime",
    default=_DEFAULTS.token_lifetime,
    help="Seconds after which a client's access token expires.",
)
@click.option("--now", help="The sandbox's time, ISO 8601 or epoch seconds.  [default: real time]")
@click.option(
    "--clock",
    type=click.Choice(["running", "frozen"]),
    default=_DEFAULTS.clock,
    help="Whether the sandbox's time goes on by itself.",
)
@click.option(
    "--clock-skew",
    default=_DEFAULTS.clock_skew,
    help="Seconds by which Date, and what counts as too recent, are ahead of the time.",
)
@click.option(
    "--too-recent-status",
    type=click.Choice(["400", "422"]),
    default=str(_DEFAULTS.too_recent_status),
    callback=lambda context, parameter, value: int(value),
    help="Status of Support's StartTimeTooRecent.",
)
@click.option(
    "--advance-per-request",
    default=_DEFAULTS.advance_per_request,
    help="Seconds the clock jumps after each served page.",
)
@click.option(
    "--item-cache",
    default=_DEFAULTS.item_cache,
    help="Encoded seeded items kept in memory, for each export.",
)
@click.option(
    "--overlap/--no-overlap",
    default=None,
    help="Let time-based pages repeat their boundary second.  [default: as --like says]",
)
@click.option(
    "--second-cap",
    type=int,
    help="Most items of a time-based page of one second.  [default: the whole second]",
)
@click.option(
    "--grouped/--no-grouped",
    default=_DEFAULTS.grouped,
    help="Group routing instance values by attribute value, as documented.",
)
@click.option(
    "--lenient/--no-lenient",
    default=None,
    help="Cap sizes of Support's pages, take whole decimals.  [default: as --like says]",
)
@click.option(
    "--recorded-headers/--no-recorded-headers",
    default=None,
    help="Compress and chunk pages, with an ETag and limits.  [default: as --like says]",
)
@click.option(
    "--ai-agent-share",
    default=_DEFAULTS.ai_agent_share,
    help="Share of the tickets that only come with support_type_scope=all or ai_agent.",
)
@click.option(
    "--late-rate",
    default=_DEFAULTS.late_rate,
    help="Share of the seeded items that are shown later than their own time.",
)
@click.option("--late-by", default=_DEFAULTS.late_by, help="Seconds they are late at most.")
@click.option(
    "--late-law",
    type=click.Choice(["exponential", "uniform"]),
    default=_DEFAULTS.late_law,
    help="Late mostly by little, or evenly.",
)
@click.option(
    "--late-exports",
    default=_DEFAULTS.late_exports,
    help="Exports with late items, separated by commas.  [default: all]",
)
@click.option(
    "--older-events-rate",
    default=_DEFAULTS.older_events_rate,
    help="Share of the ticket events with which older ones of their ticket come again.",
)
@click.option(
    "--automation-rate",
    default=_DEFAULTS.automation_rate,
    help="Share of hours whose solved tickets an automation solves, without an event.",
)
@click.option(
    "--late-activation-rate",
    default=_DEFAULTS.late_activation_rate,
    help="Share of tickets whose reply time is activated after it was fulfilled.",
)
@click.option(
    "--answered-dropped-rate",
    default=_DEFAULTS.answered_dropped_rate,
    help="Share of answered chats that count as dropped all the same.",
)
def main(host: str, port: int, **options: Any) -> None:
    """Serve the Zendesk incremental exports locally, with seeded data and faults on request."""
    try:
        settings = changed(_DEFAULTS, options)
        if settings.now is not None:
            parse_us(settings.now)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    asyncio.run(run(settings, host, port))


if __name__ == "__main__":
    main(prog_name="python -m zd_assets.sandbox")
