"""What the definitions are, in a file: a change of the graph is seen in review.

`python -m zd_assets_tests.snapshot` writes the file again.
"""

import json
from pathlib import Path
from typing import Any

from zd_assets.defs.build import build_definitions
from zd_assets.defs.partitions import partitions_of
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport

FILE = Path(__file__).with_name("definitions.json")


def snapshot() -> dict[str, Any]:
    """Every asset, check, job, sensor and schedule, with what a reviewer would ask about it."""
    definitions = build_definitions(
        partitions_of("day", "2026-01-01"), ZendeskChat(), ZendeskSupport(), LakeFolder()
    )
    repository = definitions.get_repository_def()
    graph = definitions.resolve_asset_graph()
    assets = {}
    for spec in definitions.resolve_all_asset_specs():
        checks = [key.name for key in graph.asset_check_keys if key.asset_key == spec.key]
        assets[spec.key.to_user_string()] = {
            "group": spec.group_name,
            "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "checks": sorted(checks),
            "kinds": sorted(spec.kinds),
            "code_version": spec.code_version,
            "partitions": type(spec.partitions_def).__name__ if spec.partitions_def else None,
            "automated": spec.automation_condition is not None,
            "description": spec.description,
        }
    return {
        "assets": dict(sorted(assets.items())),
        "jobs": sorted(name for name in repository.job_names if not name.startswith("__")),
        "sensors": {
            sensor.name: {"status": sensor.default_status.value, "about": sensor.description}
            for sensor in sorted(repository.sensor_defs, key=lambda one: one.name)
        },
        "schedules": {
            one.name: {"cron": one.cron_schedule, "about": one.description}
            for one in sorted(repository.schedule_defs, key=lambda one: one.name)
        },
    }


def text() -> str:
    """The file's text."""
    return json.dumps(snapshot(), indent=1, ensure_ascii=False, default=str) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
