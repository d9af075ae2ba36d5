"""The files of `deploy/` that nothing here can start: what can be told of them without starting."""

import re
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from zd_assets.cli.instance import INSTANCE

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
VALUES = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())
CODE = VALUES["dagster-user-deployments"]["deployments"][0]
DOCKER = yaml.safe_load((DEPLOY / "docker" / "compose.yaml").read_text())
# The services that are our image; the others are as their makers have them.
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
OURS_BY_DOCKER = {
    name: service for name, service in DOCKER["services"].items() if "build" in service
}
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and path.name != ".env"]
VARIABLE = re.compile(r"\b(?:ZD|ZENDESK|DAGSTER|CELERY|AWS|POSTGRES)_[A-Z][A-Z_]*\b")
# What others read: Dagster, the image of Postgres, the bucket's client.
FOREIGN = {"DAGSTER_HOME", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_USER"}
FOREIGN |= {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"}
EXAMPLE = dict(
    line.removeprefix("# ").split("=", 1)
    for line in (DEPLOY / "example.env").read_text().splitlines()
    if re.match(r"(# )?[A-Z_]+=", line)
)


def test_every_variable_named_is_read() -> None:
    read = FOREIGN | _config_variables(DEPLOY.rglob("*.yaml"))
    for path in (ROOT / "zd_assets").rglob("*.py"):
        read |= set(VARIABLE.findall(path.read_text()))
    files = ["compose.yaml", "example.env", "Dockerfile", "README.md", "kubernetes/values.yaml"]
    files += ["docker/compose.yaml", "systemd/zd-assets-.service.d/process.conf"]
    unread = {
        (name, variable)
        for name in files
        for variable in VARIABLE.findall((DEPLOY / name).read_text())
        if variable not in read
    }
    assert not unread
    assert not set(EXAMPLE) - read
    assert not {variable["name"] for variable in CODE["env"]} - read


@pytest.mark.parametrize(
    ("services", "launcher", "name"),
    [
        *((OURS, "celery", name) for name in OURS),
        *((OURS_BY_DOCKER, "docker", name) for name in OURS_BY_DOCKER),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_service_has_every_variable_that_its_configuration_reads(
    services: dict[str, Any], launcher: str, name: str
) -> None:
    service = services[name]
    given = set(service["environment"]) | (set(EXAMPLE) if "env_file" in service else set())
    configuration = [DEPLOY / "dagster.yaml", DEPLOY / launcher / "launcher.yaml"]
    assert not _config_variables([*configuration, DEPLOY / "workspace.yaml"]) - given
    assert service["build"]["dockerfile"] == "deploy/Dockerfile"
    if launcher != "celery":
        instance = service["build"]["args"]["INSTANCE"]
        assert instance == f"dagster.yaml {launcher}/launcher.yaml"


def test_the_daemon_has_every_variable_that_it_hands_to_a_run_s_container() -> None:
    handed = _launcher("docker")["config"]["env_vars"]
    daemon = OURS_BY_DOCKER["daemon"]
    # Not those that the file has as a comment: a variable that isn't set is an error.
    text = (DEPLOY / "example.env").read_text()
    set_there = set(re.findall(r"(?m)^([A-Z_]+)=", text)) | set(daemon["environment"])
    assert daemon["env_file"] == "../.env"
    assert not set(handed) - set_there
    assert set(handed) > {
        "ZENDESK_SUBDOMAIN",
        "ZD_LAKE",
        *_config_variables([DEPLOY / "dagster.yaml"]),
    }


def test_a_run_s_container_is_of_the_same_image_network_and_volume() -> None:
    config = _launcher("docker")["config"]
    assert {service["image"] for service in OURS_BY_DOCKER.values()} == {config["image"]}
    assert [DOCKER["networks"]["default"]["name"]] == config["networks"]
    [volume] = config["container_kwargs"]["volumes"]
    name, _, at = volume.partition(":")
    assert DOCKER["volumes"]["logs"]["name"] == name
    for service in OURS_BY_DOCKER.values():
        assert f"logs:{at}" in service["volumes"]
    # Who launches runs, and who ends them.
    sockets = {
        name
        for name, service in OURS_BY_DOCKER.items()
        if any("docker.sock" in volume for volume in service["volumes"])
    }
    assert sockets == {"webserver", "daemon"}


def test_the_image_is_made_of_what_is_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copies = [line.split()[1:] for line in lines if re.match(r"COPY (?!--from)", line)]
    assert copies
    assert not [name for *names, _ in copies for name in names if not (ROOT / name).exists()]
    there = {f"{to.removeprefix('./')}{Path(name).name}" for *names, to in copies for name in names}
    instances = re.findall(r'INSTANCE="(.*?)"', " ".join(line.strip("# ") for line in lines))
    instances += [service["build"]["args"]["INSTANCE"] for service in OURS_BY_DOCKER.values()]
    assert len(instances) > 2
    assert not {name for names in instances for name in names.split()} - there
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "'.[deploy]'" in "\n".join(lines)
    assert "deploy" in project["optional-dependencies"]


def test_the_chart_has_the_version_of_the_image() -> None:
    dagster = re.search(r"^dagster==(.*)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert dagster
    for path in (DEPLOY / "README.md", DEPLOY / "kubernetes" / "values.yaml"):
        assert f"dagster/dagster --version {dagster[1]} " in path.read_text()


def _commands() -> list[list[str]]:
    services = [*OURS.values(), *OURS_BY_DOCKER.values()]
    commands = [service["command"] for service in services]
    tests = [service["healthcheck"]["test"] for service in services if "healthcheck" in service]
    commands += [test[1:] for test in tests if test[0] == "CMD" and "dagster" in test[1]]
    # As the chart starts it.
    port = str(CODE["port"])
    start = ["dagster", "code-server", "start", "-h", "0.0.0.0", "-p", port]
    return [*commands, [*start, *CODE["codeServerArgs"]]]


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_a_command_and_its_options_exist(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = tuple(entry_points(group="console_scripts", name=command[0]))
    # click looks at all options first, and refuses what it doesn't know also with --help.
    monkeypatch.setattr(sys, "argv", [*command, "--help"])
    with pytest.raises(SystemExit) as end:
        scripts[0].load()()
    assert end.value.code == 0, capsys.readouterr().err


def test_the_code_server_is_where_the_others_look_for_it() -> None:
    environment = OURS["webserver"]["environment"]
    code = OURS[environment["ZD_CODE_SERVER"]]
    port = environment["ZD_CODE_SERVER_PORT"]
    assert code["command"][-2:] == ["--port", port]
    assert code["healthcheck"]["test"][-2:] == ["--port", port]


def test_kubernetes_has_the_settings_of_the_instance() -> None:
    instance = _camel(yaml.safe_load((DEPLOY / "dagster.yaml").read_text()))
    daemon = VALUES["dagsterDaemon"]
    assert VALUES["concurrency"] == {"enabled": True, **instance["concurrency"]}
    assert daemon["runCoordinator"]["type"] == instance["runCoordinator"]["class"]
    assert daemon["runRetries"] == instance["runRetries"]
    assert daemon["runMonitoring"] == {**instance["runMonitoring"], "maxResumeRunAttempts": 0}
    assert VALUES["retention"] == {"enabled": True, **instance["retention"]}
    assert VALUES["telemetry"] == instance["telemetry"]
    assert VALUES["additionalInstanceConfig"]["nux"] == instance["nux"]


def test_the_demo_and_the_docs_limit_pools_as_the_instance_does() -> None:
    pools = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())["concurrency"]["pools"]
    assert pools == {"default_limit": 1, "granularity": "op"}
    assert yaml.safe_load(INSTANCE)["concurrency"]["pools"] == pools
    [shown] = re.findall(r"^  pools: .*?}", (ROOT / "docs/following.md").read_text(), re.M)
    assert yaml.safe_load(shown)["pools"] == pools


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_there_is_no_secret(path: Path) -> None:
    text = path.read_text()
    passwords = re.findall(r"://[^:/@\s]*:([^@\s/]+)@", text)
    assert not [one for one in passwords if one not in ("...", "<password>")]
    assert not [word for word in re.findall(r"[\w+-]{32,}", text) if re.search(r"\d", word)]
    # By another variable (${...}) or by name is fine.
    secret = r"(?im)^[ \t-]*\w*(?:password|secret|token|access_key)\w*[ \t]*[:=][ \t]*"
    assigned = re.findall(secret + r"(?![\s\[{]|\$\{)(\S+)", text)
    assert not set(assigned) - {"dagster-postgresql", "false", "null"}


def test_secrets_are_named_alone() -> None:
    assert {"ZENDESK_SUBDOMAIN", "ZD_LAKE", "DAGSTER_PG_URL", "ZD_BUDGET_URL"} <= set(EXAMPLE)
    assert not [name for name, value in EXAMPLE.items() if value]
    plain = [variable["name"] for variable in CODE["env"]]
    assert not [name for name in plain if re.search("TOKEN|PASSWORD|KEY|ZD_.*URL|WEBHOOK", name)]


def _launcher(name: str) -> dict[str, Any]:
    launcher: dict[str, Any] = yaml.safe_load((DEPLOY / name / "launcher.yaml").read_text())
    return launcher["run_launcher"]  # type: ignore[no-any-return]


def _config_variables(paths: Any) -> set[str]:
    """The variables that Dagster's configuration takes by `{env: NAME}`."""
    return {name for path in paths for name in re.findall(r"\benv: ([A-Z_]+)", path.read_text())}


def _camel(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {re.sub(r"_(.)", lambda m: m[1].upper(), k): _camel(v) for k, v in value.items()}
