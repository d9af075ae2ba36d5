"""The checks of an export, and what each says; importable without what they read files with."""

DESCRIPTIONS = {
    "keys_unique": "No key is twice in a partition.",
    "items_in_window": "Every item's time is inside its partition's window, whichever page "
    "brought it.",
    "late_items": "No item showed up later than `overlap_s` after its time, so that following "
    "finds every item by itself. What was later is in its partition: the second look found it.",
    "nothing_skipped": "The server gave every item: no single second held more than a page.",
    "keys_and_times_present": "Every item has its key and its time.",
    "known_attributes": "Every attribute has a column, and its values fit the column's type. What "
    "doesn't is kept in `_extra`.",
    "volume": "Complete partitions hold about as many items as those of the 14 days before (of "
    "hours: the same hour). It warns below a third of their median and half of the smallest, and "
    "above three times the median and twice the largest; not where fewer than 3 are complete, or "
    "the median is fewer than 50 items away.",
    "complete": "Partitions whose window was settled when the run began are complete. The one "
    "that is still open needn't be.",
}
