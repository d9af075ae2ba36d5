"""Items that the API shows later than their own time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.settings import Settings
from zd_assets.sandbox.timestamps import SECOND_US

_UNIT = 1 << 64
# An exponential law reaches its most seconds once in e**5, about 150, late items.
_MEANS = 5


@dataclass(frozen=True, slots=True)
class Late:
    """Which seeded items of one export are late, and by how much."""

    seed: int
    rate: float
    most_us: int
    even: bool

    def delay_us(self, slot: int) -> int:
        """Return how long after its own time the item at a slot is shown, in microseconds."""
        lot = mix(self.seed, slot)
        if lot >= self.rate * _UNIT:
            return 0
        part = (mix(self.seed, lot) + 1) / _UNIT
        if not self.even:
            part = min(1.0, -math.log(part) / _MEANS)
        return max(1, math.ceil(part * self.most_us))


def late(settings: Settings, export: str) -> Late | None:
    """Return how an export's items are late, None if they aren't."""
    names = [name.strip() for name in settings.late_exports.split(",") if name.strip()]
    if not settings.late_rate or not settings.late_by or (names and export not in names):
        return None
    return Late(
        subseed(settings.seed, f"late {export}"),
        settings.late_rate,
        round(settings.late_by * SECOND_US),
        settings.late_law == "uniform",
    )
