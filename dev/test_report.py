# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reads Odoo's log: how many tests ran, which failed, and what was logged that should not be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+) \d+ (?P<level>[A-Z]+) (?P<database>\S+) "
    r"(?P<logger>[\w.]+): (?P<message>.*)"
)
TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
SKIPPED = re.compile(r"skipped (?P<test>.+?) : (?P<reason>.*)")
TEST_FAILED = re.compile(r"(FAIL|ERROR): \S+")
SUMMARY_LOGGERS = ("odoo.tests.result", "odoo.tests.stats")

# The only reasons for which a test may be skipped: the research data beside the project is not there,
# or an optional module of Odoo's is not.
MAY_SKIP = re.compile(r"\.\./shared|is installed here")
# (logger, message) of each WARNING or worse that says nothing about us, with its reason
EXPECTED = (
    # account's own form names a widget of partner_autocomplete, which it does not depend on
    (re.compile(r".*\.browser"), re.compile(r"Missing widget: res_partner_many2one ")),
)


@dataclass
class Report:
    """What one run of Odoo did. ``failures`` has one readable text for each thing that went wrong."""

    tests: int = 0
    skipped: int = 0
    failed_tests: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def passed(self) -> int:
        return max(0, self.tests - self.skipped - self.failed_tests)

    def summary(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {len(self.failures)} failed{skipped}"

    def __add__(self, other: Report) -> Report:
        return Report(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def checked(failures: Sequence[str]) -> Report:
    """The report of one check that either passes or says what is wrong."""
    return Report(tests=1, failed_tests=bool(failures), failures=list(failures))


def read(lines: Iterable[str], exit_status: int, *, tests_expected: bool) -> Report:
    """The report of a log. Without a single test, where some are expected, the run has failed."""
    report, seen = Report(), set()
    for level, logger, message in records(lines):
        first = message.partition("\n")[0]
        if logger == "odoo.tests.result" and (total := TOTAL.search(first)):
            report.failed_tests = int(total[1]) + int(total[2])
            report.tests = int(total[3])
        elif level == "INFO" and (skip := SKIPPED.fullmatch(first)):
            report.skipped += 1
            if not MAY_SKIP.search(skip["reason"]):
                report.failures.append(f"skipped {skip['test']}: {skip['reason']}")
        elif level in ("WARNING", "ERROR", "CRITICAL") and not _expected(logger, message):
            if TEST_FAILED.match(first):
                report.failures.append(message)
            elif (logger, first) not in seen:
                report.failures.append(f"{level} {logger}: {message}")
            seen.add((logger, first))
    told = sum(1 for failure in report.failures if TEST_FAILED.match(failure))
    report.failures += ["a test failed of which the log tells no more"] * (report.failed_tests - told)
    if tests_expected and not report.tests:
        report.failures.append("no test ran")
    if exit_status and not report.failures:
        report.failures.append(f"Odoo ended with exit status {exit_status}")
    return report


def records(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """(level, logger, message) of each log record; the lines after a record's first belong to its message."""
    current: tuple[str, str, str] | None = None
    for line in lines:
        match = LINE.match(line.rstrip("\n"))
        if match:
            if current:
                yield current
            current = match["level"], match["logger"], match["message"].rstrip()
        elif current:
            current = (*current[:2], current[2] + "\n" + line.rstrip("\n"))
    if current:
        yield current


def _expected(logger: str, message: str) -> bool:
    return logger in SUMMARY_LOGGERS or any(by.fullmatch(logger) and what.search(message) for by, what in EXPECTED)
