# SPDX-License-Identifier: LGPL-3.0-or-later
import tempfile
import unittest
from pathlib import Path

from dev import checks


class TestUnimportedTests(unittest.TestCase):
    def found(self, init, *files):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for file in files:
                (folder / file).touch()
            (folder / "__init__.py").write_text(init)
            return list(checks.unimported_tests(folder))

    def test_all_imported(self):
        init = "from . import test_one\nfrom . import test_two\n"
        self.assertEqual(self.found(init, "test_one.py", "test_two.py", "common.py"), [])

    def test_forgotten(self):
        for init in ("from . import test_one\n", "from . import test_one\n# from . import test_two\n"):
            [error] = self.found(init, "test_one.py", "test_two.py")
            self.assertIn("test_two.py", error)

    def test_gone(self):
        [error] = self.found("from . import test_one\nfrom . import test_two\n", "test_one.py")
        self.assertIn("no test_two.py", error)
