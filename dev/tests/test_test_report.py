# SPDX-License-Identifier: LGPL-3.0-or-later
import unittest

from dev import test_report
from dev.test_report import Report


def line(level, logger, message):
    return f"2026-11-23 18:00:00,123 42 {level} some_db {logger}: {message} "


def total(failed=0, errors=0, tests=5):
    level = "ERROR" if failed or errors else "INFO"
    text = f"{failed} failed, {errors} error(s) of {tests} tests when loading database 'some_db'"
    return line(level, "odoo.tests.result", text)


def read(*lines, exit_status=0, tests_expected=True):
    return test_report.read(lines, exit_status, tests_expected=tests_expected)


class TestReading(unittest.TestCase):
    def test_success(self):
        report = read(line("INFO", "odoo.modules.loading", "Modules loaded."), total(tests=23))
        self.assertEqual((report.passed, report.failures), (23, []))

    def test_no_test_is_a_failure_though_odoo_is_content(self):
        report = read(line("WARNING", "odoo.tests.result", "0 failed, 0 error(s) of 0 tests when loading database"))
        self.assertEqual((report.passed, report.failures), (0, ["no test ran"]))
        self.assertEqual(read(tests_expected=True).failures, ["no test ran"])

    def test_no_test_is_fine_where_none_is_expected(self):
        self.assertEqual(read(line("INFO", "odoo", "x"), tests_expected=False).failures, [])

    def test_a_failed_test_counts_once_with_its_traceback(self):
        failure = 'FAIL: TestX.test_y\nTraceback (most recent call last):\n  File "x.py"\nAssertionError: 1 != 2'
        report = read(*line("ERROR", "odoo.addons.a.tests.test_x", failure).split("\n"), total(failed=1), exit_status=1)
        self.assertEqual(report.passed, 4)
        [text] = report.failures
        self.assertIn("AssertionError: 1 != 2", text)

    def test_equal_failures_of_two_tests_are_two(self):
        failure = line("ERROR", "odoo.addons.a.tests.test_x", "ERROR: setUpClass (odoo.addons.a.tests.test_x.TestX)")
        self.assertEqual(len(read(failure, failure, total(errors=2), exit_status=1).failures), 2)

    def test_a_tour_that_fails_counts_as_its_test(self):
        tour = line("ERROR", "odoo.addons.a.tests.test_tour", "FAIL: TestTour.test_tour\nThe test code failed: TOUR")
        report = read(*tour.split("\n"), total(failed=1, tests=1), exit_status=1)
        self.assertEqual((report.passed, len(report.failures)), (0, 1))

    def test_failures_that_the_log_does_not_tell_are_counted(self):
        self.assertEqual(len(read(total(failed=2, errors=1), exit_status=1).failures), 3)

    def test_warnings_and_worse_are_failures(self):
        for level in ("WARNING", "ERROR", "CRITICAL"):
            report = read(line(level, "odoo.addons.a.models", "Field x.y: unknown parameter"), total())
            self.assertEqual(report.failures, [f"{level} odoo.addons.a.models: Field x.y: unknown parameter"])
            self.assertEqual(report.passed, 5)

    def test_the_same_warning_again_is_told_once(self):
        warning = line("WARNING", "py.warnings", "x.py:1: DeprecationWarning: old")
        self.assertEqual(len(read(warning, warning, total()).failures), 1)

    def test_a_warning_that_says_nothing_about_us_is_let_pass(self):
        widget = "Missing widget: res_partner_many2one for field of type many2one"
        self.assertEqual(
            read(line("WARNING", "odoo.addons.a.tests.test_t.T.test_t.browser", widget), total()).failures, []
        )
        self.assertEqual(len(read(line("WARNING", "odoo.addons.a.models", widget), total()).failures), 1)

    def test_exit_status_counts_when_nothing_else_tells(self):
        self.assertEqual(read(total(), exit_status=255).failures, ["Odoo ended with exit status 255"])

    def test_a_skipped_test_fails_unless_it_needs_the_research_data(self):
        skip = "skipped TestX.test_y : {}"
        allowed = read(line("INFO", "odoo.addons.a.tests.test_x", skip.format("needs ../shared/data")), total())
        self.assertEqual((allowed.skipped, allowed.passed, allowed.failures), (1, 4, []))
        optional = skip.format("neither a nor b is installed here")
        self.assertEqual(read(line("INFO", "odoo.addons.a.tests.test_x", optional), total()).failures, [])
        chart = read(line("INFO", "odoo.addons.a.tests.test_x", skip.format("Chart template missing")), total())
        self.assertEqual(chart.failures, ["skipped TestX.test_y: Chart template missing"])

    def test_a_line_without_a_record_before_it_is_no_record(self):
        self.assertEqual(list(test_report.records(["Running as user 'root' is a security risk.", ""])), [])

    def test_reports_add_up(self):
        both = Report(2, 1, 0, ["a"]) + Report(3, 0, 1, ["b"])
        self.assertEqual(both, Report(5, 1, 1, ["a", "b"]))
        self.assertEqual(both.passed, 3)
