"""What exports exist: their endpoints, cursors, keys and columns, as data."""
