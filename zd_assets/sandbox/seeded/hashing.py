"""Reproducible pseudo-randomness without state."""

from __future__ import annotations

import zlib

_MASK = (1 << 64) - 1
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]


def mix(seed: int, number: int) -> int:
    """Scramble a number into 64 bits (splitmix64); one to one in `number` for a given seed."""
    x = (seed + number * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def chosen(seed: int, number: int, share: float) -> bool:
    """Return whether a number is among a share of all, by lot."""
    return mix(seed, number) < share * (1 << 64)


def subseed(seed: int, name: str) -> int:
    """Return a seed of its own for one purpose, so that purposes don't correlate."""
    return mix(seed, zlib.crc32(name.encode()))


def base62(number: int) -> str:
    """Spell 64 bits in eleven letters and digits."""
    text = ""
    for _ in range(6):
        number, pair = divmod(number, 3844)
        text = _PAIRS[pair] + text
    # 62 ** 11 > 2 ** 64: the twelfth digit is always 0.
    return text[1:]
