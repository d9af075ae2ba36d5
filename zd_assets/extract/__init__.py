"""The one road: a window, its pages, their table, the partition's file, and what happened."""
