# SPDX-License-Identifier: LGPL-3.0-or-later
import doctest
from datetime import date

from odoo.tests import BaseCase, tagged

from ..tools import business_days
from ..tools.business_days import holidays, is_business_day, moved_days, next_business_day


@tagged("post_install", "-at_install")
class TestBusinessDays(BaseCase):

    def test_doctests(self):
        self.assertEqual(doctest.testmod(business_days).failed, 0)

    def test_holidays_as_printed_in_calendars(self):
        self.assertEqual({f"{day:%d.%m}" for day in holidays(2024)}, {
            "01.01", "28.03", "29.03", "01.04", "01.05", "09.05", "17.05", "20.05", "25.12", "26.12"})
        self.assertEqual({f"{day:%d.%m}" for day in holidays(2014)}, {
            "01.01", "17.04", "18.04", "21.04", "01.05", "29.05", "17.05", "09.06", "25.12", "26.12"})

    def test_christmas(self):
        """24 and 31 December are business days; what is due on the 25th of 2026, a Friday, is due on Monday."""
        self.assertTrue(is_business_day(date(2026, 12, 24)) and is_business_day(date(2026, 12, 31)))
        self.assertEqual(next_business_day(date(2026, 12, 25)), date(2026, 12, 28))
        self.assertEqual(next_business_day(date(2027, 1, 1)), date(2027, 1, 4))

    def test_moved_days(self):
        closed, opened = moved_days()
        self.assertEqual(len(closed), len(opened))
        for day, due in zip(closed, opened):
            self.assertGreater(due, day)
            self.assertTrue(is_business_day(due))
            self.assertFalse(is_business_day(day))
