"""A local Zendesk: serves the documented export APIs with seeded data and faults on request.

    with sandbox.start(sandbox.Settings(now="2025-02-01T00:00:00Z", clock="frozen")) as running:
        requests.get(f"{running.url}/api/v2/chat/incremental/chats", headers=...)

From the command line: `python -m zd_assets.sandbox --help`.
"""

from zd_assets.sandbox.process import Running, start
from zd_assets.sandbox.settings import Settings

__all__ = ["Running", "Settings", "start"]
