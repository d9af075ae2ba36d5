"""Facts, by day: what happened and how things stood, one SQL file and one description each."""
