"""What can go wrong between us and Zendesk; each message says what, where and what to do.

ZendeskError
├── ConfigurationError      a setting is missing or unusable; nothing was asked
├── AuthenticationError     401 or 403: the token is missing, wrong or not allowed this
├── RefusedError            any other 4xx: asking again would not help
├── ForeignUrlError         the server sent us to another host; the token stays here
├── UnavailableError        retried and still no usable answer
├── StuckCursorError        a full page whose cursor doesn't move: it would come for ever
└── StoppedError            this run is ending; a request was given up half-way
"""


class ZendeskError(Exception):
    """The root of all that this package raises about Zendesk."""


class ConfigurationError(ZendeskError):
    """A setting is missing or unusable."""


class AuthenticationError(ZendeskError):
    """The server answered 401 or 403."""


class RefusedError(ZendeskError):
    """The server refused a request for good (a 4xx other than 401, 403, 408 and 429)."""


class ForeignUrlError(ZendeskError):
    """A `next_page` or redirect names another origin than the one we ask."""


class UnavailableError(ZendeskError):
    """A request failed, was retried, and failed to the end."""


class StuckCursorError(ZendeskError):
    """A full page left the cursor where it was, or the cursor went in circles."""


class StoppedError(ZendeskError):
    """The run is ending and waits no longer for this request."""
