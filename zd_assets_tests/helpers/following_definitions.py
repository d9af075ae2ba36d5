"""What `dagster dev` loads in the slow tests: the project's definitions, with pages as asked."""

import os
from typing import Any

from zd_assets.defs.build import build_definitions
from zd_assets.defs.partitions import partitions_from_env
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.zendesk.follow_up import Policy

_AS_ASKED: dict[str, Any] = {
    "page_size": int(os.environ["TEST_PAGE_SIZE"]),
    "max_pages_per_run": int(os.environ["TEST_PAGES_PER_RUN"]),
    "first_wait_s": 0.1,
    "policy": Policy(os.environ.get("TEST_POLICY", "progress")),
}

defs = build_definitions(
    partitions_from_env(), ZendeskChat(**_AS_ASKED), ZendeskSupport(**_AS_ASKED), LakeFolder()
)
