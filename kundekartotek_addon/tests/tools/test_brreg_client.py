# SPDX-License-Identifier: LGPL-3.0-or-later
"""The client against the stand-in register, through real HTTP: every outcome, and every way to fail."""

import datetime
import socket
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import requests
from tools.brreg import (
    Breaker,
    Client,
    ClientFault,
    Deleted,
    FeedPage,
    Found,
    Hits,
    Reached,
    Reason,
    Refused,
    Status,
    Unavailable,
    Unknown,
    Withdrawn,
)

from dev.brreg_firms import Firms, is_number
from dev.brreg_firms import number as make_number
from dev.brreg_server import BrregServer

NOT_THERE = make_number(39_999_999)
# fault: what it ends in, how many requests it costs with two retries
FAULTS = {
    "timeout": (Reason.TIMEOUT, 3), "dribble": (Reason.TIMEOUT, 3), "reset": (Reason.REFUSED, 3),
    "429": (Reason.RATE_LIMITED, 3), "500": (Reason.SERVER_ERROR, 3), "502": (Reason.SERVER_ERROR, 3),
    "503": (Reason.SERVER_ERROR, 3), "504": (Reason.SERVER_ERROR, 3), "garbage": (Reason.GARBAGE, 3),
    "wrong_shape": (Reason.GARBAGE, 3), "truncated": (Reason.TRUNCATED, 3), "content_type": (Reason.CONTENT_TYPE, 1),
    "too_large": (Reason.TOO_LARGE, 1), "announced_large": (Reason.TOO_LARGE, 1),
    "404": (404, 1), "406": (406, 1), "415": (415, 1), "403": (403, 1), "301": (301, 1), "400": (Refused, 1),
}


class ServerCase(unittest.TestCase):
    """A server for the class; no latency and no faults at the start of each test."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(BrregServer(**cls.options))
        names = {firm.get("navn"): number for number, firm in cls.server.register.known.items()}
        cls.bakery, cls.restaurant = names["FJELLBEKK BAKERI AS"], names["BLÅSKJELL RESTAURANT AS"]
        cls.antiques, cls.transport = names["FLINTØKSA ANTIKK ENK"], names["KVITSAND TRANSPORT AS"]

    def setUp(self):
        self.server.reset()
        self.slept = []

    def client(self, **options):
        options = {"retries": 2, "read_timeout": 0.2, "breaker": Breaker(threshold=100), "version": "19.0.1",
                   "sleep": self.slept.append} | options
        return Client(options.pop("base_url", self.server.register_url), **options)

    def firm(self, wanted, kind=None, register=None):
        """The first invented firm in a state; of a kind, main or sub-unit, where that matters."""
        firms = (register or self.server.register).firms
        for number in firms.numbers():
            unit = firms.get(number)
            is_sub = unit.get("organisasjonsform", {}).get("kode") == "BEDR"
            if firms.state(number) == wanted and kind in (None, "sub" if is_sub else "main"):
                return number
        raise AssertionError(f"no {wanted} {kind}")


class TestOutcomes(ServerCase):
    def test_one_unit(self):
        firms = [
            (self.bakery, Found, Status.ACTIVE), (self.restaurant, Found, Status.BANKRUPT),
            (self.antiques, Deleted, Status.DELETED),
            (self.firm("active", "main"), Found, Status.ACTIVE), (self.firm("active", "sub"), Found, Status.ACTIVE),
            (self.firm("bankrupt", "main"), Found, Status.BANKRUPT),
            (self.firm("winding_up", "main"), Found, Status.WINDING_UP),
            (self.firm("compulsory", "main"), Found, Status.COMPULSORY_WINDING_UP),
            (self.firm("deleted", "main"), Deleted, Status.DELETED),
            (self.firm("deleted", "sub"), Deleted, Status.DELETED),
        ]
        for number, kind, status in firms:
            with self.subTest(number, kind=kind.__name__, status=status):
                outcome = self.client().unit(number)
                self.assertIsInstance(outcome, kind)
                self.assertEqual((outcome.unit.number, outcome.unit.status), (number, status))
        self.assertEqual(self.client().unit(NOT_THERE), Unknown(NOT_THERE))
        withdrawn = self.client().unit(self.firm("withdrawn"))
        self.assertIsInstance(withdrawn, Withdrawn)
        self.assertIsInstance(withdrawn.date, datetime.date)

    def test_a_sub_unit_is_asked_for_second(self):
        number = self.firm("active", "sub")
        self.assertTrue(self.client().unit(number).unit.is_subunit)
        self.assertEqual([path.split("/")[-2] for path in self.server.log.paths], ["enheter", "underenheter"])

    def test_what_is_no_number_is_not_sent(self):
        for text in ("923609017", "12345678", "", "9ECD01011", "923 609 016", "９２３６０９０１６", "923609016/roller"):
            outcome = self.client().unit(text)
            self.assertEqual(outcome, Refused(text, sent=False))
        self.assertEqual(self.server.log.requests, 0)

    def test_headers(self):
        """Version 2 is asked for by name, and the addon says who it is."""
        sent = []
        client = self.client(connect_timeout=1.5)
        send = requests.adapters.HTTPAdapter.send

        def note(adapter, request, stream, timeout, *rest):
            sent.append((request.headers["Accept"], request.headers["User-Agent"], timeout))
            return send(adapter, request, stream, timeout, *rest)

        with mock.patch("requests.adapters.HTTPAdapter.send", note):
            client.unit(self.bakery)
        self.assertEqual(sent, [(
            "application/vnd.brreg.enhetsregisteret.enhet.v2+json;charset=UTF-8", "kundekartotek_addon/19.0.1",
            (1.5, 0.2))])

    def test_version_1_is_gone(self):
        """The stand-in refuses it as the register does, so that a client asking for it would be found out."""
        answer = requests.get(f"{self.server.register_url}/enheter/{self.bakery}", timeout=3, headers={
            "Accept": "application/vnd.brreg.enhetsregisteret.enhet.v1+json"})
        self.assertEqual(answer.status_code, 406)

    def test_names(self):
        found = self.client().search_name("  fjellbekk   bak ")
        self.assertIsInstance(found, Hits)
        hit = found.hits[0]
        self.assertEqual((hit.number, hit.name, hit.place, hit.legal_form, hit.status, found.total),
                         (self.bakery, "FJELLBEKK BAKERI AS", "LILLEHAMMER", "AS", "active", 1))
        many = self.client().search_name("as", size=7)
        self.assertEqual((len(many.hits), many.total > 7), (7, True))
        self.assertEqual(self.client().search_name("finnes & ikke/heller?#"), Hits((), 0))
        asked = self.server.log.requests
        self.assertEqual(self.client().search_name(" "), Hits((), 0))
        self.assertEqual(self.server.log.requests, asked)
        self.assertEqual(self.client().search_name("å" * 500), Hits((), 0))

    def test_ping(self):
        self.assertEqual(self.client().ping(), Reached())
        self.assertIsInstance(self.client(base_url=self.server.url + "/annet").ping(), ClientFault)
        self.assertIsInstance(self.client(base_url=self.server.postal_url).ping(), ClientFault)


class TestManyNumbers(ServerCase):
    options = {"firms": 1_200}

    def test_every_number_gets_its_outcome(self):
        numbers = [*self.server.register.firms.numbers()]
        outcomes = dict(self.client().units([*numbers, NOT_THERE, "923609017", *numbers[:3]]))
        self.assertEqual(outcomes.keys(), {*numbers, NOT_THERE, "923609017"})
        self.assertEqual(outcomes["923609017"], Refused("923609017", sent=False))
        states = {"deleted": Deleted, "withdrawn": Withdrawn}
        for number in numbers:
            kind = states.get(self.server.register.firms.state(number), Found)
            self.assertIsInstance(outcomes[number], kind, number)
        # lists for what is there, singly only for the rest
        rest = sum(not isinstance(outcome, Found) for outcome in outcomes.values())
        self.assertLess(self.server.log.requests, 20 + 2 * rest)

    def test_addresses_stay_short_and_hold_valid_numbers_only(self):
        list(self.client().units([*self.server.register.firms.numbers(), "923609017", "x,y"]))
        self.assertLess(max(map(len, self.server.log.paths)) + len(self.server.url), 8_000)
        self.assertTrue(all(map(is_number, self.server.log.summary()["numbers"])))

    def test_an_unreachable_register_costs_one_request_per_list(self):
        self.server.fail("503")
        numbers = list(self.server.register.firms.numbers())[:300]
        outcomes = dict(self.client(retries=0).units(numbers))
        self.assertEqual({outcome.reason for outcome in outcomes.values()}, {Reason.SERVER_ERROR})
        self.assertEqual((len(outcomes), self.server.log.requests), (300, 2))

    def test_a_number_that_spoils_its_list_harms_itself_only(self):
        numbers = list(self.server.register.firms.numbers())[:50]
        spoilt = next(number for number in numbers if self.server.register.firms.state(number) == "active")
        self.server.fail("400", spoilt)
        outcomes = dict(self.client().units(numbers))
        self.assertEqual(list(outcomes), list(dict.fromkeys(outcomes)))
        self.assertEqual({number for number, outcome in outcomes.items() if isinstance(outcome, Refused)}, {spoilt})
        self.assertEqual(len(outcomes), 50)

    def test_eight_at_once(self):
        self.server.latency = 0.02
        client, numbers = self.client(read_timeout=5), list(self.server.register.firms.numbers())[:160]
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(client.unit, numbers))
        self.assertFalse([outcome for outcome in outcomes if isinstance(outcome, Unavailable)])
        self.assertEqual([_number(outcome) for outcome in outcomes], numbers)
        self.assertTrue(4 <= self.server.log.most_at_once <= 8, self.server.log.most_at_once)


class TestFaults(ServerCase):
    def ask(self, what, client):
        if what == "unit":
            return client.unit(self.bakery)
        if what == "units":
            return dict(client.units([self.bakery, self.restaurant]))[self.bakery]
        if what == "name":
            return client.search_name("fjellbekk")
        return client.feed_from(1)

    def test_outcomes_by_faults(self):
        for fault, (expected, _requests) in FAULTS.items():
            for what in ("unit", "units", "name", "feed"):
                if what == "units" and fault == "400":
                    continue  # asked again singly: see TestManyNumbers
                with self.subTest(fault, what=what):
                    self.server.reset()
                    self.server.fail(fault, seconds=1)
                    outcome = self.ask(what, self.client(retries=0))
                    if isinstance(expected, Reason):
                        self.assertIsInstance(outcome, Unavailable)
                        self.assertEqual(outcome.reason, expected)
                    elif expected is Refused:
                        self.assertEqual(outcome, Refused("Feilaktig forespørsel: Ugyldig forespørsel (x)"))
                    else:
                        self.assertIsInstance(outcome, ClientFault)
                        self.assertEqual(outcome.status, expected)

    def test_withdrawn_by_fault(self):
        self.server.fail("410")
        self.assertEqual(self.client().unit(self.bakery), Withdrawn(self.bakery, datetime.date(2026, 9, 5)))
        self.assertIsInstance(self.client().search_name("fjellbekk"), ClientFault)

    def test_asked_again_where_it_helps(self):
        for fault, (_expected, needed) in FAULTS.items():
            with self.subTest(fault):
                self.server.reset()
                self.slept.clear()
                self.server.fail(fault, seconds=1)
                self.ask("unit", self.client())
                self.assertEqual(self.server.log.requests, needed)
                self.assertEqual(len(self.slept), needed - 1)

    def test_recovers_on_the_last_try(self):
        for fault, (_expected, needed) in FAULTS.items():
            if needed > 1:
                with self.subTest(fault):
                    self.server.fail(fault, self.bakery, times=2, seconds=1)
                    self.assertIsInstance(self.ask("unit", self.client()), Found)

    def test_waits_longer_each_time_and_not_in_step(self):
        self.server.fail("503")
        self.client(retries=3).unit(self.bakery)
        for attempt, seconds in enumerate(self.slept):
            self.assertTrue(0.25 * 2**attempt <= seconds <= 0.5 * 2**attempt, self.slept)
        first = list(self.slept)
        self.slept.clear()
        self.client(retries=3).unit(self.bakery)
        self.assertNotEqual(self.slept, first)

    def test_waits_as_long_as_it_is_told(self):
        self.server.fail("429", times=1, seconds=7)
        self.assertIsInstance(self.client().unit(self.bakery), Found)
        self.assertEqual(self.slept, [7])

    def test_comes_back_later_when_told_to_wait_long(self):
        self.server.fail("429", times=1, seconds=600)
        now = [0.0]
        client = self.client(breaker=Breaker(clock=lambda: now[0]))
        self.assertEqual(client.unit(self.bakery), Unavailable(Reason.RATE_LIMITED, 600, "HTTP 429"))
        self.assertEqual(client.unit(self.bakery), Unavailable(Reason.PAUSED, 600))
        self.assertEqual((self.slept, self.server.log.requests), ([], 1))
        now[0] = 601
        self.assertIsInstance(client.unit(self.bakery), Found)

    def test_nobody_listens(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            outcome = self.client(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}").unit(self.bakery)
        self.assertEqual(outcome.reason, Reason.REFUSED)

    def test_addresses_that_are_none(self):
        for url in ("http://", "ftp://example.org", "tull", "http://[::1"):
            with self.subTest(url):
                self.assertEqual(self.client(base_url=url, retries=0).unit(self.bakery).reason, Reason.REFUSED)

    def test_nothing_larger_than_the_limit_is_kept(self):
        received = []
        client = self.client()
        read = client._read
        client._read = lambda response: received.append(read(response)) or received[-1]
        self.server.fail("too_large")
        client.unit(self.bakery)
        self.assertEqual(received, [Unavailable(Reason.TOO_LARGE)])


class TestBreaker(ServerCase):
    def test_stops_after_five_and_tries_again_later(self):
        now = [0.0]
        breaker = Breaker(clock=lambda: now[0])
        client = self.client(retries=0, breaker=breaker)
        self.server.fail("503")
        for _attempt in range(5):
            self.assertEqual(client.unit(self.bakery).reason, Reason.SERVER_ERROR)
        self.assertEqual(client.unit(self.bakery), Unavailable(Reason.PAUSED, 60))
        self.assertEqual(self.server.log.requests, 5)
        now[0] = 61  # one try, which fails: twice as long
        self.assertEqual(client.unit(self.bakery).reason, Reason.SERVER_ERROR)
        self.assertEqual(client.unit(self.bakery), Unavailable(Reason.PAUSED, 120))
        self.assertEqual(self.server.log.requests, 6)
        now[0] = 182
        self.server.reset()
        self.assertIsInstance(client.unit(self.bakery), Found)
        self.server.fail("503")
        self.assertEqual(client.unit(self.bakery).reason, Reason.SERVER_ERROR)  # closed again: counts from one
        self.assertEqual(client.unit(self.bakery).reason, Reason.SERVER_ERROR)

    def test_the_retries_count_too(self):
        self.server.fail("503")
        client = self.client(retries=3, breaker=Breaker())
        self.assertEqual(client.unit(self.bakery).reason, Reason.SERVER_ERROR)
        self.assertEqual(client.unit(self.bakery).reason, Reason.SERVER_ERROR)
        self.assertEqual(self.server.log.requests, 5)
        self.assertEqual(client.unit(self.bakery).reason, Reason.PAUSED)

    def test_an_answer_between_closes_it(self):
        client = self.client(retries=0, breaker=Breaker())
        for _round in range(3):
            self.server.fail("503", times=4)
            for _attempt in range(4):
                self.assertEqual(client.unit(self.bakery).reason, Reason.SERVER_ERROR)
            self.assertEqual(client.unit(NOT_THERE), Unknown(NOT_THERE))

    def test_what_we_ask_wrongly_does_not_open_it(self):
        client = self.client(retries=0, breaker=Breaker())
        self.server.fail("406")
        for _attempt in range(7):
            self.assertEqual(client.unit(self.bakery).status, 406)

    def test_one_at_a_time_tries_whether_it_is_back(self):
        now = [0.0]
        breaker = Breaker(clock=lambda: now[0])
        for _attempt in range(5):
            breaker.failed()
        now[0] = 61
        self.assertEqual([breaker.wait() > 0 for _caller in range(3)], [False, True, True])
        breaker.succeeded()
        self.assertEqual([breaker.wait() for _caller in range(3)], [0, 0, 0])

    def test_eight_that_fail_at_once_open_it_once(self):
        self.server.fail("503")
        breaker = Breaker()
        client = self.client(retries=0, breaker=breaker)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _n: client.unit(self.bakery), range(40)))
        self.assertLessEqual(self.server.log.requests, 5 + 7)
        self.assertTrue(0 < breaker.wait() <= 60)

    def test_what_was_under_way_does_not_end_a_wait_that_was_asked_for(self):
        """Eight are in flight: one is told to wait, the next one's answer comes after it."""
        now = [0.0]
        breaker = Breaker(clock=lambda: now[0])
        breaker.hold(600)
        breaker.succeeded()
        self.assertEqual((breaker.wait(), breaker.is_open), (600, True))
        now[0] = 601
        self.assertEqual(breaker.wait(), 0)

    def test_nobody_is_left_alone_for_ever(self):
        """A clock that is wrong, or a number that is none: tomorrow it is asked again."""
        for seconds in (10**12, 10**300):
            self.server.fail("429", times=1, seconds=seconds)
            breaker = Breaker()
            outcome = self.client(breaker=breaker).unit(self.bakery)
            with self.subTest(digits=len(str(seconds))):
                self.assertEqual((outcome.reason, outcome.retry_after), (Reason.RATE_LIMITED, 86_400))
                self.assertLessEqual(breaker.wait(), 86_400)

    def test_shared_by_address(self):
        self.assertIs(Breaker.shared("https://a.example"), Breaker.shared("https://a.example"))
        self.assertIsNot(Breaker.shared("https://a.example"), Breaker.shared("https://b.example"))


class TestFeed(ServerCase):
    options = {"events": 2_500, "firms": 500}

    def test_from_a_time_then_by_id_to_the_end(self):
        client = self.client()
        since = datetime.datetime.combine(self.server.register.firms.today, datetime.time(), datetime.UTC)
        page = client.feed_since(since - datetime.timedelta(days=60), size=1_000)
        seen = []
        while True:
            self.assertIsInstance(page, FeedPage)
            seen += page.events
            if page.is_last:
                break
            page = client.feed_from(page.last_id + 1, size=1_000)
        ids, there = [event.id for event in seen], 2_500 + len(self.server.register.published["enheter"])
        self.assertEqual((ids, len(set(ids))), (sorted(ids), there))
        self.assertGreater(ids[-1] - ids[0], 2_500)  # there are gaps
        self.assertEqual({event.kind for event in seen}, {"new", "change", "deletion", "removal"})
        self.assertTrue(all(event.changed for event in seen if event.kind == "change"))
        self.assertEqual(client.feed_from(ids[-1] + 1), FeedPage((), None, True))

    def test_a_time_is_from_and_including(self):
        first = self.client().feed_from(1, size=3).events[2]
        for time_ in (first.time, first.time.astimezone(datetime.timezone(datetime.timedelta(hours=2))),
                      first.time.replace(tzinfo=None)):
            self.assertEqual(self.client().feed_since(time_, size=1).events[0].id, first.id)

    def test_a_published_change_is_told_and_true(self):
        last = self.server.register._last_id
        event = self.server.publish(self.bakery, "bankrupt")
        page = self.client().feed_from(last + 1)
        self.assertEqual([(told.id, told.number, told.kind) for told in page.events],
                         [(event["oppdateringsid"], self.bakery, "change")])
        self.assertIn("/konkurs", page.events[0].changed)
        self.assertEqual(self.client().unit(self.bakery).unit.status, Status.BANKRUPT)
        self.server.publish(self.bakery, "active")
        self.assertEqual(self.client().unit(self.bakery).unit.status, Status.ACTIVE)

    def test_sub_units_have_a_feed_of_their_own(self):
        number = self.firm("active", "sub")
        last = self.server.register._last_id
        self.server.publish(number, "moved")
        self.assertEqual(self.client().feed_from(last + 1).events, ())
        page = self.client().feed_from(1, subunits=True)
        self.assertEqual((page.events[-1].number, page.events[-1].changed[0][:21]), (number, "/beliggenhetsadresse/"))

    def test_withdrawn_and_deleted_are_told(self):
        numbers = [number for number in self.server.register.firms.numbers()
                   if self.server.register.firms.state(number) == "active"][-2:]
        last = self.server.register._last_id
        for number, change in zip(numbers, ("deleted", "withdrawn")):
            self.server.publish(number, change)
        kinds = {event.number: event.kind for event in self.client().feed_from(last + 1).events}
        kinds |= {event.number: event.kind for event in self.client().feed_from(last + 1, subunits=True).events}
        self.assertEqual(kinds, dict(zip(numbers, ("deletion", "removal"))))
        self.assertIsInstance(self.client().unit(numbers[0]), Deleted)
        self.assertIsInstance(self.client().unit(numbers[1]), Withdrawn)

    def test_what_is_older_than_kept_is_gone(self):
        self.addCleanup(setattr, self.server.register, "kept_from", 0)
        self.server.register.kept_from = 25_001_000
        page = self.client().feed_from(25_000_000, size=10)
        self.assertGreaterEqual(page.events[0].id, 25_001_000)

    def test_ids_and_sizes_that_the_register_refuses(self):
        for id_ in (0, -1, 2**31):
            self.assertEqual(self.client().feed_from(id_), Refused(str(id_), sent=False))
        refused = self.client().feed_from(1, size=20_000)
        self.assertIn("10000", refused.message)


class TestClientIsFlat(ServerCase):
    def test_connections_are_kept(self):
        """A lookup does not open a connection of its own."""
        before = threading.active_count()
        client = self.client(read_timeout=5)
        started = time.monotonic()
        for number in list(Firms(200).numbers()):
            client.unit(number)
        self.assertLess(time.monotonic() - started, 5)
        self.assertLessEqual(threading.active_count() - before, 2)


def _number(outcome):
    return outcome.unit.number if isinstance(outcome, Found | Deleted) else outcome.number


if __name__ == "__main__":
    unittest.main()
