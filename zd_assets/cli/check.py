"""`zd-assets check`: whether the settings, the account, the lake and Dagster will do."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import click
import dagster as dg
from rich.table import Table

from zd_assets.catalog.export import Api, Export
from zd_assets.cli.account import apis, exports_of, impatient
from zd_assets.cli.output import as_json, console, lake_of_environment, leave, print_json, tell
from zd_assets.defs.environment import check_environment
from zd_assets.defs.resources import ZendeskApi
from zd_assets.extract.options import query_of
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import writing
from zd_assets.zendesk.client import Body, Client
from zd_assets.zendesk.errors import ConfigurationError, ZendeskError
from zd_assets.zendesk.page import read_page
from zd_assets.zendesk.paginators import first_url

_ITEMS = 10
_SINCE_S = 86_400
# So much is forgiven: the API's own horizons are 60 and 300 seconds.
_CLOCK_S = 30
_STATUS = re.compile(r" answered (\d{3})\b")


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WRONG = "wrong"
    NOT_CONFIGURED = "not configured"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how that came out, and in which words; the HTTP status, if it is one."""

    what: str
    state: State
    says: str
    status: int | None = None


@dataclass(frozen=True)
class _Answer:
    finding: Finding
    ahead_s: float | None = None


@click.command()
@as_json
def main(as_json: bool) -> None:
    """Try the settings, each export, the clock, the lake and Dagster's instance.

    It asks Zendesk once for each export that ZD_EXPORTS names (all by default), out of the
    request budget that all runs share. An API without credentials is not configured, and nothing
    wrong as long as the other one is. Exits with 1 where something is wrong.

    \b
    Example:
      zd-assets check
    """
    found = [*_settings(), _lake(), _instance()]
    accounts = [_account(api, resource) for api, resource in apis().items()]
    for one in accounts:
        found += one
    if all(one[0].state is State.NOT_CONFIGURED for one in accounts):
        found.append(
            Finding("account", State.WRONG, "no API has credentials; set those of one of them")
        )
    is_well = all(finding.state is not State.WRONG for finding in found)
    if as_json:
        print_json({"is_well": is_well, "findings": found})
    else:
        _show(found)
    leave(is_well)


def _settings() -> Iterator[Finding]:
    try:
        check_environment()
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Finding("settings", State.WRONG, line)
    else:
        yield Finding("settings", State.OK, "every value that is set can be used")


def _lake() -> Finding:
    """Write a hidden file into the lake and remove it."""
    try:
        root = lake_of_environment().root
        path = root.joinpath(f".check-{uuid4().hex}")
        with writing(root):
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"zd_assets")
                path.unlink()
            else:
                with TemporaryDirectory() as folder:
                    content = Path(folder) / "check"
                    content.write_bytes(b"zd_assets")
                    path.put(content)
                path.remove()
    except LakeError as error:
        return Finding("lake", State.WRONG, str(error))
    return Finding("lake", State.OK, f"{root} can be written to")


def _instance() -> Finding:
    what = "Dagster instance"
    home = os.environ.get("DAGSTER_HOME")
    if not home:
        return Finding(
            what,
            State.WRONG,
            "DAGSTER_HOME isn't set: Dagster forgets its runs when it ends, and runs have no pools "
            "and no retries; zd-assets init writes one",
        )
    if not (Path(home) / "dagster.yaml").is_file():
        return Finding(
            what, State.WRONG, f"{home} has no dagster.yaml; zd-assets init writes one to copy"
        )
    try:
        with dg.DagsterInstance.get() as instance:
            runs = instance.get_runs_count()
    except Exception as error:  # Whatever its storage raises: it is told, not raised.
        return Finding(what, State.WRONG, f"{home}: {str(error).splitlines()[0]}")
    return Finding(what, State.OK, f"{home} holds {runs:,} runs")


def _account(api: Api, resource: ZendeskApi) -> list[Finding]:
    """Ask for each export of an API, until one answer tells of them all."""
    exports = exports_of(api)
    if not exports:
        return [Finding(api.value, State.NOT_CONFIGURED, "ZD_EXPORTS names none of its exports")]
    if missing := resource.missing_credentials():
        return [Finding(api.value, State.NOT_CONFIGURED, f"{missing}: nothing of it is exported")]
    try:
        client = impatient(resource.client(), attempts=1)
        left = client.budget.left()
    except ZendeskError as error:
        return [Finding(api.value, State.WRONG, str(error))]
    answers: list[_Answer] = []
    for export in exports:
        answers.append(_ask(resource, client, export))
        if answers[-1].finding.status in (None, 401):
            break
    findings = [answer.finding for answer in answers]
    rest = exports[len(answers) :]
    return [
        *_sign_in(api, client, findings),
        *_clock(api, [one.ahead_s for one in answers if one.ahead_s is not None]),
        Finding(
            f"{api} budget",
            State.OK,
            f"{client.budget.requests} requests a minute, of which {left} were free before this",
        ),
        *findings,
        *(
            Finding("/".join(one.path), State.NOT_ASKED, "the answer before would be the same")
            for one in rest
        ),
    ]


def _ask(resource: ZendeskApi, client: Client, export: Export) -> _Answer:
    what = "/".join(export.path)
    try:
        options = resource.options(export, full_refresh=False)
        endpoint = options.endpoint or export.endpoints[0]
        start_us = int((time.time() - _SINCE_S) * 1_000_000)
        query = query_of(export, options)
        url = first_url(client.base_url, endpoint, start_us, _ITEMS, query)

        def read(body: Body) -> tuple[int, float | None]:
            ahead_s = None if body.server_s is None else body.server_s - time.time()
            return len(read_page(export, endpoint, body).items), ahead_s

        items, ahead_s = client.get(url, read, notice=tell)
    except ZendeskError as error:
        match = _STATUS.search(str(error))
        # A setting of this export alone has no status, nor does a connection that fails.
        status = int(match[1]) if match else None
        return _Answer(Finding(what, State.WRONG, str(error), status))
    asked = "in the first page" if not endpoint.has_start_time else "of the last day at hand"
    return _Answer(Finding(what, State.OK, f"{items:,} items {asked}", 200), ahead_s)


def _sign_in(api: Api, client: Client, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield what the answers say of the address and of the sign-in."""
    statuses = {finding.status for finding in findings}
    what, with_what = f"{api} sign-in", f"{client.base_url}, with {client.auth.variables}"
    if 401 in statuses:
        yield Finding(what, State.WRONG, f"{with_what}: refused")
    elif statuses & {200, 403}:
        yield Finding(what, State.OK, with_what)
    else:
        yield Finding(what, State.NOT_ASKED, f"{with_what}: no answer tells")


def _clock(api: Api, ahead_s: Sequence[float]) -> Iterator[Finding]:
    if not ahead_s:
        return
    # The Date of an answer has whole seconds, and was set before the answer came.
    difference_s = round(sorted(ahead_s)[len(ahead_s) // 2])
    side = "ahead of" if difference_s > 0 else "behind"
    says = f"the server's is {abs(difference_s)} s {side} this machine's"
    if abs(difference_s) > _CLOCK_S:
        yield Finding(f"{api} clock", State.WRONG, f"{says}; set this machine's clock")
    else:
        yield Finding(f"{api} clock", State.OK, says)


def _show(found: Sequence[Finding]) -> None:
    styles = {State.OK: "green", State.WRONG: "bold red"}
    table = Table("what", "", "says", title="zd-assets check", title_justify="left")
    for one in found:
        style = styles.get(one.state, "yellow")
        state = f"{one.state} ({one.status})" if one.status else one.state.value
        table.add_row(one.what, f"[{style}]{state}[/]", _plain(one.says))
    out = console()
    out.print(table)
    if any(one.status in (403, 404) for one in found):
        out.print(
            "What the account doesn't have can be left out: ZD_EXPORTS names the exports that are "
            "wanted, separated by commas."
        )


def _plain(text: str) -> str:
    """Without the meaning that brackets have in a table."""
    return text.replace("[", r"\[")
