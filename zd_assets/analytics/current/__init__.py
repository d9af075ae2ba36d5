"""Current state: the newest version of every item of an export."""
