"""Lead every request for Zendesk's hosts to the sandbox named by `SANDBOX_URL`.

Python imports a module of this name at its start, so a client needs no change.
"""

import os
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter

_HOSTS = (".zendesk.com", ".zopim.com")
_SANDBOX = urlsplit(os.environ["SANDBOX_URL"])
_send = HTTPAdapter.send


def _to_sandbox(self, request, *arguments, **options):
    asked = urlsplit(request.url)
    if not (asked.hostname or "").endswith(_HOSTS):
        return _send(self, request, *arguments, **options)
    led = request.copy()
    led.url = asked._replace(scheme=_SANDBOX.scheme, netloc=_SANDBOX.netloc).geturl()
    # The sandbox's further addresses begin with the host that it is asked for.
    led.headers["Host"] = asked.netloc
    response = _send(self, led, *arguments, **options)
    response.url, response.request = request.url, request
    return response


HTTPAdapter.send = _to_sandbox
