# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import io
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from dev import browser, cache, debian, postgres
from dev.cache import Problem

DEB822 = """\
# made by the image
Types: deb
URIs: http://deb.example.org/debian
# the point release and its updates
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.example.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://node.example.org/node_20.x
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://old.example.org/debian
Suites: bullseye
Components: main

Types: deb-src
URIs: http://deb.example.org/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
#deb http://commented.example.org/debian bookworm main
deb [arch=amd64,arm64 signed-by=/etc/apt/a.gpg] https://mirror.example.org/debian/ trixie main non-free # us
deb-src https://mirror.example.org/debian/ trixie main
deb http://security.example.org/debian-security trixie-security main
deb http://mirror.example.org/debian trixie-backports main
deb [trusted=yes] https://download.example.com/linux/debian trixie stable
deb https://vendor.example.com/apt trixie main
deb cdrom:[Debian GNU/Linux 13]/ trixie main
"""


class TestSources(unittest.TestCase):
    def archives(self, text, parse):
        return debian.debian_archives(parse(text))

    def test_deb822(self):
        [archive] = self.archives(DEB822, debian.parse_deb822)
        self.assertEqual(
            archive,
            {
                "URIs": "http://deb.example.org/debian",
                "Suites": "bookworm",
                "Components": "main",
                "Signed-By": "/usr/share/keyrings/debian-archive-keyring.gpg",
            },
        )

    def test_one_line(self):
        [archive] = self.archives(ONE_LINE, debian.parse_one_line)
        self.assertEqual(
            archive,
            {
                "URIs": "https://mirror.example.org/debian/",
                "Suites": "trixie",
                "Components": "main",
                "Architectures": "amd64 arm64",
                "Signed-By": "/etc/apt/a.gpg",
            },
        )

    def test_both_forms_give_the_same_file(self):
        one_line = "deb [signed-by=/k.gpg] http://deb.example.org/debian bookworm main"
        deb822 = (
            "Types: deb\nURIs: http://deb.example.org/debian\nSuites: bookworm bookworm-updates\n"
            "Components: main\nSigned-By: /k.gpg\n"
        )
        texts = [
            sorted(debian.sources_text(*self.archives(text, parse), "unstable").splitlines())
            for text, parse in ((one_line, debian.parse_one_line), (deb822, debian.parse_deb822))
        ]
        self.assertEqual(texts[0], texts[1])
        self.assertIn("Suites: bookworm unstable", texts[0])

    def test_key_inside_the_file_is_kept_whole(self):
        text = (
            "Types: deb\nURIs: http://deb.example.org/debian\nSuites: bookworm\nComponents: main\n"
            "Signed-By:\n -----BEGIN PGP-----\n .\n mQINBF\n -----END PGP-----\n"
        )
        [archive] = self.archives(text, debian.parse_deb822)
        written = debian.sources_text(archive, "unstable")
        self.assertIn("Signed-By: \n -----BEGIN PGP-----\n .\n mQINBF\n", written)
        self.assertEqual(debian.parse_deb822(written)[0]["Signed-By"], archive["Signed-By"])

    def test_mirror_list_and_snapshot_are_debian(self):
        for uri in (
            "mirror+file:///etc/apt/mirrors/debian.list",
            "http://snapshot.example.org/archive/debian/20250520T0/",
        ):
            [archive] = self.archives(f"deb {uri} bookworm main", debian.parse_one_line)
            self.assertEqual(archive["URIs"], uri)

    def test_moving_suites_take_stable_for_what_must_be_stable(self):
        for suite in ("sid", "unstable", "testing"):
            [archive] = self.archives(f"deb http://deb.example.org/debian {suite} main", debian.parse_one_line)
            self.assertEqual(archive["Suites"], "stable")

    def test_reads_the_machines_files_and_no_others(self):
        with tempfile.TemporaryDirectory() as folder:
            parts = Path(folder, "sources.list.d")
            parts.mkdir()
            Path(folder, "sources.list").write_text("deb http://a.example.org/debian bookworm main")
            (parts / "b.sources").write_text(DEB822)
            (parts / "c.list.save").write_text("deb http://saved.example.org/debian bookworm main")
            found = [archive["URIs"] for archive in debian.debian_archives(debian.machine_sources(Path(folder)))]
        self.assertEqual(found, ["http://a.example.org/debian", "http://deb.example.org/debian"])

    def test_no_sources_at_all(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(debian.machine_sources(Path(folder)), [])


class TestMissing(unittest.TestCase):
    """What a machine lacks is installed, or named in one sentence."""

    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = Path(folder)
        self.enterContext(mock.patch.object(cache, "CACHE", self.folder))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))
        self.quiet = self.enterContext(mock.patch.object(debian, "quiet"))
        self.user = self.enterContext(mock.patch.object(debian.os, "geteuid", return_value=1000))

    def nothing_is_installed(self):
        self.enterContext(mock.patch.object(shutil, "which", lambda name, **_path: name == "apt-get"))

    def test_browser_and_server_name_the_command_to_type(self):
        self.nothing_is_installed()
        self.enterContext(mock.patch.object(postgres, "_installed_programs", return_value={}))
        for ensure, package in ((browser.ensure, "chromium"), (postgres.find_programs, "postgresql")):
            with self.subTest(package), self.assertRaises(Problem) as problem:
                ensure()
            self.assertIn(f"apt-get install --no-install-recommends {package}'", str(problem.exception))
            self.assertNotIn("\n", str(problem.exception))
        self.quiet.assert_not_called()

    def test_root_gets_them_from_debian(self):
        self.nothing_is_installed()
        self.user.return_value = 0
        browser.ensure()
        self.assertEqual([call.args[0][2] for call in self.quiet.call_args_list], ["update", "-y"])
        self.assertEqual(self.quiet.call_args.args[0][-1], "chromium")

    def test_a_browser_that_is_there_is_used(self):
        self.enterContext(mock.patch.object(shutil, "which", lambda name: name == "chromium"))
        browser.ensure()
        self.quiet.assert_not_called()


class TestOffline(unittest.TestCase):
    """Real apt, with an archive that does not answer."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(cache, "CACHE", self.folder))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def download(self, *lines):
        sources = debian.parse_one_line("\n".join(lines))
        with mock.patch.object(debian, "machine_sources", return_value=sources):
            debian.download("odoo-19", (), (), self.folder)

    @unittest.skipUnless(shutil.which("apt-get"), "apt is Debian's; without ../shared too")
    def test_an_archive_that_does_not_answer(self):
        with self.assertRaisesRegex(Problem, "odoo-19 was not found in .*: is this machine online.*ODOO_SRC"):
            self.download("deb http://127.0.0.1:9/debian bookworm main")

    def test_a_machine_without_debians_archive(self):
        with self.assertRaisesRegex(Problem, "No Debian archive is among this machine's apt sources: set ODOO_SRC"):
            self.download("deb http://archive.example.org/ubuntu noble main")
