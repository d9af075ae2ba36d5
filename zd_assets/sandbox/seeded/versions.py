"""Which slots are later versions of which earlier ones, in O(1) both ways.

Slots come in blocks of 64. In each block 52 slots are new items and 12 are updates; each kind of
update reaches a fixed number of blocks back, to a place that no other update reaches, so that the
slot before and the slot after are both plain arithmetic. Two kinds update an updated item again.
"""

from __future__ import annotations

from zd_assets.sandbox.seeded.hashing import mix, subseed

BLOCK = 64
NEW = 52
"""New items in a block; the other slots are updates."""

_LAGS = (1, 1, 2, 3, 5, 9, 20, 58, 120, 410, 60, 700)
_FIRST_UPDATES = 10
_STRIDE = NEW // _FIRST_UPDATES
# Kinds of update that update an update: kind -> the kind updated.
_AGAIN = {10: 3, 11: 10}
_AGAIN_BY = {before: kind for kind, before in _AGAIN.items()}
# Spreads the roles over the block; odd, so it has an inverse modulo 64.
_SPREAD = 37
_GATHER = pow(_SPREAD, -1, BLOCK)


class Versions:
    """The links between the slots of one stream."""

    def __init__(self, seed: int) -> None:
        """Choose the links by seed."""
        self._seed = subseed(seed, "versions")

    def next(self, slot: int) -> int | None:
        """Return the slot that updates this one, if any."""
        block, place = divmod(slot, BLOCK)
        role = place * _SPREAD % BLOCK
        kind: int | None
        if role < NEW:
            kind, off = divmod((role - self._turn(block)) % NEW, _STRIDE)
            if off or kind >= _FIRST_UPDATES:
                return None
        else:
            kind = _AGAIN_BY.get(role - NEW)
            if kind is None:
                return None
        return _slot(block + _LAGS[kind], NEW + kind)

    def previous(self, slot: int) -> int | None:
        """Return the slot that this one updates, None if it is a new item."""
        block, place = divmod(slot, BLOCK)
        kind = place * _SPREAD % BLOCK - NEW
        if kind < 0:
            return None
        earlier = block - _LAGS[kind]
        # Nothing to update yet at the beginning of time.
        if earlier < 0:
            return None
        if kind in _AGAIN:
            return _slot(earlier, NEW + _AGAIN[kind])
        return _slot(earlier, (kind * _STRIDE + self._turn(earlier)) % NEW)

    def chain(self, slot: int) -> list[int]:
        """Return the versions up to and including this slot, oldest first."""
        slots = [slot]
        while (earlier := self.previous(slots[-1])) is not None:
            slots.append(earlier)
        return slots[::-1]

    def _turn(self, block: int) -> int:
        return mix(self._seed, block) % NEW


def _slot(block: int, role: int) -> int:
    return block * BLOCK + role * _GATHER % BLOCK
