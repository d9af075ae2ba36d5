"""Seeded data: every item is a pure function of the seed and its slot in time."""
