"""Facts: what happened, a row for each; every model is a description and the SQL of its name."""
