# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from dev import cache, venv
from dev.cache import Problem


class VenvCase(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for module in (cache, venv):
            self.enterContext(mock.patch.object(module, "CACHE", self.folder / "cache"))
        self.said = self.enterContext(contextlib.redirect_stderr(io.StringIO()))


class TestWkhtmltopdf(VenvCase):
    def wkhtmltopdf(self, name, version):
        """A folder with a program that says this of itself."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "wkhtmltopdf").write_text(f"#!/bin/sh\necho 'wkhtmltopdf {version}'\n")
        (folder / "wkhtmltopdf").chmod(0o755)
        return str(folder)

    def first(self, *folders):
        with mock.patch.dict(os.environ, PATH=os.pathsep.join([*folders, "/bin"])):
            return venv.Venv(self.folder / "venv").path(os.environ["PATH"]).split(os.pathsep)[0]

    def test_ours_goes_first_unless_a_patched_one_is_there(self):
        ours = str(self.folder / "venv/wkhtmltopdf")
        self.assertEqual(self.first(), ours)
        self.assertEqual(self.first(self.wkhtmltopdf("debian", "0.12.6")), ours)
        patched = self.wkhtmltopdf("patched", "0.12.6.1 (with patched qt)")
        self.assertEqual(self.first(patched), str(self.folder / "venv/bin"))

    def test_what_is_missing_for_printing_is_told_and_stops_nothing(self):
        with (
            mock.patch.object(venv, "find", return_value=venv.Venv(self.folder)),
            mock.patch.object(venv.debian, "install", side_effect=Problem("type: apt-get install x")),
        ):
            venv.ensure_pdf()
        self.assertIn("PDF documents cannot be printed. type: apt-get install x", self.said.getvalue())


class TestOffline(VenvCase):
    def test_an_environment_that_is_there_asks_nobody(self):
        folder = venv._folder()
        folder.mkdir(parents=True)
        self.assertFalse(venv.is_ready())
        (folder / ".complete").touch()
        with mock.patch.object(venv, "quiet", side_effect=AssertionError):
            self.assertEqual(venv.find().folder, folder)
        self.assertTrue(venv.is_ready())

    def test_packages_that_cannot_be_had(self):
        with (
            mock.patch.dict(os.environ, PIP_NO_INDEX="1"),
            self.assertRaisesRegex(Problem, "The Python packages could not be installed: is this machine online?"),
        ):
            venv.find()
        self.assertFalse(venv.is_ready())
