# SPDX-License-Identifier: LGPL-3.0-or-later
"""How much a month usually brings, compared with the others."""
from __future__ import annotations

from collections.abc import Sequence

MONTHS = 12


def seasonal_index(years: Sequence[Sequence[float]]) -> list[float | None]:
    """The index of each month: its mean over the years, in per cent of the mean of all months. Undefined without
    sales.

    >>> seasonal_index([[10] * 6 + [30] * 6, [20] * 12])[0]
    75.0
    >>> seasonal_index([[10] * 6 + [30] * 6, [20] * 12])[11]
    125.0
    >>> seasonal_index([])[0] is None
    True
    """
    total = sum(map(sum, years))
    if total <= 0:
        return [None] * MONTHS
    return [100 * MONTHS * sum(year[month] for year in years) / total for month in range(MONTHS)]
