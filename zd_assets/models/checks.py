"""Which checks a model has, and what each says."""

from zd_assets.models.model import Model

DESCRIPTIONS = {
    "keys_unique": "No key is twice in a day.",
    "in_range": "Every row keeps the table's rules, such as that a day has 24 hours.",
    "references_known": "What rows refer to is in the current state, as far as the lake goes "
    "back. It warns where more than 1 in 100 don't: what is being updated just now is in no "
    "partition until it is exported again.",
}


def checks_of(table: Model) -> list[str]:
    """Return the names of the checks that a table has."""
    return [
        "keys_unique",
        *(["in_range"] if table.assertions else []),
        *(["references_known"] if table.relationships else []),
    ]
