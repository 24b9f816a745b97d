# SPDX-License-Identifier: LGPL-3.0-or-later
import tempfile
import unittest
from pathlib import Path

from dev import debian

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
