"""The component in a project that isn't ours, with one account and with two side by side."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.resolved.errors import ResolutionException

import zd_assets
from zd_assets import sandbox as zendesk_sandbox
from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKETS
from zd_assets.defs.build import build_definitions
from zd_assets.defs.component import ZendeskExports
from zd_assets.defs.exports.sensors import REASON_TAG
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.models.latest import GROUP
from zd_assets.sandbox import Running, Settings
from zd_assets.zendesk.errors import ConfigurationError
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import (
    PARTITIONS,
    chat_resource,
    cli_env,
    support_resource,
)
from zd_assets_tests.helpers.foreign_project import command, write_project
from zd_assets_tests.helpers.truth import assert_lake_is_true, day

PREFIXES = ("acme", "bravo")


def _account(prefix: str, sandbox: Running, lake: Lake) -> str:
    return f"""\
attributes:
  prefix: {prefix}
  start_date: 2026-01-01
  lake: {lake.root}
  chat:
    url: {sandbox.url}/api/v2/chat
    token: "{{{{ env.{prefix.upper()}_CHAT_TOKEN }}}}"
    requests_per_minute: "{{{{ env.BUDGET }}}}"
    page_size: 500
    drop: [chats.session.ip]
  support:
    url: {sandbox.url}/api/v2
    email: agent@example.com
    api_token: "{{{{ env.{prefix.upper()}_API_TOKEN }}}}"
    requests_per_minute: 1000000
    include: {{tickets: [users]}}
"""


@pytest.fixture
def other_sandbox() -> Iterator[Running]:
    """Another account, with other data and other secrets."""
    settings = Settings(
        **NO_LIMITS,
        seed=2,
        token="bravo-token",
        api_token="bravo-api-token",
        now=NOW,
        clock="frozen",
    )
    with zendesk_sandbox.start(settings) as running:
        yield running


@pytest.mark.slow
def test_two_accounts_side_by_side_land_in_their_own_lakes_and_keys(
    sandbox: Running, other_sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    accounts = dict(zip(PREFIXES, (sandbox, other_sandbox), strict=True))
    project = write_project(
        tmp_path / "project",
        **{prefix: _account(prefix, running, lake) for prefix, running in accounts.items()},
    )
    env = cli_env(sandbox, tmp_path / "home", lake)
    for name in ("ZENDESK_CHAT_URL", "ZENDESK_CHAT_TOKEN", "ZENDESK_EMAIL", "ZENDESK_API_TOKEN"):
        del env[name]
    env |= {"ACME_CHAT_TOKEN": "sandbox-token", "ACME_API_TOKEN": "sandbox-api-token"}
    env |= {"BRAVO_CHAT_TOKEN": "bravo-token", "BRAVO_API_TOKEN": "bravo-api-token"}
    env |= {"BUDGET": "1000000"}

    checked = command("dg", ["check", "yaml"], project, env)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    key = "2026-02-03"
    one = ["launch", "--assets", "acme/zendesk_chat/chats", "--partition", key]
    launched = command("dg", one, project, env)
    assert launched.returncode == 0, launched.stderr
    select = "bravo/zendesk_chat/chats,bravo/zendesk_support/tickets"
    materialize = ["asset", "materialize", "-m", "elsewhere.definitions", "--select", select]
    launched = command("dagster", [*materialize, "--partition", key], project, env)
    assert launched.returncode == 0, launched.stderr

    acme, bravo = (open_lake(str(lake.root / prefix)) for prefix in PREFIXES)
    assert not acme.files(TICKETS)
    assert_lake_is_true(other_sandbox, bravo, TICKETS, [day(key)])
    for running, own in ((sandbox, acme), (other_sandbox, bravo)):
        footer = own.footer(CHATS, day(key))
        assert footer
        start_s = day(key).start_us / 1e6
        assert footer.items == len(running.truth("chats", start_s, start_s + 86_400))
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        assert {one.to_user_string() for one in instance.all_asset_keys()} >= {
            "acme/zendesk_chat/chats",
            "bravo/zendesk_chat/chats",
            "bravo/zendesk_support/tickets",
        }
        events = " ".join(
            str(one) for r in instance.get_runs() for one in instance.all_logs(r.run_id)
        )
    for secret in ("sandbox-token", "bravo-token", "bravo-api-token"):
        assert secret not in events + launched.stdout + launched.stderr
    assert len(list(lake.root.iterdir())) == 2


def test_a_foreign_project_lists_what_its_yaml_asks_for(
    sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    wishes = "attributes: {exports: [chats, tickets], partitions: hour, start_date: 2026-01-01}\n"
    project = write_project(tmp_path / "project", zendesk=wishes)
    env = cli_env(sandbox, tmp_path / "home", lake)
    listed = command("dg", ["list", "defs", "--json"], project, env)
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout[listed.stdout.index("{") :])
    exports = {"zendesk_chat/chats", "zendesk_support/tickets"}
    # What ids in them are called.
    exports |= {"zendesk_chat/departments"}
    exports |= {f"zendesk_support/{name}" for name in ("groups", "brands", "ticket_fields")}
    keys = {one["asset_key"] for one in found["assets"]}
    assert {one for one in keys if not one.startswith(f"{GROUP}/")} == exports
    # Facts need what they are made of: without events there are no changes of tickets.
    assert {one.removeprefix(f"{GROUP}/") for one in keys - exports} == {
        *("chats_latest", "tickets_latest"),
        *("chat_engagements", "chat_messages", "chat_page_views", "chat_daily_summary"),
        "ticket_custom_fields",
        "support_report",
    }
    sensors = {"chats_follow_up", "tickets_follow_up", "analytics_automation"}
    sensors |= {"failure_alerts", "freshness_alerts"}
    assert {one["name"] for one in found["sensors"]} == sensors


def test_bad_yaml_is_refused_with_one_message_for_each_attribute_that_names_the_file(
    sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    bad = (
        ("perfix: acme", "attributes.perfix", "'perfix' was unexpected"),
        ("prefix: acme-1", "attributes.prefix", "'acme-1' does not match"),
        ("exports: [chats, tocks]", "attributes.exports.1", "'tocks' is not one of"),
        ("start_date: soon", "attributes.start_date", "'soon' is not valid"),
        ("chat: {page_size: lots}", "attributes.chat.page_size", "'lots' is not valid"),
        ("support: {token: x}", "attributes.support.token", "'token' was unexpected"),
    )
    yaml = "".join(["attributes:\n", *(f"  {line}\n" for line, _, _ in bad)])
    project = write_project(tmp_path / "project", acme=yaml)
    checked = command("dg", ["check", "yaml"], project, cli_env(sandbox, tmp_path / "home", lake))
    assert checked.returncode != 0
    said = [line for line in checked.stdout.splitlines() if "/defs/acme/defs.yaml:" in line]
    assert len(said) == len(bad)
    for number, (_, attribute, message) in enumerate(bad, start=3):
        [found] = [line for line in said if f"/defs/acme/defs.yaml:{number} - " in line]
        assert attribute in found
        assert message in found


@pytest.mark.parametrize(
    ("yaml", "attribute"),
    [
        ("support: {api_token: s3same}", "support.api_token"),
        ("support: {client_secret: s3same}", "support.client_secret"),
        ("chat: {budget_url: 'postgresql://me:s3same@host/db'}", "chat.budget_url"),
        ("chat: {hash_key: '{{ 7 }}s3same'}", "chat.hash_key"),
        ("alert_webhook: https://hooks.example/s3same", "alert_webhook"),
        ("alert_urls: slack://s3same/token", "alert_urls"),
    ],
)
def test_a_secret_that_stands_in_the_yaml_is_refused_without_being_shown(
    yaml: str, attribute: str
) -> None:
    with pytest.raises(ResolutionException) as raised:
        ZendeskExports.resolve_from_yaml(yaml)
    message = f'{attribute} is a secret: name the variable that holds it, as in "{{{{ env.'
    assert str(raised.value).startswith(message)
    assert "s3same" not in str(raised.value)


def test_what_a_variable_holds_isnt_read_before_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", "s3same")
    exports = ZendeskExports.resolve_from_yaml(
        "chat: {token: '{{ env.ACME_TOKEN }}', hash_key: \"{{ env('PEPPER') }}\"}\n"
        "lake: '{{ env.ACME_LAKE }}'"
    )
    assert isinstance(exports.chat.token, dg.EnvVar)
    assert exports.chat.token.env_var_name == "ACME_TOKEN"
    for named, name in ((exports.chat.hash_key, "PEPPER"), (exports.lake.location, "ACME_LAKE")):
        assert isinstance(named, dg.EnvVar)
        assert named.env_var_name == name
    assert "s3same" not in repr(exports)


def test_partitions_are_as_the_yaml_says_and_else_as_the_environment_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZD_PARTITION", "hour")
    monkeypatch.setenv("ZD_START_DATE", "2026-02-01")
    for yaml, first in (
        ("partitions: day", "2026-02-01"),
        ("start_date: 2026-01-15", "2026-01-15-00:00"),
    ):
        exports = ZendeskExports.resolve_from_yaml(yaml)
        definitions = exports.build_defs(dg.ComponentTree.for_test().load_context)
        assets = definitions.resolve_asset_graph()
        partitions_def = assets.get(dg.AssetKey(list(CHATS.path))).partitions_def
        assert partitions_def
        assert partitions_def.get_first_partition_key() == first


def test_the_yaml_of_the_documentation_is_taken() -> None:
    text = (Path(__file__).parents[1] / "docs/component.md").read_text()
    [_, rest] = text.split("type: zd_assets.ZendeskExports\nattributes:\n")
    exports = ZendeskExports.resolve_from_yaml(textwrap.dedent(rest.split("```")[0]))
    assert exports.prefix == "acme"
    assert exports.support.include == {"tickets": ["users"]}
    assert exports.build_defs(dg.ComponentTree.for_test().load_context).assets


def test_the_component_stands_on_the_packages_face() -> None:
    assert zd_assets.ZendeskExports is ZendeskExports
    assert "ZendeskExports" in dir(zd_assets)
    with pytest.raises(AttributeError, match="no attribute 'ZendeskImports'"):
        _ = zd_assets.ZendeskImports


def _names(definitions: dg.Definitions) -> dict[str, set[str]]:
    """What Dagster knows by a name, by kind."""
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    jobs = set(repository.job_names) - {"__ASSET_JOB"}
    return {
        "keys": {node.key.to_user_string() for node in nodes},
        "checks": {key.to_user_string() for key in graph.asset_check_keys},
        "groups": {node.group_name for node in nodes},
        "ops": {node.assets_def.op.name for node in nodes},
        "pools": {pool for node in nodes for pool in node.pools or ()},
        "sensors": {sensor.name for sensor in repository.sensor_defs},
        "schedules": {schedule.name for schedule in repository.schedule_defs},
        "jobs": {name.removeprefix("__anonymous_asset_job_") for name in jobs},
        "resources": set(repository.get_top_level_resources()) - {"io_manager"},
    }


def _definitions(prefix: str = "", lake: str | None = None) -> dg.Definitions:
    folder = LakeFolder(location=lake)
    return build_definitions(PARTITIONS, ZendeskChat(), ZendeskSupport(), folder, prefix=prefix)


def test_every_name_of_two_accounts_bears_its_prefix() -> None:
    plain = _names(_definitions())
    both = _names(dg.Definitions.merge(*(_definitions(prefix) for prefix in PREFIXES)))
    assert len(plain["checks"]) > len(plain["keys"]) > len(EXPORTS)
    for kind, names in plain.items():
        joint = {"keys": "/", "checks": "/", "ops": "__"}.get(kind, "_")
        assert both[kind] == {f"{prefix}{joint}{name}" for prefix in PREFIXES for name in names}


def test_a_prefix_that_cant_stand_in_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"prefix is 'a/b'; make it of letters, digits"):
        _definitions("a/b")


def test_column_lineage_names_the_accounts_own_assets(lake: Lake) -> None:
    definitions = _definitions("acme", str(lake.root))
    job = definitions.resolve_implicit_global_asset_job_def()
    latest = dg.AssetKey(["acme", GROUP, "chats_latest"])
    result = job.execute_in_process(asset_selection=[latest])
    [event] = result.asset_materializations_for_node("acme__analytics__chats_latest")
    lineage = event.metadata["dagster/column_lineage"].value
    assert isinstance(lineage, dg.TableColumnLineage)
    upstream = {dep.asset_key for deps in lineage.deps_by_column.values() for dep in deps}
    assert upstream == {dg.AssetKey(["acme", "zendesk_chat", "chats"])}


def test_the_sensors_of_each_account_follow_its_own(sandbox: Running, lake: Lake) -> None:
    sandbox.reset(**NO_LIMITS, chats_per_day=200, tickets_per_day=50)
    definitions = dg.Definitions.merge(
        *(
            build_definitions(
                PARTITIONS,
                chat_resource(sandbox),
                support_resource(sandbox),
                LakeFolder(location=str(lake.root)),
                prefix=prefix,
            )
            for prefix in PREFIXES
        )
    )
    repository = definitions.get_repository_def()
    resources: dict[str, dg.ConfigurableResource[object]] = {}
    for prefix in PREFIXES:
        resources[f"{prefix}_zendesk_chat"] = chat_resource(sandbox)
        resources[f"{prefix}_lake"] = LakeFolder(location=str(lake.root))
    with dg.DagsterInstance.ephemeral() as instance:

        def tick(prefix: str) -> dg.RunRequest | None:
            sensor = repository.get_sensor_def(f"{prefix}_chats_follow_up")
            context = dg.build_sensor_context(
                instance=instance, repository_def=repository, resources=resources
            )
            requests = sensor.evaluate_tick(context).run_requests
            return requests[0] if requests else None

        request = tick("acme")
        assert request
        assert request.asset_selection == [dg.AssetKey(["acme", "zendesk_chat", "chats"])]
        followed = repository.get_job("__anonymous_asset_job_acme_chats_follow_up")
        assert followed.execute_in_process(
            instance=instance,
            partition_key=request.partition_key,
            asset_selection=request.asset_selection,
            tags=request.tags,
        ).success
        assert tick("acme") is None, "caught up"
        other = tick("bravo")
        assert other
        assert other.tags[REASON_TAG].startswith("Nothing is in the lake yet")

        # A run of a whole job names no assets.
        instance.add_run(
            dg.DagsterRun(job_name="bravo_zendesk_chat", status=dg.DagsterRunStatus.STARTED)
        )
        assert tick("bravo") is None

        due = dg.evaluate_automation_conditions(
            definitions, instance, asset_selection=dg.AssetSelection.all()
        )
        asked = {one.key.to_user_string() for one in due.results if one.true_subset.size}
        assert asked == {"acme/analytics/chats_latest"}
    assert [path.name for path in lake.root.iterdir()] == ["acme"]


def _built(yaml: str, kind: type[ZendeskExports] = ZendeskExports) -> dg.RepositoryDefinition:
    exports = kind.resolve_from_yaml(f"exports: [chats, tickets]\n{yaml}")
    return exports.build_defs(dg.ComponentTree.for_test().load_context).get_repository_def()


def test_schedules_tick_when_the_yaml_says() -> None:
    built = _built("schedules: {nightly: '0 2 * * *', live_format: '0 5 * * 1'}")
    crons = {one.name: one.cron_schedule for one in built.schedule_defs}
    assert crons == {
        "zendesk_chat_nightly": "0 2 * * *",
        "zendesk_support_nightly": "0 2 * * *",
        "zendesk_chat_second_look": "40 3 * * *",
        "zendesk_support_second_look": "40 3 * * *",
        "prune_history_daily": "10 5 * * *",
        "zendesk_chat_reference_lists": "50 4 * * *",
        "zendesk_support_reference_lists": "50 4 * * *",
        "zendesk_support_live_format_daily": "0 5 * * 1",
    }


@pytest.mark.parametrize("cron", ["soon", "61 2 * * *"])
def test_a_schedule_that_is_none_is_refused(cron: str) -> None:
    with pytest.raises(Exception, match=r"cron|nightly"):
        _built(f"schedules: {{nightly: '{cron}'}}")


def test_owners_are_those_of_the_yaml_and_else_there_are_none() -> None:
    for yaml, owners in (
        ("", []),
        ("owners: ['team:support', a@b.org]", ["team:support", "a@b.org"]),
    ):
        graph = _built(yaml).asset_graph
        assert all(graph.get(key).owners == owners for key in graph.get_all_asset_keys())


def test_the_executor_is_the_projects_unless_the_yaml_names_one() -> None:
    job = _built("executor: in_process").get_job("zendesk_chat")
    assert job.executor_def.name == "in_process"
    assert _built("").get_job("zendesk_chat").executor_def.name == "multi_or_in_process_executor"
    merged = dg.Definitions.merge(
        *(ZendeskExports(prefix=one, executor="in_process").build_defs() for one in PREFIXES)
    )
    assert merged.executor is dg.in_process_executor


class _Tagged(ZendeskExports):
    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        return super().get_asset_spec(spec).merge_attributes(tags={"domain": "support"})


class _Renamed(ZendeskExports):
    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(key=spec.key.with_prefix("raw"))


def test_a_subclass_changes_the_specs_of_all_assets() -> None:
    graph = _built("owners: ['team:x']", _Tagged).asset_graph
    for key in graph.get_all_asset_keys():
        assert graph.get(key).tags["domain"] == "support"
        assert graph.get(key).owners == ["team:x"]
    plain = _built("").asset_graph
    for key in graph.get_all_asset_keys():
        changed, before = graph.get(key), plain.get(key)
        assert changed.pools == before.pools
        assert changed.partitions_def == before.partitions_def
        assert changed.backfill_policy == before.backfill_policy
        assert changed.parent_keys == before.parent_keys
        assert changed.check_keys == before.check_keys
        assert (changed.automation_condition is None) == (before.automation_condition is None)


def test_a_subclass_that_changes_a_key_is_told_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match="another key or other partitions; set `prefix`"):
        _built("", _Renamed)


def test_an_export_is_polled_at_its_own_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZD_POLL_INTERVAL", "77")
    yaml = "chat: {poll_intervals_s: {chats: 60}}\nsupport: {poll_interval_s: 900}"
    exports = ZendeskExports.resolve_from_yaml(yaml)
    assert exports.chat.poll_interval(CHATS) == 60
    assert exports.chat.poll_interval(AGENT_TIMELINE) == 77
    assert exports.support.poll_interval(TICKETS) == 900
    with pytest.raises(ConfigurationError, match="poll_intervals_s is 0; it must be at least 1"):
        ZendeskChat(poll_intervals_s={"chats": 0}).poll_interval(CHATS)
    with pytest.raises(ConfigurationError, match="poll_intervals_s: there is no export 'tickets'"):
        ZendeskChat(poll_intervals_s={"tickets": 9}).tuned(CHATS)


def test_two_accounts_without_a_prefix_are_told_to_set_one(
    sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    wishes = "attributes: {exports: [chats]}\n"
    project = write_project(tmp_path / "project", one=wishes, two=wishes)
    env = cli_env(sandbox, tmp_path / "home", lake)
    checked = command("dg", ["check", "defs"], project, env)
    assert checked.returncode != 0
    said = checked.stdout + checked.stderr
    assert "several accounts of this project have no `prefix`; set another `prefix`" in said


def test_a_scaffolded_account_loads_and_holds_no_secret(
    sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "project")
    env = cli_env(sandbox, tmp_path / "home", lake)
    scaffold = ["scaffold", "defs", "zd_assets.ZendeskExports"]
    for arguments in (["acme", "--prefix", "acme", "--subdomain", "acme-inc"], ["plain"]):
        made = command("dg", [*scaffold, *arguments], project, env)
        assert made.returncode == 0, made.stdout + made.stderr
    acme, plain = (
        (project / f"src/elsewhere/defs/{one}/defs.yaml").read_text() for one in ("acme", "plain")
    )
    assert 'subdomain: "acme-inc"' in acme
    for variable in ("CHAT_TOKEN", "EMAIL", "API_TOKEN"):
        assert f"{{{{ env.ACME_ZENDESK_{variable} }}}}" in acme
        assert f"{{{{ env.ZENDESK_{variable} }}}}" in plain
    listed = command("dg", ["list", "defs", "--json"], project, env)
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout[listed.stdout.index("{") :])
    keys = {one["asset_key"] for one in found["assets"]}
    assert {"acme/zendesk_chat/chats", "zendesk_chat/chats"} <= keys
    checked = command("dg", ["check", "yaml"], project, env)
    assert checked.returncode == 0, checked.stdout
