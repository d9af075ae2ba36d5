"""What can go wrong between us and Zendesk; each message says what, where and what to do.

ZendeskError
├── ConfigurationError      a setting is missing or unusable; nothing was asked
├── AuthenticationError     401 or 403: the token is missing, wrong or not allowed this
│   └── ForbiddenError         403: whoever asks is known, and not allowed this
├── RefusedError            any other 4xx: asking again would not help
│   └── StartTimeTooRecentError   by the server's clock: to be asked from further back
├── ForeignUrlError         the server sent us to another host; the token stays here
├── UnavailableError        retried and still no usable answer
├── StuckCursorError        a full page whose cursor doesn't move: it would come for ever
│   └── CrowdedError              a single second holds more than a page
└── StoppedError            this run is ending; a request was given up half-way
"""


class ZendeskError(Exception):
    """The root of all that this package raises about Zendesk."""


class ConfigurationError(ZendeskError):
    """A setting is missing or unusable."""


class AuthenticationError(ZendeskError):
    """The server answered 401 or 403."""


class ForbiddenError(AuthenticationError):
    """The server answered 403: the plan, the role or the scope doesn't allow it."""


class RefusedError(ZendeskError):
    """The server refused a request for good (a 4xx other than 401, 403, 408, 409, 425 and 429)."""

    def __init__(self, message: str, status: int = 0) -> None:
        """Keep the HTTP status; 0 where there is none."""
        super().__init__(message)
        self.status = status


class ForeignUrlError(ZendeskError):
    """A `next_page` or redirect names another origin than the one we ask."""


class UnavailableError(ZendeskError):
    """A request failed, was retried, and failed to the end."""


class StuckCursorError(ZendeskError):
    """A page contradicts the one before it: its cursor is stuck, goes back, or skips items."""


class StoppedError(ZendeskError):
    """The run is stop_reason and waits no longer for this request."""


class StartTimeTooRecentError(RefusedError):
    """The server calls a `start_time` too recent; `server_now_s` is its clock, if it says so."""

    def __init__(self, message: str, status: int, server_now_s: float | None) -> None:
        """Keep the server's time, in epoch seconds."""
        super().__init__(message, status)
        self.server_now_s = server_now_s


class CrowdedError(StuckCursorError):
    """A single `time`, in the endpoint's unit, holds more items than the server gives of it."""

    def __init__(self, message: str, time: int) -> None:
        """Keep the time."""
        super().__init__(message)
        self.time = time
