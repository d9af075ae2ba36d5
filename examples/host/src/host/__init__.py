"""A project that uses zd_assets."""
