"""`zd-assets`: one command for what is done outside of Dagster.

A command's module is imported when the command is called, so that help is quick.
"""

import sys
from importlib import import_module
from typing import Any

import click

from zd_assets.extras import missing_extra

# Name, module below `zd_assets`, and what `zd-assets --help` says.
_COMMANDS = {
    "init": ("cli.init", "Write a .env, a dagster.yaml and a workspace.yaml to begin with."),
    "check": ("cli.check", "Try the settings, each export, the lake and Dagster's instance."),
    "plan": ("cli.plan", "Estimate the items, requests, minutes and bytes of a backfill."),
    "status": ("cli.status", "Show how far each export is complete in the lake."),
    "find": ("cli.find", "Name the files of the lake that hold a text."),
    "report": ("cli.report", "Write the support report of a day and show where it is."),
    "demo": ("cli.demo", "Run the main job on a local sandbox, or open Dagster's UI on it."),
    "sandbox": ("sandbox.__main__", "Serve the exports locally, with made-up data and faults."),
}
# These bring an environment of their own.
_WITHOUT_ENV_FILE = {"init", "demo", "sandbox"}


class _Commands(click.Group):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order in which they are needed."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        try:
            command = import_module(f"zd_assets.{_COMMANDS[cmd_name][0]}").main
        except ModuleNotFoundError as error:
            raise click.ClickException(str(missing_extra(error, f"zd-assets {cmd_name}"))) from None
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command; an expected error is told by its message, and exits with 1."""
        from zd_assets.lake.errors import LakeError
        from zd_assets.zendesk.errors import ZendeskError

        try:
            return super().invoke(ctx)
        except (ZendeskError, LakeError) as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zd_assets", prog_name="zd-assets")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Zendesk's incremental exports as partitioned Dagster assets in Parquet.

    Settings are environment variables. A `.env` in the current folder counts before them, as it
    does for Dagster.

    Exit codes: 0 all is well, 1 something is wrong, 2 the command was called wrongly.
    """
    if ctx.invoked_subcommand not in _WITHOUT_ENV_FILE:
        from zd_assets.cli.environment import load_env_file

        load_env_file()
