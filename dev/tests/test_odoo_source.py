# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import importlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from dev import cache, odoo_source
from dev.cache import Problem

RELEASE = "version_info = ({}, {}, 0, FINAL, 0, '')\n"


class SourceCase(unittest.TestCase):
    """A machine that has no Odoo, and a network that must not be asked unless a test says so."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.said = self.enterContext(contextlib.redirect_stderr(io.StringIO()))
        self.enterContext(mock.patch.dict(os.environ))
        os.environ.pop("ODOO_SRC", None)
        self.enterContext(mock.patch.object(sys, "path", [path for path in sys.path if "odoo" not in path]))
        self.enterContext(mock.patch.object(cache, "CACHE", self.folder / "cache"))
        self.tree = self.folder / "cache" / "odoo-debian"
        self.enterContext(mock.patch.object(odoo_source, "DEBIAN_TREE", self.tree))
        self.download = self.enterContext(mock.patch.object(odoo_source.debian, "download"))

    def odoo(self, name, series="19.0", addons="odoo/addons", complete=True):
        """A folder with an Odoo as a package has it, or, with its addons beside it, as a checkout has it."""
        package = self.folder / name / "odoo"
        package.mkdir(parents=True)
        (package / "release.py").write_text(RELEASE.format(*series.split(".")))
        left_out = self.folder / name / addons / Path(odoo_source.LEFT_OUT).relative_to("addons")
        if complete:
            left_out.parent.mkdir(parents=True)
            left_out.touch()
        return package

    def checkout(self, name="checkout", series="19.0"):
        package = self.odoo(name, series, addons="addons")
        (package.parent / "odoo-bin").touch()
        return package

    def importable(self, package):
        sys.path.insert(0, str(package.parent))
        importlib.invalidate_caches()

    def debian(self):
        """Debian's Odoo, downloaded by an earlier command."""
        package = odoo_source._package_in(self.tree)
        package.mkdir(parents=True)
        (self.tree / "version").write_text("19.0.1")
        (self.tree / ".complete").touch()
        return package


class TestOrder(SourceCase):
    def test_a_checkout_goes_before_an_importable_odoo_and_that_before_debians(self):
        debian, importable, checkout = self.debian(), self.odoo("site-packages"), self.checkout()
        self.assertEqual(odoo_source.find().package, debian)
        self.importable(importable)
        self.assertEqual(odoo_source.find().package, importable)
        os.environ["ODOO_SRC"] = str(checkout.parent)
        self.assertEqual(odoo_source.find().package, checkout)
        self.download.assert_not_called()

    def test_without_any_debians_is_downloaded(self):
        self.download.side_effect = Problem("offline")
        self.assertFalse(odoo_source.is_ready())
        with self.assertRaisesRegex(Problem, "offline"):
            odoo_source.find()
        self.assertEqual(self.download.call_args.args[0], "odoo-19")

    def test_each_way_counts_as_ready(self):
        self.assertFalse(odoo_source.is_ready())
        for way in (self.debian, lambda: self.importable(self.odoo("site-packages")),
                    lambda: os.environ.__setitem__("ODOO_SRC", str(self.checkout().parent))):
            way()
            self.assertTrue(odoo_source.is_ready())


class TestCheckout(SourceCase):
    def test_another_series_is_refused(self):
        self.debian()
        os.environ["ODOO_SRC"] = str(self.checkout(series="18.0").parent)
        with self.assertRaisesRegex(Problem, r"ODOO_SRC=.* is not a source checkout of Odoo 19\.0"):
            odoo_source.find()

    def test_a_folder_without_odoo_is_refused(self):
        os.environ["ODOO_SRC"] = str(self.folder)
        with self.assertRaisesRegex(Problem, "point it at the folder that holds odoo/release.py"):
            odoo_source.find()

    def test_a_tilde_is_the_home_folder(self):
        package = self.checkout("home")
        os.environ |= {"HOME": str(self.folder), "ODOO_SRC": "~/home"}
        self.assertEqual(odoo_source.find().package, package)

    def test_what_is_checked_out_tells_the_template_databases_apart(self):
        package = self.checkout()
        os.environ["ODOO_SRC"] = str(package.parent)
        before = odoo_source.find().identity
        self.assertEqual(odoo_source.find().identity, before)
        (package / "release.py").write_text(RELEASE.format(19, 0) + "# a later commit\n")
        self.assertNotEqual(odoo_source.find().identity, before)


class TestImportable(SourceCase):
    def test_an_installed_checkout_has_its_addons_beside_it(self):
        package = self.checkout()
        self.importable(package)
        self.assertEqual(odoo_source.find().package, package)

    def test_another_series_and_an_incomplete_one_are_passed_over(self):
        debian = self.debian()
        for name, vals in (("older", {"series": "18.0"}), ("newer", {"series": "19.1"}), ("bare", {"complete": False})):
            with self.subTest(name), mock.patch.object(sys, "path", list(sys.path)):
                package = self.odoo(name, **vals)
                self.importable(package)
                self.assertEqual(odoo_source.find().package, debian)
                self.assertIn(f"The Odoo at {package} is not used", self.said.getvalue())
                (self.tree / ".complete").unlink()
                self.assertFalse(odoo_source.is_ready())
                (self.tree / ".complete").touch()

    def test_a_module_called_odoo_that_is_no_odoo_is_nothing(self):
        (self.folder / "other" / "odoo").mkdir(parents=True)
        self.importable(self.folder / "other" / "odoo")
        debian = self.debian()
        self.assertEqual(odoo_source.find().package, debian)
