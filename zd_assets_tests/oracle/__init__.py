"""A second reading of the facts and marts: plain Python, from what their columns are said to be."""
