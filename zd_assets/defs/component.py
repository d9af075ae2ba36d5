"""The exports of an account as a component: `type: zd_assets.ZendeskExports` in a `defs.yaml`."""

import os
from functools import cache, partial
from typing import Annotated, Any, Literal, TypeVar

import dagster as dg
from pydantic import BaseModel, Field, InstanceOf, create_model
from pydantic.fields import FieldInfo

from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.alerts.webhook import AlertWebhook
from zd_assets.defs.build import Crons, build_definitions
from zd_assets.defs.dagster_api import ResolutionException, at_attribute, with_variables
from zd_assets.defs.exports.format_checks import LIVE_FORMAT
from zd_assets.defs.exports.schedules import NIGHTLY
from zd_assets.defs.exports.second_look import SECOND_LOOK
from zd_assets.defs.namespace import PREFIX
from zd_assets.defs.partitions import partitions_of
from zd_assets.defs.resources import LakeFolder, ZendeskApi, ZendeskChat, ZendeskSupport
from zd_assets.defs.scaffolder import AccountScaffolder
from zd_assets.zendesk.errors import ConfigurationError

#: Five fields; Dagster checks what is in them.
CRON = r"^\S+( \S+){4}$"
_NAMES = tuple(export.name for export in EXPORTS)
# What isn't text can be a template, too.
_Template = Annotated[str, Field(pattern=r"\{\{")]
_Api = TypeVar("_Api", bound=ZendeskApi)


class _Variables:
    """`env` of a template: names the variable, so that only a run has its value."""

    def __call__(self, name: str, default: str = "") -> str:
        return dg.EnvVar(name) if name in os.environ or not default else default

    def __getattr__(self, name: str) -> dg.EnvVar:
        # Jinja asks whether it has attributes of its own.
        if name.startswith("jinja"):
            raise AttributeError(name)
        return dg.EnvVar(name)


def _text(context: dg.ResolutionContext, value: str | None) -> str | None:
    """Return a text, or the variable that holds it."""
    return with_variables(context, _Variables()).resolve_value(value, as_type=str)


def _lake(context: dg.ResolutionContext, location: str | None) -> LakeFolder:
    return LakeFolder(location=_text(context, location))


def _webhook(context: dg.ResolutionContext, url: str | None) -> AlertWebhook:
    return AlertWebhook(url=_secret(context, _text(context, url)))


def _alert_urls(context: dg.ResolutionContext, urls: str | None) -> dg.EnvVar | None:
    named: dg.EnvVar | None = _secret(context, _text(context, urls))
    return named


def _secret(context: dg.ResolutionContext, value: Any) -> Any:
    if isinstance(value, dg.EnvVar | None):
        return value
    # Without the lines around, which Dagster shows else: the secret is there.
    raise ResolutionException(
        f"{'.'.join(map(str, context.path))} is a secret: name the variable that holds it, "
        'as in "{{ env.ZENDESK_TOKEN }}"'
    )


def _resource(kind: type[_Api], context: dg.ResolutionContext, attributes: BaseModel) -> _Api:
    """Make a resource as its attributes say; the environment says what they leave out."""
    fields: dict[str, Any] = {}
    for name in attributes.model_fields_set:
        field, value = kind.model_fields[name], getattr(attributes, name)
        at = at_attribute(context, name)
        fields[name] = _text(at, value) if _is_text(field) else at.resolve_value(value)
        if not field.repr:
            _secret(at, fields[name])
    return kind(**fields)


@cache
def _attributes(kind: type[ZendeskApi]) -> type[BaseModel]:
    """Return what YAML can say of a resource: its fields."""
    fields: dict[str, Any] = {
        name: (field.annotation if _is_text(field) else field.annotation | _Template, field)
        for name, field in kind.model_fields.items()
    }
    return create_model(f"{kind.__name__}Attributes", __base__=dg.Model, **fields)


def _is_text(field: FieldInfo) -> bool:
    return field.annotation == str | None


_EXECUTORS = {
    "in_process": dg.in_process_executor,
    "multiprocess": dg.multiprocess_executor,
}


class Schedules(dg.Model, dg.Resolvable):
    """When the schedules tick, UTC, as cron expressions."""

    nightly: Annotated[str, Field(pattern=CRON)] = Field(
        default=NIGHTLY, description="Closes yesterday and heals gaps."
    )
    second_look: Annotated[str, Field(pattern=CRON)] = Field(
        default=SECOND_LOOK, description="Reads past days again, for what showed up late."
    )
    live_format: Annotated[str, Field(pattern=CRON)] = Field(
        default=LIVE_FORMAT, description="Compares the API's format with the columns."
    )


@dg.scaffold_with(AccountScaffolder)
class ZendeskExports(dg.Component, dg.Model, dg.Resolvable):
    """Zendesk's incremental exports of one account, and analytics made of them.

    What isn't set is taken from the variables that zd_assets' README names. Where assets are to
    have other tags, metadata, groups or descriptions, override `get_asset_spec` in a subclass.
    """

    prefix: Annotated[str, Field(pattern=PREFIX)] = Field(
        default="",
        description="Comes before the names of all assets, jobs, sensors, ..., and is the folder "
        "in the lake: each of several accounts in one project needs another.",
    )
    exports: list[Literal[_NAMES]] = Field(  # type: ignore[valid-type]
        default=list(_NAMES), min_length=1, description="Which exports; all of them by default."
    )
    follow: list[Literal[("all", *_NAMES)]] | None = Field(  # type: ignore[valid-type]
        default=None,
        description="Which exports are followed from the start: names, or [all] (ZD_FOLLOW, else "
        "none: their sensors are switched on in the UI).",
    )
    analytics: bool = Field(
        default=True, description="Whether what can be made of these exports comes along."
    )
    partitions: Literal["day", "hour"] | None = Field(
        default=None, description="A partition is a day or an hour, UTC (ZD_PARTITION, else day)."
    )
    start_date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")] | None = Field(
        default=None, description="First partition, YYYY-MM-DD (ZD_START_DATE, else 2025-01-01)."
    )
    lake: Annotated[
        LakeFolder, dg.Resolver(_lake, model_field_type=str, inject_before_resolve=False)
    ] = Field(default_factory=LakeFolder, description="Folder of the lake (ZD_LAKE, else data).")
    chat: Annotated[
        ZendeskChat,
        dg.Resolver(partial(_resource, ZendeskChat), model_field_type=_attributes(ZendeskChat)),
    ] = Field(default_factory=ZendeskChat, description="The Chat API and how it is fetched.")
    support: Annotated[
        ZendeskSupport,
        dg.Resolver(
            partial(_resource, ZendeskSupport), model_field_type=_attributes(ZendeskSupport)
        ),
    ] = Field(default_factory=ZendeskSupport, description="The same of the Support API.")
    alert_webhook: Annotated[
        AlertWebhook, dg.Resolver(_webhook, model_field_type=str, inject_before_resolve=False)
    ] = Field(
        default_factory=AlertWebhook, description="Where alerts are posted (ZD_ALERT_WEBHOOK)."
    )
    alert_urls: Annotated[
        InstanceOf[dg.EnvVar] | None,
        dg.Resolver(_alert_urls, model_field_type=str | None, inject_before_resolve=False),
    ] = Field(
        default=None,
        repr=False,
        description="Who is told instead, as addresses of apprise (ZD_ALERT_URLS).",
    )

    owners: list[str] = Field(
        default=[], description="Owners of all assets: team:support, someone@example.com."
    )
    schedules: Schedules = Field(
        default_factory=Schedules, description="When the schedules tick, UTC."
    )
    executor: Literal["in_process", "multiprocess"] | None = Field(
        default=None,
        description="The executor of all jobs of the code location; else that of the project. "
        "A run here waits for the network: in_process starts soonest.",
    )

    @classmethod
    def model(cls) -> type[BaseModel]:
        """Return what YAML can say.

        Dagster's own takes any text for any attribute, and can't tell what is wrong with one.
        """
        return _model()

    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        """Change the spec of an asset: override it for anything but key and partitions."""
        return spec.replace_attributes(owners=self.owners) if self.owners else spec

    def build_defs(self, context: dg.ComponentLoadContext | None = None) -> dg.Definitions:
        """Return the definitions of the account.

        Raises:
            ConfigurationError: another account of the project has the same prefix.
        """
        if context:
            self._check_prefix(context)
        return build_definitions(
            partitions_of(self.partitions, self.start_date),
            self.chat,
            self.support,
            self.lake,
            AlertWebhook(url=self.alert_webhook.url, urls=self.alert_urls),
            exports=[export for export in EXPORTS if export.name in self.exports],
            analytics=self.analytics,
            prefix=self.prefix,
            executor=_EXECUTORS[self.executor] if self.executor else None,
            crons=Crons(**self.schedules.model_dump()),
            spec=self.get_asset_spec,
            follow=self.follow,
        )

    def _check_prefix(self, context: dg.ComponentLoadContext) -> None:
        # Else Dagster would say that two resources have one name, and not what to do.
        try:
            accounts = context.component_tree.get_all_components(of_type=ZendeskExports)
        except Exception:  # What can't be loaded fails in its own turn.
            return
        if sum(one.prefix == self.prefix for one in accounts) > 1:
            said = f"the prefix {self.prefix!r}" if self.prefix else "no `prefix`"
            raise ConfigurationError(
                f"several accounts of this project have {said}; set another `prefix` in the "
                "defs.yaml of each, such as `prefix: acme`"
            )


@cache
def _model() -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (_in_yaml(field), field) for name, field in ZendeskExports.model_fields.items()
    }
    return create_model("ZendeskExportsAttributes", __base__=dg.Model, **fields)


def _in_yaml(field: FieldInfo) -> Any:
    resolvers = [one for one in field.metadata if isinstance(one, dg.Resolver)]
    return resolvers[0].model_field_type if resolvers else field.annotation
