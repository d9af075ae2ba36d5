"""What `dg scaffold defs zd_assets.ZendeskExports` writes: an account, but for its secrets."""

from typing import Annotated

import dagster as dg
from dagster.components import scaffold_component
from pydantic import BaseModel, Field

from zd_assets.defs.namespace import PREFIX

_YAML = """\
type: {type_name}
attributes:
{prefix}  start_date: "2025-01-01"  # The first day to export.
  # partitions: hour  # Else days, UTC.
  # exports: [chats, tickets]  # Else all of them.
  lake: "{{{{ env('ZD_LAKE', 'data') }}}}"  # A folder, or s3://bucket/prefix.
  chat:
    subdomain: "{subdomain}"
    token: "{{{{ env.{start}ZENDESK_CHAT_TOKEN }}}}"  # OAuth access token, scope `read`.
  support:
    subdomain: "{subdomain}"
    email: "{{{{ env.{start}ZENDESK_EMAIL }}}}"  # Of an administrator.
    api_token: "{{{{ env.{start}ZENDESK_API_TOKEN }}}}"
"""


class AccountParams(BaseModel):
    """What an account is scaffolded with."""

    prefix: Annotated[str, Field(pattern=PREFIX)] = Field(
        default="",
        description="Comes before the names of all assets: each of several accounts in one "
        "project needs another.",
    )
    subdomain: str = Field(
        default="", description="The account: acme of acme.zendesk.com. Else ZENDESK_SUBDOMAIN."
    )


class AccountScaffolder(dg.Scaffolder[AccountParams]):
    """Writes the `defs.yaml` of an account; secrets stay in the environment."""

    @classmethod
    def get_scaffold_params(cls) -> type[AccountParams]:
        """Return the options of the command."""
        return AccountParams

    def scaffold(self, request: dg.ScaffoldRequest[AccountParams]) -> None:
        """Write it; a prefix begins the names of the account's variables, too."""
        if request.scaffold_format != "yaml" or request.append:
            scaffold_component(request)
            return
        prefix = request.params.prefix
        start = f"{prefix.upper()}_" if prefix else ""
        text = _YAML.format(
            type_name=request.type_name,
            prefix=f"  prefix: {prefix}\n" if prefix else "",
            subdomain=request.params.subdomain or f"{{{{ env.{start}ZENDESK_SUBDOMAIN }}}}",
            start=start,
        )
        (request.target_path / "defs.yaml").write_text(text)
