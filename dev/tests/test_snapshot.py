# SPDX-License-Identifier: LGPL-3.0-or-later
import unittest

from dev import snapshot


class TestComparing(unittest.TestCase):
    def test_nothing_changed(self):
        before = {"table": {"a", "b"}, "job": set()}
        self.assertEqual(snapshot.left_behind(before, {"table": {"b", "a"}, "job": set()}), [])

    def test_left_behind_and_gone(self):
        changes = snapshot.left_behind({"column": {"a x", "a y"}}, {"column": {"a x", "a z"}})
        self.assertEqual(changes, ["left behind: column a z", "gone: column a y"])

    def test_new_rows_are_no_loss_but_changed_ones_are(self):
        before = {"res_partner": {"1 aaa", "2 bbb"}}
        self.assertEqual(snapshot.lost(before, {"res_partner": {"1 aaa", "2 bbb", "3 ccc"}}), [])
        self.assertEqual(
            snapshot.lost(before, {"res_partner": {"1 aaa", "2 xxx"}}), ["lost or changed: res_partner 2 bbb"]
        )
