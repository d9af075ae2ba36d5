"""What can go wrong with an alert."""


class AlertError(Exception):
    """An alert wasn't taken; the message doesn't say where to, for the address is a secret."""
