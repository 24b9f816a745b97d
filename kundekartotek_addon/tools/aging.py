# SPDX-License-Identifier: LGPL-3.0-or-later
"""How receivables are aged: limits of the buckets, and keys that name a line of the aging at a date."""
from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

MAX_BUCKETS = 6
DEFAULT_LIMITS = "30, 60, 90"
BUCKETS = tuple(f"bucket_{number}" for number in range(1, MAX_BUCKETS + 1))

# What a line of the aging may be split by beside company and customer, a bit each.
GRAINS = ("currency_id", "account_id", "disputed", "excluded")
BASES = ("due", "invoice")
EPOCH = datetime.date(2000, 1, 1)
LAST_DAY = EPOCH + datetime.timedelta(2**15 - 1)
STAMP_BITS = 20  # 15 of the day, 1 of the basis, 4 of the grain


def parse_limits(text: str | None) -> tuple[int, ...]:
    """The last day overdue of each bucket but the last one.

    >>> parse_limits("30, 60 90")
    (30, 60, 90)
    >>> parse_limits("30, 20")
    Traceback (most recent call last):
        ...
    ValueError: 30, 20
    """
    words = (text or "").replace(",", " ").replace(";", " ").split()
    if not all(word.isascii() and word.isdigit() and len(word) <= 4 for word in words):
        raise ValueError(text)
    limits = tuple(map(int, words))
    if not 1 <= len(limits) < MAX_BUCKETS or any(low >= high for low, high in zip((0, *limits), limits)):
        raise ValueError(text)
    return limits


def bucket_labels(limits: Sequence[int]) -> list[str]:
    """What each bucket holds, in days.

    >>> bucket_labels((30, 60, 90))
    ['1–30', '31–60', '61–90', '91–']
    >>> bucket_labels((1,))
    ['1', '2–']
    """
    firsts = [1, *(limit + 1 for limit in limits)]
    closed = [str(first) if first == last else f"{first}–{last}" for first, last in zip(firsts, limits)]
    return [*closed, f"{firsts[-1]}–"]


class Stamp(NamedTuple):
    """What, beside the first of its items, names a line of the aging: the day it is seen from, the date that
    its items age from, and what it is split by (bits of ``GRAINS``).

    A line's id holds all of it, so the same id is the same line whenever and by whomever it is read. It fits
    into the 53 bits that a browser counts with.

    >>> stamp = Stamp(datetime.date(2026, 11, 23), "invoice", 5)
    >>> split_key(stamp.key(1234567)) == (1234567, stamp)
    True
    >>> Stamp(LAST_DAY, "invoice", 15).key(2**31 - 1) < 2**53
    True
    """

    day: datetime.date
    basis: str = "due"
    grain: int = 0

    @property
    def bits(self) -> int:
        return ((self.day - EPOCH).days << 5) + (BASES.index(self.basis) << 4) + self.grain

    def key(self, item_id: int) -> int:
        return (item_id << STAMP_BITS) + self.bits


def split_key(key: int) -> tuple[int, Stamp]:
    """:return: id of the first item of the line, and its stamp"""
    bits = key & ((1 << STAMP_BITS) - 1)
    return key >> STAMP_BITS, Stamp(EPOCH + datetime.timedelta(bits >> 5), BASES[bits >> 4 & 1], bits & 15)
