"""Alerts: real failing runs, the sensors' ticks, and a webhook that remembers what it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dagster as dg
import pytest
import time_machine

from zd_assets.catalog.chat import CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.catalog.export import Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.alerts.errors import AlertError
from zd_assets.defs.alerts.webhook import MOST_CHARACTERS, AlertWebhook
from zd_assets.defs.build import build_definitions
from zd_assets.defs.resources import LakeFolder
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.errors import ConfigurationError
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import PARTITIONS, chat_resource, support_resource
from zd_assets_tests.helpers.secrecy import SECRET, assert_secret_in_no_error
from zd_assets_tests.helpers.truth import day

DAY = "2026-02-03"
BROKEN = [{"kind": "status", "status": 400, "times": -1}]
UNAVAILABLE = [{"kind": "status", "status": 503, "times": -1}]


@dataclass
class Webhook:
    """A webhook on this machine."""

    url: str = ""
    status: int = 200
    told: list[str] = field(default_factory=list)

    def news(self) -> list[str]:
        """What it was told since it was asked last."""
        told, self.told = self.told, []
        return told


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert list(body) == ["text"]
            if known.status == 200:
                known.told.append(body["text"])
            self.send_response(known.status)
            self.send_header("Location", f"/elsewhere/{SECRET}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Webhook(f"http://127.0.0.1:{server.server_port}/services/{SECRET}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Watch:
    """The sensors, tick by tick, and runs of the exports that they watch."""

    sandbox: Running
    lake: Lake
    instance: dg.DagsterInstance
    webhook: Webhook
    clock: time_machine.Traveller
    cursors: dict[str, str | None] = field(default_factory=dict)

    def definitions(self, **chat: Any) -> dg.Definitions:
        return build_definitions(
            PARTITIONS,
            chat_resource(self.sandbox, **{"attempts": 1, **chat}),
            support_resource(self.sandbox),
            LakeFolder(location=str(self.lake.root)),
            AlertWebhook(url=self.webhook.url),
        )

    def run(
        self, *exports: Export, key: str = DAY, tags: dict[str, str] | None = None, **chat: Any
    ) -> dg.ExecuteInProcessResult:
        job = self.definitions(**chat).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(list(export.path)) for export in exports],
            partition_key=key,
            tags=tags or {},
            raise_on_error=False,
        )

    def breaks(self, faults: list[dict[str, Any]] = BROKEN) -> None:
        self.sandbox.faults(faults)

    def heals(self) -> None:
        self.sandbox.reset(**NO_LIMITS, now=NOW, clock="frozen")

    def tick(self, name: str = "failure_alerts", after: timedelta = timedelta(minutes=1)) -> str:
        """What the sensor says, a while later; it is loaded again each time."""
        self.clock.shift(after)
        repository = self.definitions().get_repository_def()
        sensor = repository.get_sensor_def(name)
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(name),
            resources={
                "alert_webhook": AlertWebhook(url=self.webhook.url),
                "lake": LakeFolder(location=str(self.lake.root)),
            },
        )
        said = sensor.evaluate_tick(context)
        self.cursors[name] = context.cursor
        return said.skip_message or ""


@contextmanager
def _watch(
    sandbox: Running, lake: Lake, instance: dg.DagsterInstance, webhook: Webhook
) -> Iterator[Watch]:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=True) as clock:
        yield Watch(sandbox, lake, instance, webhook, clock)


@pytest.fixture
def watch(sandbox: Running, lake: Lake, webhook: Webhook) -> Iterator[Watch]:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        _watch(sandbox, lake, instance, webhook) as watch,
    ):
        assert watch.tick() == "Watching from now on."
        yield watch


def test_one_alert_for_one_cause_and_one_when_it_is_over(watch: Watch) -> None:
    assert watch.run(CHATS).success
    watch.tick()
    assert watch.webhook.news() == []

    watch.breaks()
    first = watch.run(CHATS)
    assert not first.success
    watch.tick()
    [told] = watch.webhook.news()
    assert told.startswith("FAILED: zendesk_chat/chats: ")
    assert "answered 400" in told
    assert told.endswith(f"(run {first.run_id[:8]})")

    for key in (DAY, "2026-02-04", "2026-02-05"):
        assert not watch.run(CHATS, key=key).success
        assert watch.tick() == "1 assets fail."
    assert watch.webhook.news() == []

    watch.heals()
    assert watch.run(CHATS, key="2026-02-05").success
    watch.tick()
    assert watch.webhook.news() == [], "two of the days are still to be made"
    for key in (DAY, "2026-02-04"):
        assert watch.run(CHATS, key=key).success
    watch.tick()
    assert watch.webhook.news() == ["OVER: zendesk_chat/chats: made since"]
    assert watch.tick() == "0 assets fail."
    assert watch.webhook.news() == []


def test_what_failed_before_the_sensor_was_switched_on_is_no_news(watch: Watch) -> None:
    watch.cursors.clear()
    watch.breaks()
    assert not watch.run(CHATS).success
    watch.tick()
    watch.tick()
    assert watch.webhook.news() == []


def test_a_failed_run_is_told_of_even_if_another_succeeds_before_the_tick(watch: Watch) -> None:
    watch.breaks()
    assert not watch.run(CHATS).success
    watch.heals()
    assert watch.run(CHATS, key="2026-02-04").success
    watch.tick()
    [told] = watch.webhook.news()
    assert told.startswith("FAILED: zendesk_chat/chats")


def test_more_failures_than_a_tick_reads_are_told_of_by_the_next(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zd_assets.defs.alerts.failures._MOST_RUNS", 2)
    watch.breaks()
    for export in (CHATS, CONVERSIONS, DEPARTMENT_EVENTS):
        assert not watch.run(export).success
    ticks = []
    for _ in range(3):
        watch.tick()
        ticks.append("\n".join(watch.webhook.news()).count("FAILED: "))
    assert ticks == [2, 1, 0]


def test_what_fails_for_one_reason_is_one_message(watch: Watch) -> None:
    assert not watch.run(CHATS, CONVERSIONS, token=None).success
    watch.tick()
    [told] = watch.webhook.news()
    [line] = told.splitlines()
    assert line.startswith("FAILED: zendesk_chat/chats, zendesk_chat/conversions: ZENDESK_CHAT_")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_isnt_allowed_isnt_tried_again_and_alerts_once(
    status: int, sandbox: Running, lake: Lake, webhook: Webhook
) -> None:
    retries = {"run_retries": {"enabled": True, "max_retries": 3}}
    with (
        dg.instance_for_test(overrides=retries) as instance,
        _watch(sandbox, lake, instance, webhook) as watch,
    ):
        watch.tick()
        refused = {"status": status, "export": "chats", "times": -1}
        watch.breaks([{"kind": "status", **refused}])
        # The other export isn't held up.
        first = watch.run(CHATS, CONVERSIONS)
        again = watch.run(CHATS)
        for run in (first, again):
            assert not run.success
            record = instance.get_run_by_id(run.run_id)
            assert record
            assert record.tags["dagster/will_retry"] == "false"
        assert lake.footer(CONVERSIONS, day(DAY))
        for _ in range(2):
            watch.tick()
        [told] = webhook.news()
        assert told.startswith("FAILED: zendesk_chat/chats: ")
        assert f"answered {status}" in told


def test_a_run_that_the_instance_tries_again_alerts_when_the_tries_are_over(
    sandbox: Running, lake: Lake, webhook: Webhook
) -> None:
    retries = {"run_retries": {"enabled": True, "max_retries": 1}}
    with (
        dg.instance_for_test(overrides=retries) as instance,
        _watch(sandbox, lake, instance, webhook) as watch,
    ):
        watch.tick()
        watch.breaks(UNAVAILABLE)
        first = watch.run(CHATS)
        for _ in range(2):
            watch.tick()
        assert webhook.news() == []
        second = watch.run(CHATS, tags={"dagster/max_retries": "0"})
        instance.add_run_tags(first.run_id, {"dagster/auto_retry_run_id": second.run_id})
        watch.tick()
        [told] = webhook.news()
        assert told.endswith(f"(run {second.run_id[:8]})")

        # Given up without another try.
        watch.heals()
        assert watch.run(CHATS).success
        watch.tick()
        assert webhook.news() == ["OVER: zendesk_chat/chats: made since"]
        watch.breaks(UNAVAILABLE)
        third = watch.run(CHATS)
        watch.tick()
        assert webhook.news() == []
        instance.add_run_tags(third.run_id, {"dagster/will_retry": "false"})
        watch.tick()
        [told] = webhook.news()
        assert told.endswith(f"(run {third.run_id[:8]})")


def test_a_run_whose_process_died_is_told_of_with_what_it_was_to_make(watch: Watch) -> None:
    definitions = watch.definitions()
    job = definitions.resolve_implicit_global_asset_job_def()
    run = watch.instance.create_run_for_job(
        job,
        asset_selection=frozenset({dg.AssetKey(["analytics", "chats_latest"])}),
        status=dg.DagsterRunStatus.STARTED,
    )
    watch.instance.report_run_failed(run)
    watch.tick()
    [told] = watch.webhook.news()
    assert told.startswith("FAILED: analytics/chats_latest: no step says why")
    assert job.execute_in_process(
        instance=watch.instance, asset_selection=[dg.AssetKey(["analytics", "chats_latest"])]
    ).success
    watch.tick()
    assert watch.webhook.news() == ["OVER: analytics/chats_latest: made since"]


def test_of_a_run_that_died_what_it_had_made_isnt_told_of(watch: Watch) -> None:
    made, unmade = (dg.AssetKey(list(export.path)) for export in (CHATS, CONVERSIONS))
    assert watch.run(CHATS).success
    [last] = watch.instance.get_runs(limit=1)
    job = watch.definitions().resolve_implicit_global_asset_job_def()
    died = watch.instance.create_run_for_job(
        job,
        asset_selection=frozenset({made, unmade}),
        tags={"dagster/partition": DAY},
        status=dg.DagsterRunStatus.STARTED,
    )
    # The events of a run that made the first, and was killed amid the second.
    for record in watch.instance.all_logs(last.run_id, of_type={dg.DagsterEventType.STEP_SUCCESS}):
        watch.instance.handle_new_event(record._replace(run_id=died.run_id))
    watch.instance.report_run_failed(died)
    watch.tick()
    [told] = watch.webhook.news()
    assert told.startswith("FAILED: zendesk_chat/conversions: no step says why")


def test_what_isnt_ours_is_told_of_by_its_type_alone(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"who knows what stands here: {SECRET}")

    monkeypatch.setattr("zd_assets.defs.exports.materialize.extract", broken)
    assert not watch.run(CHATS).success
    watch.tick()
    [told] = watch.webhook.news()
    assert told.startswith("FAILED: zendesk_chat/chats: RuntimeError (run ")


def test_what_the_webhook_didnt_take_is_told_again(watch: Watch) -> None:
    watch.breaks()
    assert not watch.run(CHATS).success
    watch.webhook.status = 503
    with pytest.raises(AlertError) as raised:
        watch.tick()
    assert_secret_in_no_error(raised.value)
    watch.webhook.status = 200
    watch.tick()
    assert len(watch.webhook.news()) == 1


def test_an_export_is_stale_once_and_fresh_once(watch: Watch) -> None:
    name = "freshness_alerts"
    watch.tick(name)
    assert watch.run(CHATS).success
    watch.tick(name, timedelta(hours=53))
    assert watch.webhook.news() == [], "and what was never materialized isn't stale"
    watch.tick(name, timedelta(hours=2))
    assert watch.webhook.news() == [
        "STALE: zendesk_chat/chats: nothing was committed since 2026-03-01 12:02 UTC, "
        "for more than 54 hours"
    ]
    watch.tick(name, timedelta(hours=2))
    assert watch.webhook.news() == []
    assert watch.run(CHATS).success
    watch.tick(name)
    watch.tick(name)
    assert watch.webhook.news() == ["FRESH: zendesk_chat/chats"]


def test_a_long_text_is_told_whole_in_several_messages_that_the_webhook_takes(
    webhook: Webhook,
) -> None:
    lines = [f"{number}: {'x' * 700}" for number in range(20)]
    AlertWebhook(url=webhook.url).tell("\n".join(lines))
    told = webhook.news()
    assert len(told) == 5
    assert all(len(message) <= MOST_CHARACTERS for message in told)
    assert "\n".join(told).splitlines() == lines


def test_a_line_that_is_too_long_alone_is_told_whole_too(webhook: Webhook) -> None:
    AlertWebhook(url=webhook.url).tell("first\n" + "x" * 10_000 + "\nlast")
    told = webhook.news()
    assert all(len(message) <= MOST_CHARACTERS for message in told)
    assert "".join(told).replace("\n", "") == "first" + "x" * 10_000 + "last"


def test_many_failures_are_all_told_of_before_they_count_as_told(watch: Watch) -> None:
    assets = [_failing(export) for export in EXPORTS]
    assert not dg.materialize(
        assets, instance=watch.instance, partition_key=DAY, raise_on_error=False
    ).success
    watch.tick()
    told = watch.webhook.news()
    assert len(told) > 1
    assert all(len(message) <= MOST_CHARACTERS for message in told)
    for export in EXPORTS:
        assert sum(f"reason of {export.name}: " in message for message in told) == 1
    assert watch.tick() == f"{len(EXPORTS)} assets fail."


def _failing(export: Export) -> dg.AssetsDefinition:
    """An asset by the key of an export, which fails for a long reason of its own."""

    @dg.asset(key=dg.AssetKey(list(export.path)), partitions_def=PARTITIONS)
    def _asset() -> None:
        raise dg.Failure(f"reason of {export.name}: {'x' * 360}")

    return _asset


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_an_error_without_its_address(
    status: int, webhook: Webhook
) -> None:
    webhook.status = status
    with pytest.raises(
        AlertError, match=f"the webhook answered {status}; check ZD_ALERT"
    ) as raised:
        AlertWebhook(url=webhook.url).tell("text")
    assert_secret_in_no_error(raised.value)
    assert webhook.news() == []


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        (None, ConfigurationError, "neither ZD_ALERT_URLS nor ZD_ALERT_WEBHOOK is set"),
        (f"http://hooks.example/{SECRET}", ConfigurationError, "ZD_ALERT_WEBHOOK is no https"),
        (f"file:///{SECRET}", ConfigurationError, "ZD_ALERT_WEBHOOK is no https"),
        (SECRET, ConfigurationError, "ZD_ALERT_WEBHOOK is no https"),
        (f"http://127.0.0.1:1/{SECRET}", AlertError, "the webhook can't be reached"),
        (f"https://no-such-host.invalid/{SECRET}", AlertError, "the webhook can't be reached"),
    ],
)
def test_a_webhook_that_cant_be_used_is_an_error_without_its_address(
    url: str | None, error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZD_ALERT_WEBHOOK", raising=False)
    with pytest.raises(error, match=message) as raised:
        AlertWebhook(url=url).tell("text")
    assert_secret_in_no_error(raised.value)


def test_the_address_is_taken_from_the_environment(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_ALERT_WEBHOOK", webhook.url)
    AlertWebhook().tell("text")
    assert webhook.news() == ["text"]
    assert SECRET not in repr(AlertWebhook(url=webhook.url))
