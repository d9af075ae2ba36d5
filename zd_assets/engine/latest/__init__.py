"""Current state: the newest version of each item, kept by month."""
