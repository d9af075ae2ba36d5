"""Expected errors: the run that meets one shows its message, without a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from zd_assets.defs.dagster_api import TracelessError
from zd_assets.extras import MissingExtraError
from zd_assets.lake.errors import LakeError
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ConfigurationError,
    ForeignUrlError,
    RefusedError,
    ZendeskError,
)

# What a person must mend before asking again can help.
_FINAL = (
    AuthenticationError,
    ConfigurationError,
    ForeignUrlError,
    MissingExtraError,
    RefusedError,
)
_NO_RETRY = {"dagster/retry_on_asset_or_op_failure": "false"}


@contextmanager
def expected_errors(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Make an expected error the run's failure, by its message.

    Where asking again won't help, the instance is told not to retry the run.

    Raises:
        TracelessError: there was one.
    """
    try:
        yield
    except (ZendeskError, LakeError, MissingExtraError) as error:
        final = isinstance(error, _FINAL)
        if final:
            context.instance.add_run_tags(context.run.run_id, _NO_RETRY)
        raise TracelessError(str(error), allow_retries=not final) from None
