"""The API side: one client for each API, its pages, its cursors and the follow-up rule."""
