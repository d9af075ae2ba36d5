"""What a check found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is where a check doesn't pass."""

    ERROR = "error"
    WARN = "warn"


@dataclass(frozen=True)
class Finding:
    """What a check found in the partitions of a run.

    `metadata` is JSON: partition keys, counts and paths where something is wrong, never a value
    of an item, which can be personal data.
    """

    name: str
    passed: bool
    severity: Severity
    description: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
