# SPDX-License-Identifier: LGPL-3.0-or-later
import unittest
from pathlib import Path

from tools import postal
from tools.brreg import Breaker, ClientFault, Reason, Unavailable
from tools.postal import PostalCode, PostalFileError

from dev.brreg_server import BrregServer

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "postal"
OSLO = "0150\tOSLO\t0301\tOSLO\tG"


class TestPostalFile(unittest.TestCase):
    def test_spellings_of_a_file(self):
        for ending in ("\r\n", "\n"):
            for encoding in ("latin-1", "utf-8", "utf-8-sig"):
                content = f"{OSLO}{ending}6005\tÅLESUND\t1508\tÅLESUND\tG{ending}{ending}".encode(encoding)
                with self.subTest(ending=ending, encoding=encoding):
                    self.assertEqual([row.town for row in postal.parse(content)], ["Oslo", "Ålesund"])

    def test_what_is_no_register(self):
        for text, reason, line in [
            ("", "empty", 0), ("\r\n\r\n", "empty", 0), ("<html>", "columns", 1), (f"{OSLO}\n0151\tOSLO", "columns", 2),
            ("150\tOSLO\t0301\tOSLO\tG", "code", 1), ("O150\tOSLO\t0301\tOSLO\tG", "code", 1),
            ("٠١٥٠\tOSLO\t0301\tOSLO\tG", "code", 1), ("0150\t \t0301\tOSLO\tG", "town", 1),
            ("0150\t123\t0301\tOSLO\tG", "town", 1), ("0150\tOSLO\t301\tOSLO\tG", "municipality", 1),
            ("0150\tOSLO\t0301\t\tG", "municipality", 1), ("0150\tOSLO\t0301\tOSLO\tX", "category", 1),
            (f"{OSLO}\r\n{OSLO}", "twice", 2), (f"{OSLO}\textra", "columns", 1),
        ]:
            with self.subTest(text), self.assertRaises(PostalFileError) as caught:
                postal.parse(text.encode())
            self.assertEqual((caught.exception.reason, caught.exception.line), (reason, line), text)

    def test_the_whole_register(self):
        files = sorted(RECORDED.glob("*.tsv")) if RECORDED.is_dir() else []
        if not files:
            self.skipTest("no postal code register in ../shared")
        as_published = files[-1].read_text("utf-8").replace("\n", "\r\n").encode("latin-1")
        rows = postal.parse(as_published)
        self.assertEqual(len(rows), 5_122)
        self.assertEqual(rows, postal.parse(files[-1].read_bytes()))
        by_code = {row.code: row for row in rows}
        self.assertEqual(by_code["0001"], PostalCode("0001", "Oslo", "0301", "Oslo", "P"))
        self.assertEqual({row.category for row in rows}, set("GPBS"))
        self.assertEqual({by_code[code].town for code in ("8622", "3803")}, {"Mo i Rana", "Bø i Telemark"})


class TestSource(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(BrregServer())

    def setUp(self):
        self.server.reset()

    def fetch(self, url=None):
        return postal.Source(url or self.server.postal_url, breaker=Breaker(100), retries=0, read_timeout=0.3).fetch()

    def test_over_http(self):
        rows = self.fetch()
        self.assertIn(PostalCode("6005", "Ålesund", "1508", "Ålesund", "G"), rows)

    def test_faults(self):
        for fault, reason in [("timeout", Reason.TIMEOUT), ("503", Reason.SERVER_ERROR),
                              ("truncated", Reason.TRUNCATED), ("too_large", Reason.TOO_LARGE),
                              ("reset", Reason.REFUSED)]:
            with self.subTest(fault):
                self.server.fail(fault, seconds=1)
                outcome = self.fetch()
                self.assertIsInstance(outcome, Unavailable)
                self.assertEqual(outcome.reason, reason)
        self.server.fail("content_type")
        self.assertEqual(self.fetch().reason, "columns")
        self.server.fail("301")
        self.assertEqual(self.fetch(), ClientFault(301, "https://example.org/moved"))
        self.server.reset()
        self.assertIsInstance(self.fetch(self.server.url + "/flyttet.txt"), ClientFault)


if __name__ == "__main__":
    unittest.main()
