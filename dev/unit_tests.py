# SPDX-License-Identifier: LGPL-3.0-or-later
"""Runs tests that need no Odoo: unittest files and doctests. Its last line is ``RUN FAILED SKIPPED``.

    python -m dev.unit_tests launcher [NAME]    dev/tests/test_*.py
    python -m dev.unit_tests tools [NAME]       the addon's tests/tools/test_*.py, doctests of its tools/*.py

NAME selects the files called so, with or without ``test_``. The addon's folder is put on
sys.path, so a tool is imported as ``tools.<name>``: importing the addon itself needs Odoo.
"""

from __future__ import annotations

import doctest
import importlib
import sys
import unittest
from pathlib import Path

from dev.cache import ADDON, ROOT

TESTS = {"launcher": ROOT / "dev" / "tests", "tools": ADDON / "tests" / "tools"}


def files(kind: str, name: str = "") -> list[Path]:
    """The test files and, for tools, the modules with doctests, that a name selects; all without a name."""
    found = sorted(TESTS[kind].glob("test_*.py"))
    if kind == "tools":
        found += sorted(path for path in (ADDON / "tools").glob("*.py") if path.stem != "__init__")
    return [path for path in found if not name or name in (path.stem, path.stem.removeprefix("test_"))]


def load(kind: str, name: str) -> unittest.TestSuite:
    suite = unittest.TestSuite()
    sys.path[:0] = [str(ADDON), str(TESTS[kind])]
    for path in files(kind, name):
        if path.parent == TESTS[kind]:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromName(path.stem))
        else:
            suite.addTests(doctest.DocTestSuite(importlib.import_module(f"tools.{path.stem}")))
    return suite


def main(kind: str, name: str = "") -> int:
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(load(kind, name))
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(result.testsRun, failed, len(result.skipped))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
