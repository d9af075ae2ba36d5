"""What can go wrong with the lake."""


class LakeError(Exception):
    """A file of the lake can't be written or read; nothing half-written stays visible."""


class ChangedError(LakeError):
    """A file isn't any more what it was when it was looked at, so it wasn't replaced."""


class GoneError(LakeError, FileNotFoundError):
    """A file that was to be read isn't there any more."""


class IncompleteError(LakeError):
    """A partition that is to be read whole is missing, or isn't complete yet."""
