# SPDX-License-Identifier: LGPL-3.0-or-later
"""The stand-in for the registers by itself: what the addon's own client would never ask, and its control."""

import datetime
import json
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev import brreg_demo, demo, postgres
from dev.brreg_firms import Firms, is_number, number
from dev.brreg_places import PLACES
from dev.brreg_register import CHANGES
from dev.brreg_server import BrregServer
from dev.cache import ROOT
from dev.tests.test_postgres import PostgresCase

RECORDED = ROOT.parent / "shared" / "data"


def get(url, **headers):
    """(status, content type, body) of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def get_json(url, **headers):
    status, _kind, body = get(url, **headers)
    return status, json.loads(body)


class TestServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(BrregServer(firms=300, events=50))
        cls.api = cls.server.register_url
        cls.demo = {firm.get("navn"): orgnr for orgnr, firm in cls.server.register.known.items()}

    def setUp(self):
        self.server.reset()

    def control(self, action, **body):
        request = urllib.request.Request(f"{self.server.url}/_control/{action}", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def test_paging(self):
        _status, first = get_json(f"{self.api}/enheter?size=7")
        self.assertEqual(len(first["_embedded"]["enheter"]), 7)
        self.assertEqual(get_json(f"{self.api}/enheter")[1]["page"]["size"], 20)
        total, pages = first["page"]["totalElements"], first["page"]["totalPages"]
        self.assertEqual(pages, -(-total // 7))
        seen = [unit["organisasjonsnummer"] for page in range(pages)
                for unit in get_json(f"{self.api}/enheter?size=7&page={page}")[1]["_embedded"]["enheter"]]  # fmt: skip
        self.assertEqual((len(seen), len(set(seen))), (total, total))
        status, beyond = get_json(f"{self.api}/enheter?size=7&page={pages}")
        self.assertEqual((status, "_embedded" in beyond), (200, False))
        self.assertEqual(get(f"{self.api}/enheter?size=100&page=99")[0], 200)
        self.assertEqual(get(f"{self.api}/enheter?size=100&page=100")[0], 400)

    def test_errors_look_as_the_register_s_do(self):
        status, body = get_json(f"{self.api}/enheter/9ECD01011")
        self.assertEqual((status, body["valideringsfeil"][0]["feilaktigVerdi"]), (400, "9ECD01011"))
        status, body = get_json(f"{self.api}/enheterX/923609016")
        self.assertEqual((status, sorted(body)), (404, ["detail", "instance", "status", "title"]))
        self.assertEqual(get(f"{self.api}/enheter/{number(39_999_999)}")[::2], (404, b""))
        unit = next(iter(self.demo.values()))
        self.assertEqual(get(f"{self.api}/underenheter/{unit}")[::2], (404, b""))
        self.assertEqual(get(f"{self.api}/enheter/{unit}", Accept="text/csv")[0], 406)
        self.assertEqual(get(f"{self.api}/enheter/{unit}", Accept="application/json")[0], 200)
        for query in ("dato=2026-08-13", "updatedBefore=2026-08-13", "size=10001", "size=0", "oppdateringsid=0",
                      "oppdateringsid=2147483648", "oppdateringsid=x"):  # fmt: skip
            self.assertEqual(get(f"{self.api}/oppdateringer/enheter?{query}")[0], 400, query)
        long = ",".join([unit] * 2_500)
        status, kind, body = get(f"{self.api}/enheter?organisasjonsnummer={long}")
        self.assertEqual((status, kind), (400, "text/html"))

    def test_one_malformed_number_spoils_the_list(self):
        unit = next(iter(self.demo.values()))
        self.assertEqual(get_json(f"{self.api}/enheter?organisasjonsnummer={unit}")[1]["page"]["totalElements"], 1)
        for wrong in ("923609017", "12", "x"):
            status, body = get_json(f"{self.api}/enheter?organisasjonsnummer={unit},{wrong}")
            self.assertEqual((status, body["valideringsfeil"][0]["feilaktigVerdi"]), (400, wrong))

    def test_searches_narrowed(self):
        _status, body = get_json(f"{self.api}/enheter?organisasjonsform=KOMM,FYLK&size=100")
        self.assertEqual({row["organisasjonsform"]["kode"] for row in body["_embedded"]["enheter"]}, {"KOMM", "FYLK"})
        _status, body = get_json(f"{self.api}/enheter?konkurs=true&size=100")
        self.assertTrue(all(row["konkurs"] for row in body["_embedded"]["enheter"]))
        self.assertIn(self.demo["BLÅSKJELL RESTAURANT AS"],
                      [row["organisasjonsnummer"] for row in body["_embedded"]["enheter"]])  # fmt: skip

    def test_feed_newest_first_and_for_some(self):
        _status, body = get_json(f"{self.api}/oppdateringer/enheter?size=5&sort=id,DESC")
        ids = [event["oppdateringsid"] for event in body["_embedded"]["oppdaterteEnheter"]]
        self.assertEqual((len(ids), ids), (5, sorted(ids, reverse=True)))
        self.assertNotIn("endringer", str(body))
        unit = self.demo["FJELLBEKK BAKERI AS"]
        self.server.publish(unit, "moved")
        _status, body = get_json(f"{self.api}/oppdateringer/enheter?organisasjonsnummer={unit}&includeChanges=true")
        events = body["_embedded"]["oppdaterteEnheter"]
        self.assertEqual([event["organisasjonsnummer"] for event in events], [unit])
        self.assertTrue(events[0]["endringer"])

    def test_every_change_can_be_published(self):
        orgnr = self.demo["GRANBAR REGNSKAP AS"]
        for change in [*CHANGES, "deleted"]:
            status, event = self.control("publish", number=orgnr, change=change)
            self.assertEqual((status, event["organisasjonsnummer"]), (200, orgnr), change)
        self.assertIn("slettedato", get_json(f"{self.api}/enheter/{orgnr}")[1])
        other = self.demo["TROLLFOSS KRAFTSERVICE AS"]
        self.control("publish", number=other, values={"navn": "TROLLFOSS KRAFT AS"})
        self.assertEqual(get_json(f"{self.api}/enheter/{other}")[1]["navn"], "TROLLFOSS KRAFT AS")
        self.control("publish", number=other, change="withdrawn")
        self.assertEqual(get(f"{self.api}/enheter/{other}")[0], 410)

    def test_control_that_is_not_understood(self):
        self.assertEqual(self.control("publish", number=number(39_999_999), change="moved")[0], 404)
        self.assertEqual(self.control("publish", number=self.demo["FJELLBEKK BAKERI AS"], change="gifted")[0], 404)
        self.assertEqual(self.control("fault", fault="fire")[0], 404)
        self.assertEqual(self.control("latency", seconds="long")[0], 400)
        self.assertEqual(self.control("dance")[0], 404)

    def test_faults_and_latency_from_outside(self):
        unit, other = list(self.demo.values())[:2]
        self.control("fault", fault="503", number=unit, times=1)
        self.assertEqual([get(f"{self.api}/enheter/{orgnr}")[0] for orgnr in (other, unit, unit)], [200, 503, 200])
        self.control("fault", fault="500")
        self.assertEqual(get(f"{self.api}/enheter/{other}")[0], 500)
        self.control("reset")
        self.assertEqual(get(f"{self.api}/enheter/{other}", **{"X-Fault": "406"})[0], 406)
        self.control("latency", seconds=0.2)
        started = time.monotonic()
        get(f"{self.api}/enheter/{other}")
        self.assertGreaterEqual(time.monotonic() - started, 0.2)

    def test_log(self):
        self.server.latency = 0.05
        unit = next(iter(self.demo.values()))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(get, [f"{self.api}/enheter/{unit}"] * 8))
        log = self.control("log")[1]
        self.assertEqual((log["requests"], log["numbers"][unit]), (8, 8))
        self.assertTrue(2 <= log["most_at_once"] <= 4, log["most_at_once"])

    def test_postal_codes_as_published(self):
        status, kind, body = get(self.server.postal_url)
        self.assertEqual((status, kind), (200, "text/plain"))
        self.assertIn("6005\tÅLESUND\t1508\tÅLESUND\tG\r\n", body.decode("latin-1"))
        self.assertEqual(body.count(b"\r\n"), len(PLACES))

    def addresses(self, **query):
        status, body = get_json(f"{self.server.address_url}/sok?{urllib.parse.urlencode(query)}")
        self.assertEqual(status, 200)
        return [row["adressetekst"] for row in body["adresser"]]

    def test_addresses(self):
        self.assertEqual(self.addresses(adressenavn="Storgata", nummer=118, postnummer="4307"), ["Storgata 118"])
        self.assertEqual(self.addresses(sok="storgata 118, 4307 sandnes"), ["Storgata 118"])
        self.assertEqual(self.addresses(sok="stårgata 118 4307"), [])
        self.assertEqual(self.addresses(sok="stårgata 118 4307", fuzzy="true"), ["Storgata 118"])
        self.assertEqual(self.addresses(sok="Pukkverksveien 1"), [])
        self.assertEqual(get(f"{self.server.address_url}/sok")[0], 400)


class TestRecorded(unittest.TestCase):
    def test_a_folder_of_recorded_answers(self):
        with tempfile.TemporaryDirectory() as folder:
            recorded = {"organisasjonsnummer": "923609016", "navn": "OPPTAK", "organisasjonsform": {"kode": "AS"}}
            self.write(folder, "brreg/en.json", json.dumps(recorded))
            page = {"_embedded": {"enheter": [recorded | {"organisasjonsnummer": "974760673"}]}}
            self.write(folder, "brreg/side.json", json.dumps(page))
            self.write(folder, "brreg/feil.json", json.dumps({"status": 400}))
            self.write(folder, "postal/p.tsv", "0001\tOSLO\t0301\tOSLO\tP\n")
            with BrregServer(recorded=Path(folder)) as server:
                for orgnr in ("923609016", "974760673"):
                    self.assertEqual(get_json(f"{server.register_url}/enheter/{orgnr}")[1]["navn"], "OPPTAK")
                self.assertEqual(get(server.postal_url)[2], b"0001\tOSLO\t0301\tOSLO\tP\r\n")

    def test_the_research_data(self):
        if not RECORDED.is_dir():
            self.skipTest(f"no recorded answers in {RECORDED}")
        with BrregServer(recorded=RECORDED) as server:
            api = server.register_url
            self.assertEqual(get_json(f"{api}/enheter/923609016")[1]["navn"], "EQUINOR ASA")
            self.assertEqual(get_json(f"{api}/underenheter/924203617")[1]["overordnetEnhet"], "991825827")
            self.assertEqual(get(f"{api}/enheter/936127088")[0], 410)
            hits = get_json(f"{api}/enheter?navn=sesam")[1]["_embedded"]["enheter"]
            self.assertEqual([hit["navn"] for hit in hits], ["SESAM AS", "SESAM FAMILIEBARNEHAGE"])
            self.assertGreater(get(server.postal_url)[2].count(b"\r\n"), 5_000)
            found = get_json(f"{server.address_url}/sok?sok=myrvollveien%205c")[1]
            self.assertEqual(found["adresser"][0]["kommunenavn"], "NORDRE FOLLO")

    @staticmethod
    def write(folder, name, text):
        path = Path(folder) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


class TestFirms(unittest.TestCase):
    def test_the_same_every_time(self):
        day = datetime.date(2026, 11, 25)
        one, two = Firms(400, seed=7, today=day), Firms(400, seed=7, today=day)
        numbers = list(one.numbers())
        self.assertEqual((len(set(numbers)), all(map(is_number, numbers))), (400, True))
        self.assertEqual([one.get(orgnr) for orgnr in numbers], [two.get(orgnr) for orgnr in reversed(numbers)][::-1])
        self.assertNotEqual([one.get(orgnr) for orgnr in numbers], [Firms(400, seed=8).get(orgnr) for orgnr in numbers])

    def test_every_kind_is_there(self):
        firms = Firms(5_000)
        found = [firms.get(orgnr) for orgnr in firms.numbers()]
        self.assertEqual(
            {firms.state(orgnr) for orgnr in firms.numbers()},
            {"active", "deleted", "bankrupt", "winding_up", "compulsory", "reconstruction", "foreign_insolvency",
             "withdrawn"},
        )  # fmt: skip
        forms = {firm["organisasjonsform"]["kode"] for firm in found if "navn" in firm}
        self.assertLessEqual({"AS", "ENK", "NUF", "KOMM", "ORGL", "SÆR", "BEDR"}, forms)
        countries = {firm["forretningsadresse"]["landkode"] for firm in found if "forretningsadresse" in firm}
        self.assertGreater(len(countries), 3)

    def test_the_demo_company_s_customers(self):
        """All of them, and every deliberate difference is one of a customer that there is."""
        today = datetime.date(2026, 11, 25)
        firms = brreg_demo.firms(today)
        for _kind, row, orgnr in brreg_demo.customers().numbered():
            self.assertTrue(is_number(orgnr))
            self.assertIn(orgnr, firms, row[0])
        names = {row[0] for _kind, row, _orgnr in brreg_demo.customers().numbered()}
        self.assertLessEqual(brreg_demo.differences(today).keys(), names)
        unlike = [firm for firm in firms.values() if firm.get("konkurs") or "slettedato" in firm]
        self.assertEqual(len(unlike), 2)


class TestProgram(unittest.TestCase):
    def test_runs_until_told_to_stop(self):
        for stop in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(
                [sys.executable, "-m", "dev.brreg_server", "--port", "0", "--firms", "50", "--latency", "0.01"],
                cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            try:
                api, postal, _addresses = process.stdout.readline().split()
                self.assertEqual((get(f"{api}/enheter/{next(Firms().numbers())}")[0], get(postal)[0]), (200, 200))
                process.send_signal(stop)
                self.assertEqual(process.communicate(timeout=10), ("", ""))
                self.assertEqual(process.returncode, 0)
            finally:
                process.kill()
                process.communicate()


class TestBesideTheDemo(PostgresCase):
    """``./kk demo`` points the addon of its database at the stand-in, unless somebody has chosen otherwise."""

    def setUp(self):
        self.server = self.enterContext(postgres.server())
        self.server.query("DROP TABLE IF EXISTS ir_config_parameter")
        self.server.query("""CREATE TABLE ir_config_parameter (
            key varchar UNIQUE, value text, create_uid int, write_uid int,
            create_date timestamp, write_date timestamp)""")

    def parameters(self):
        rows = self.server.query("SELECT key, value FROM ir_config_parameter")
        return {key.removeprefix("kundekartotek_addon."): value for key, value in rows}

    def test_points_at_the_stand_in(self):
        for _start in range(2):
            with demo.register(types.SimpleNamespace(server=self.server), "postgres") as register:
                self.assertEqual(self.parameters(), {
                    "register_mode": "demo", "register_url": register.register_url, "postal_url": register.postal_url,
                    "address_url": register.address_url})  # fmt: skip
                self.assertEqual(get(register.postal_url)[0], 200)

    def test_leaves_a_choice_alone(self):
        for mode in ("on", "off"):
            self.server.query("TRUNCATE ir_config_parameter")
            self.server.query("INSERT INTO ir_config_parameter VALUES (:'key', :'mode')",
                              key="kundekartotek_addon.register_mode", mode=mode)  # fmt: skip
            with demo.register(types.SimpleNamespace(server=self.server), "postgres"):
                self.assertEqual(self.parameters(), {"register_mode": mode})


if __name__ == "__main__":
    unittest.main()
