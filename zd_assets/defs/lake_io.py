"""The IO manager itself: made in every run, so it imports what it loads with when it loads."""

import dagster as dg

from zd_assets.lake.lake import Lake


class LakeIO(dg.IOManager):
    """Loads a table's partitions, or its current state, from the lake of an account."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self._lake = lake

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Refuse a value: what is in the lake was written by the asset that it belongs to.

        Raises:
            DagsterInvariantViolationError: always.
        """
        raise dg.DagsterInvariantViolationError(
            f"{context.asset_key.to_user_string()} returned a value, and the IO manager of a lake "
            "only reads what exports and models wrote; give that asset another io_manager_key"
        )

    def load_input(self, context: dg.InputContext) -> object:
        """Load the partitions that the asset depends on, as the argument is annotated.

        Raises:
            TracelessError: they can't be loaded.
        """
        from zd_assets.defs.load_input import load_input

        return load_input(context, self._lake)
