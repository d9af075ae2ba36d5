"""The store: JSON items to Arrow, partition files, commits, footers, reading back."""
