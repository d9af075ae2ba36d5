"""Expected errors: the run that meets one shows its message, without a trace.

Dagster prints the stack of whatever fails a step, its own frames first, and twice. An error that
comes with an error info of its own, as those of other processes do, is shown by that alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError
from dagster_shared.error import SerializableErrorInfo

from zd_assets.lake.errors import LakeError
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ConfigurationError,
    ForeignUrlError,
    RefusedError,
    ZendeskError,
)

# What a person must mend before asking again can help.
_FINAL = (AuthenticationError, ConfigurationError, ForeignUrlError, RefusedError)
_NO_RETRY = {"dagster/retry_on_asset_or_op_failure": "false"}


class ExpectedError(dg.Failure, DagsterUserCodeProcessError):
    """A failure that is told by its message alone."""

    def __init__(self, message: str, allow_retries: bool) -> None:
        """Fail with this message."""
        info = SerializableErrorInfo(f"{message}\n", [], dg.Failure.__name__)
        DagsterUserCodeProcessError.__init__(self, message, user_code_process_error_infos=[info])  # type: ignore[no-untyped-call]
        self.description = message
        self.metadata = {}
        self.allow_retries = allow_retries


@contextmanager
def expected_errors(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Make an error of Zendesk or of the lake the run's failure, by its message.

    Where asking again won't help, the instance is told not to retry the run.

    Raises:
        ExpectedError: there was one.
    """
    try:
        yield
    except (ZendeskError, LakeError) as error:
        final = isinstance(error, _FINAL)
        if final:
            context.instance.add_run_tags(context.run.run_id, _NO_RETRY)
        raise ExpectedError(str(error), allow_retries=not final) from None
