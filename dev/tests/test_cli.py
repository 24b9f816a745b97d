# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import io
import subprocess
import unittest
from unittest import mock

from dev import cli, suite
from dev.cache import ROOT, Problem
from dev.test_report import Report

COMMANDS = ("demo", "test", "run", "odoo", "shell", "lint", "bench", "pot", "reset")


class TestArguments(unittest.TestCase):
    def setUp(self):
        self.output = self.enterContext(contextlib.redirect_stdout(io.StringIO()))
        self.errors = self.enterContext(contextlib.redirect_stderr(io.StringIO()))
        self.enterContext(mock.patch.object(cli.process, "end_on_signals"))

    def test_every_command_has_help(self):
        for command in COMMANDS:
            with self.subTest(command=command), self.assertRaises(SystemExit) as ended:
                cli.main([command, "--help"])
            self.assertEqual(ended.exception.code, 0)
        self.assertEqual(self.output.getvalue().count("usage: ./kk"), len(COMMANDS))

    def test_unknown_arguments_are_refused(self):
        for arguments in ([], ["nonsense"], ["demo", "--nonsense"], ["lint", "x"], ["bench", "XL"], ["run"]):
            with self.subTest(arguments=arguments), self.assertRaises(SystemExit) as ended:
                cli.main(arguments)
            self.assertEqual(ended.exception.code, 2)

    def passed_on(self, *arguments):
        with mock.patch.object(cli, "ready") as ready:
            odoo = ready.return_value.__enter__.return_value.odoo
            odoo.run.return_value = 3
            self.assertEqual(cli.main(arguments), 3)
        return odoo.run.call_args.args

    def test_odoo_gets_its_arguments_as_they_are(self):
        arguments = ("-d", "x", "-i", "kundekartotek_addon", "--stop-after-init", "--test-tags=a,-b")
        self.assertEqual(self.passed_on("odoo", *arguments), arguments)
        self.assertEqual(self.passed_on("odoo", "i18n", "export", "-d", "x", "m"), ("i18n", "export", "-d", "x", "m"))

    def test_shell_takes_a_database(self):
        self.assertEqual(self.passed_on("shell", "-d", "x"), ("shell", "-d", "x", "--no-http"))

    def test_a_problem_is_one_message_and_status_1(self):
        with mock.patch.object(cli, "ready", side_effect=Problem("Do this.")):
            self.assertEqual(cli.main(["odoo"]), 1)
        self.assertEqual(self.errors.getvalue(), "Do this.\n")

    def test_an_empty_cache_is_told_before_anything_is_fetched(self):
        with (
            mock.patch.object(cli.odoo_source, "is_ready", return_value=False),
            mock.patch.object(cli.venv, "is_ready", return_value=False),
            mock.patch.object(cli.postgres, "server"),
            mock.patch.object(cli.odoo_cli, "find", side_effect=Problem("No Odoo: is this machine online?")),
        ):
            self.assertEqual(cli.main(["odoo"]), 1)
        self.assertEqual(
            self.errors.getvalue(),
            "Not in .cache/ yet, fetched now: Odoo 19, its Python packages.\nNo Odoo: is this machine online?\n",
        )

    def test_interruption_ends_quietly(self):
        with mock.patch.object(cli, "ready", side_effect=KeyboardInterrupt):
            self.assertEqual(cli.main(["odoo"]), 130)

    def test_reset_asks_first(self):
        with (
            self.assertRaisesRegex(Problem, "--yes"),
            mock.patch.object(cli.sys.stdin, "isatty", return_value=False),
        ):
            cli._confirm(mock.Mock(yes=False), "Delete?")
        cli._confirm(mock.Mock(yes=True), "Delete?")

    def test_the_entry_runs(self):
        done = subprocess.run([ROOT / "kk", "--help"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        for command in COMMANDS:
            self.assertIn(f"    {command} ", done.stdout)


class TestResults(unittest.TestCase):
    def setUp(self):
        self.output = self.enterContext(contextlib.redirect_stdout(io.StringIO()))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))
        self.results = suite.Results()

    def closing(self):
        status = self.results.close()
        return status, self.output.getvalue().splitlines()[-1]

    def test_all_well(self):
        self.results.run("a", lambda: Report(tests=3, skipped=1))
        self.assertEqual(self.closing(), (0, "2 passed, 0 failed"))

    def test_failures_are_shown_and_counted(self):
        self.results.run("a", lambda: Report(tests=3, failed_tests=1, failures=["FAIL: x", "WARNING y"]))
        self.assertEqual(self.closing(), (1, "2 passed, 2 failed"))
        self.assertIn("    FAIL: x\n    WARNING y\n", self.output.getvalue())

    def test_a_problem_is_a_failure_and_not_the_end(self):
        def broken():
            raise Problem("no server")

        self.results.run("a", broken)
        self.results.run("b", lambda: Report(tests=1))
        self.assertEqual(self.closing(), (1, "1 passed, 1 failed"))

    def test_nothing_at_all_is_a_failure(self):
        self.assertEqual(self.closing(), (1, "0 passed, 0 failed"))


class TestNames(unittest.TestCase):
    def test_room_file_class_and_method(self):
        addon = "/kundekartotek_addon"
        self.assertIn(f"{addon}/tests/test_customer_mark.py", suite.tags_for("customer"))
        for name in (
            "test_customer_mark",
            "customer_mark",
            "test_customer_mark.py",
            "tests/test_customer_mark.py",
        ):
            self.assertEqual(suite.tags_for(name), [f"{addon}/tests/test_customer_mark.py"])
        self.assertEqual(suite.tags_for("TestCustomerMark"), [f"{addon}:TestCustomerMark"])
        self.assertEqual(suite.tags_for("TestCustomerMark.test_search"), [f"{addon}:TestCustomerMark.test_search"])
        self.assertIn(f"{addon}:TestCustomerMark.test_search", suite.tags_for("test_search"))

    def test_only_tours_need_a_browser(self):
        self.assertFalse(suite.have_tours(["test_customer_mark"]))
        self.assertTrue(suite.have_tours(["test_customer_mark", "test_customer_tour"]))

    def test_an_unknown_name_is_refused_before_anything_starts(self):
        with self.assertRaisesRegex(Problem, "No test is called nonsense"):
            suite.run_named(["nonsense"], self.fail, suite.Results())
