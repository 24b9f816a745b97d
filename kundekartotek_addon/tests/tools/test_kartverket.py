# SPDX-License-Identifier: LGPL-3.0-or-later
import unittest
from pathlib import Path

from tools import kartverket
from tools.brreg import Breaker, ClientFault, Reason, Refused, Unavailable
from tools.kartverket import Client, Matched, Near, NoStreet, NotFound, StreetAddress

from dev.brreg_server import BrregServer

RECORDED = Path(__file__).parents[4] / "shared" / "data"
STORGATA = StreetAddress("Storgata 118", "4307", "Sandnes", "1108", "Sandnes")


class TestAddresses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(BrregServer())

    def setUp(self):
        self.server.reset()

    def check(self, *address):
        client = Client(self.server.address_url, breaker=Breaker(100), retries=0, read_timeout=0.3)
        return client.check(*address)

    def test_matched_however_it_is_written(self):
        for street in ("Storgata 118", "storgata  118", "STORGATA118", "Storgata 118, 2. etg.",
                       "c/o Hansen, Storgata 118"):
            with self.subTest(street):
                self.assertEqual(self.check(street, "4307", "sandnes"), Matched(STORGATA))
        self.assertEqual(self.server.log.requests, 5)  # one each

    def test_near(self):
        for what, address, offered in [
            ("misspelt", ("Stårgata 118", "4307", "Sandnes"), STORGATA),
            ("short", ("Storgt. 118", "4307", "Sandnes"), STORGATA),
            ("another postal code", ("Storgata 118", "4306", "Sandnes"), STORGATA),
            ("another town", ("Storgata 118", "4307", "Stavanger"), STORGATA),
            ("no postal code", ("Storgata 118", "", "Sandnes"), STORGATA),
            ("a letter more", ("Grønnegata 51", "9008", "Tromsø"),
             StreetAddress("Grønnegata 51B", "9008", "Tromsø", "5501", "Tromsø")),
        ]:
            with self.subTest(what):
                outcome = self.check(*address)
                self.assertIsInstance(outcome, Near)
                self.assertEqual(outcome.address, offered)

    def test_not_found(self):
        self.assertEqual(self.check("Pukkverksveien 1", "4870", "Fevik"), NotFound())
        self.assertEqual(self.check("Storgata 3", "4307", "Sandnes"), NotFound())
        self.assertEqual(self.check("Ønskeveien 9999", "", ""), NotFound())

    def test_nothing_to_look_up(self):
        for street in ("Postboks 12", "postboks 8500 Forus", "PB 12", "P.O. Box 3", "Serviceboks 4", "Boks 1", "",
                       "Nordgarden"):
            self.assertEqual(self.check(street, "4035", "Stavanger"), NoStreet(), street)
        self.assertEqual(self.server.log.requests, 0)

    def test_faults(self):
        for fault, reason in [("timeout", Reason.TIMEOUT), ("503", Reason.SERVER_ERROR), ("garbage", Reason.GARBAGE),
                              ("wrong_shape", Reason.GARBAGE), ("content_type", Reason.CONTENT_TYPE),
                              ("429", Reason.RATE_LIMITED), ("too_large", Reason.TOO_LARGE)]:
            with self.subTest(fault):
                self.server.fail(fault, seconds=1)
                outcome = self.check("Storgata 118", "4307", "Sandnes")
                self.assertIsInstance(outcome, Unavailable)
                self.assertEqual(outcome.reason, reason)
        self.server.fail("404")
        self.assertIsInstance(self.check("Storgata 118", "4307", "Sandnes"), ClientFault)
        self.server.fail("400")
        self.assertIsInstance(self.check("Storgata 118", "4307", "Sandnes"), Refused)

    def test_its_own_400(self):
        client = Client(self.server.address_url, breaker=Breaker(100), retries=0)
        self.assertEqual(client._search({}), Refused("Minst ett søkeparameter må være satt"))

    def test_ping(self):
        client = Client(self.server.address_url, breaker=Breaker(100), retries=0)
        self.assertIsInstance(client.ping(), Matched | Near | NotFound)


class TestRecorded(unittest.TestCase):
    def setUp(self):
        if not RECORDED.is_dir():
            self.skipTest("no recorded answers in ../shared")

    def test_a_hit(self):
        found = kartverket.read_addresses((RECORDED / "kartverket/adresser_sok_myrvollveien_5c.json").read_bytes())
        expected = StreetAddress("Myrvollveien 5C", "1415", "Oppegård", "3207", "Nordre Follo")
        self.assertEqual(found, [expected])
        wanted = StreetAddress(kartverket.normalise("myrvollveien 5 c"), "1415", "OPPEGÅRD")
        self.assertEqual(kartverket.judge(wanted, found), Matched(expected))
        other = StreetAddress(kartverket.normalise("Myrvollveien 5"), "1415", "Oppegård")
        self.assertEqual(kartverket.judge(other, found), Near(expected))

    def test_no_hit(self):
        found = kartverket.read_addresses((RECORDED / "kartverket/adresser_sok_ingen_treff.json").read_bytes())
        self.assertEqual(found, [])
        self.assertIsNone(kartverket.judge(StreetAddress("Bue 1", "", "Tønsberg"), found))

    def test_over_http(self):
        with BrregServer(recorded=RECORDED) as server:
            outcome = Client(server.address_url, breaker=Breaker(100)).check("Myrvollveien 5C", "1415", "Oppegård")
        self.assertIsInstance(outcome, Matched)


if __name__ == "__main__":
    unittest.main()
