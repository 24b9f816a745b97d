# SPDX-License-Identifier: LGPL-3.0-or-later
"""Norwegian business days: what falls due on a Saturday, Sunday, public holiday, 1 or 17 May is due on the next
business day (gjeldsbrevloven § 5). The holidays are those of lov om helligdager og helligdagsfred § 2 and of lov om
1 og 17 mai som høgtidsdager; most of them move with Easter. 24 and 31 December are business days.
"""
from __future__ import annotations

import datetime
from functools import lru_cache

from dateutil.easter import easter

FIXED = ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))
# Days after Easter Sunday: Maundy Thursday, Good Friday, Easter Monday, Ascension Day, Whit Monday.
# Palm Sunday, Easter and Whit Sunday are Sundays anyway.
MOVING = (-3, -2, 1, 39, 50)
FIRST_YEAR, LAST_YEAR = 1990, 2060
SATURDAY = 5


@lru_cache(maxsize=128)
def holidays(year: int) -> frozenset[datetime.date]:
    """The public holidays of a year that may fall on any day of the week.

    >>> sorted(day.isoformat() for day in holidays(2026))[1:4]
    ['2026-04-02', '2026-04-03', '2026-04-06']
    """
    sunday = easter(year)
    return frozenset(
        [datetime.date(year, month, day) for month, day in FIXED]
        + [sunday + datetime.timedelta(days) for days in MOVING])


def is_business_day(day: datetime.date) -> bool:
    """
    >>> is_business_day(datetime.date(2026, 5, 18)), is_business_day(datetime.date(2026, 5, 17))
    (True, False)
    """
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def next_business_day(day: datetime.date) -> datetime.date:
    """The day itself, or the first business day after it.

    >>> next_business_day(datetime.date(2026, 4, 2))  # Maundy Thursday
    datetime.date(2026, 4, 7)
    >>> next_business_day(datetime.date(2026, 11, 25))
    datetime.date(2026, 11, 25)
    """
    while not is_business_day(day):
        day += datetime.timedelta(1)
    return day


@lru_cache(maxsize=1)
def moved_days() -> tuple[list[datetime.date], list[datetime.date]]:
    """Every day on which nothing falls due, and beside it the day on which it does: two lists that PostgreSQL
    joins with. Before ``FIRST_YEAR`` and after ``LAST_YEAR`` nothing is moved."""
    first, last = datetime.date(FIRST_YEAR, 1, 1), datetime.date(LAST_YEAR, 12, 31)
    days = [first + datetime.timedelta(number) for number in range((last - first).days + 1)]
    closed = [day for day in days if not is_business_day(day)]
    return closed, [next_business_day(day) for day in closed]
