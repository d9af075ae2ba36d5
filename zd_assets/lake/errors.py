"""What can go wrong with the lake."""


class LakeError(Exception):
    """A file of the lake can't be written or read; nothing half-written stays visible."""
