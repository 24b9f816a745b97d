# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.register.address_check import URL_KEY
from ..models.register.outside_queue import LEASE
from ..models.register.postal_import import MODE_KEY
from ..models.register.postal_import import URL_KEY as POSTAL_URL_KEY
from ..tools.brreg import Breaker
from .common import KundekartotekCase
from .stand_in import BrregServer

MATCHED = {"street": "storgata 118", "zip": "4307", "city": "Sandnes"}
NEAR = {"street": "c/o Lyngmyr, Grønnegata 51, 2. etg.", "zip": "9008", "city": "Tromsø"}
UNKNOWN = {"street": "Pukkverksveien 1", "zip": "4870", "city": "Fevik"}
BOX = {"street": "Postboks 12", "zip": "4307", "city": "Sandnes"}


class AddressCase(KundekartotekCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(BrregServer())
        cls.parameters = cls.env["ir.config_parameter"].sudo()
        cls.parameters.set_param(MODE_KEY, "demo")
        cls.parameters.set_param(URL_KEY, cls.server.address_url)
        cls.cron = cls.env.ref("kundekartotek_addon.ir_cron_address_check")
        cls.checks = cls.env["kundekartotek.address.check"]
        cls.worker = cls.make_user("case_worker")

    def setUp(self):
        super().setUp()
        self.server.reset()
        Breaker.shared(self.server.address_url).succeeded()
        client = self.checks._get_client()
        self.startPatcher(patch.object(client, "sleep", lambda seconds: None))

    def check(self, customers):
        action = customers.with_user(self.worker).action_check_address()
        self.env.invalidate_all()
        return action

    def run_job(self):
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestAddressCheck(AddressCase):

    def test_one_at_once(self):
        for vals, status, offered in [
            (MATCHED, "matched", False), (NEAR, "near", "Grønnegata 51B, 9008 Tromsø"), (UNKNOWN, "unknown", False),
            (BOX, "no_street", False),
        ]:
            with self.subTest(status):
                customer = self.make_customer(**vals)
                self.assertFalse(customer.address_check)
                self.check(customer)
                self.assertEqual((customer.address_check, customer.address_offered), (status, offered))
                self.assertTrue(customer.address_checked)

    def test_it_counts_for_the_address_asked_for(self):
        customer = self.make_customer(**MATCHED)
        self.check(customer)
        customer.street = "Storgata 119"
        self.assertFalse(customer.address_check or customer.address_checked)
        customer.street = MATCHED["street"]
        self.assertEqual(customer.address_check, "matched")

    def test_search(self):
        found = {}
        for vals, status in [(MATCHED, "matched"), (NEAR, "near"), (UNKNOWN, "unknown"), (BOX, "no_street")]:
            found[status] = self.make_customer(**vals)
            self.check(found[status])
        found[False] = self.make_customer(**MATCHED)
        changed = self.make_customer(**MATCHED)
        self.check(changed)
        changed.city = "Stavanger"
        mine = self.env["res.partner"].concat(*found.values(), changed)
        found[False] += changed
        for status, customers in found.items():
            with self.subTest(status=status):
                domain = [("id", "in", mine.ids)]
                search = self.env["res.partner"].search
                self.assertEqual(search([*domain, ("address_check", "=", status)]), customers)
                self.assertEqual(search([*domain, ("address_check", "!=", status)]), mine - customers)
                self.assertEqual(customers.mapped("address_check"), [status] * len(customers))

    def test_accepting_what_was_offered(self):
        customer = self.make_customer(**NEAR)
        self.check(customer)
        customer.with_user(self.worker).action_accept_address()
        self.env.invalidate_all()
        self.assertEqual(
            (customer.street, customer.street2, customer.zip, customer.city, customer.address_check),
            ("Grønnegata 51B", "c/o Lyngmyr, 2. etg.", "9008", "Tromsø", "matched"))

    def test_nothing_is_accepted_that_was_not_offered(self):
        customers = self.make_customer(**MATCHED) + self.make_customer(**UNKNOWN) + self.make_customer(**NEAR)
        for customer in customers:
            self.check(customer)
        customers[2].street = "Grønnegata 52"  # typed after the check
        before = customers.mapped("street")
        customers.with_user(self.worker).action_accept_address()
        self.assertEqual(customers.mapped("street"), before)

    def test_who_may(self):
        customer = self.make_customer(**NEAR)
        for role in ("reader", "auditor", "privacy_officer"):
            user = self.make_user(role)
            for method in ("action_check_address", "action_accept_address"):
                with self.assertRaises(AccessError):
                    getattr(customer.with_user(user), method)()
        self.assertEqual(self.server.log.requests, 0)
        with self.assertRaises(AccessError):
            self.checks.with_user(self.worker).create({"partner_id": customer.id})

    def test_what_cannot_be_checked(self):
        abroad = self.make_customer(**MATCHED, country_id=self.env.ref("base.se").id)
        for customer in (abroad, self.make_customer(street=False)):
            self.assertIn("no Norwegian street address", self.check(customer)["params"]["message"])
        self.parameters.set_param(MODE_KEY, "off")
        with self.assertRaisesRegex(UserError, "switched off"):
            self.check(self.make_customer(**MATCHED))
        self.assertEqual(self.server.log.requests, 0)

    def test_demo_asks_nobody_but_the_stand_in(self):
        """Without a stand-in's address the demo would ask Kartverket and Bring themselves."""
        self.parameters.set_param(URL_KEY, False)
        self.parameters.set_param(POSTAL_URL_KEY, False)
        settings = self.env["res.config.settings"].with_user(self.env.ref("base.user_admin")).create({})
        for call in (lambda: self.check(self.make_customer(**MATCHED)), settings.action_test_address_search,
                     settings.action_fetch_postal_codes):
            with self.assertRaisesRegex(UserError, "switched off"):
                call()
        self.assertFalse(self.checks._is_queue_open())
        self.assertFalse(self.checks._enqueue(self.make_customer(**MATCHED)))
        self.parameters.set_param(MODE_KEY, "on")
        self.assertTrue(self.checks._is_queue_open())

    def test_out_of_reach_it_is_queued(self):
        customer = self.make_customer(**MATCHED)
        self.server.fail("503")
        action = self.check(customer)
        self.assertIn("later by itself", action["params"]["message"])
        self.assertFalse(customer.address_check)
        self.server.reset()
        Breaker.shared(self.server.address_url).succeeded()
        self.run_job()
        self.assertEqual(customer.address_check, "matched")

    def test_the_name_is_never_sent(self):
        self.check(self.make_customer("Hemmelig Kunde AS", **UNKNOWN))
        self.assertGreater(self.server.log.requests, 0)
        self.assertNotIn("emmelig", str(self.server.log.paths))

    def test_settings(self):
        settings = self.env["res.config.settings"].with_user(self.env.ref("base.user_admin")).create({})
        self.assertEqual(settings.action_test_address_search()["params"]["type"], "success")
        self.server.fail("404")
        self.assertEqual(settings.action_test_address_search()["params"]["type"], "danger")
        with self.assertRaises(AccessError):
            settings.with_user(self.worker).action_test_address_search()


@tagged("post_install", "-at_install")
class TestAddressQueue(AddressCase):

    def make_many(self, count):
        return self.env["res.partner"].create([
            {"name": f"Kunde {number}", "customer_rank": 1, "country_id": self.norway.id, **MATCHED}
            for number in range(count)])

    def test_many_in_the_background(self):
        customers = self.make_many(30)
        action = self.check(customers)
        self.assertIn("30 addresses", action["params"]["message"])
        self.assertEqual(self.server.log.requests, 0)
        with patch.object(self.registry["kundekartotek.address.check"], "_queue_batch", 7):
            self.run_job()
        self.assertEqual(set(customers.mapped("address_check")), {"matched"})
        self.assertEqual(self.server.log.requests, 30)
        self.assertLessEqual(self.server.log.most_at_once, 8)
        self.run_job()
        self.assertEqual(self.server.log.requests, 30)  # nothing is left

    def test_every_customer_each_quarter(self):
        customers = self.make_many(3)
        prospect = self.env["res.partner"].create({"name": "Ikke kunde", "country_id": self.norway.id, **MATCHED})
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_address_check_all").method_direct_trigger()
        self.run_job()
        self.assertEqual(set(customers.mapped("address_check")), {"matched"})
        self.assertFalse(prospect.address_check)

    def test_what_fails_is_tried_again_later_and_later(self):
        customers = self.make_many(2)
        self.check(customers)
        self.server.fail("503")
        waits = []
        for _attempt in range(3):
            Breaker.shared(self.server.address_url).succeeded()
            self.run_job()
            rows = self.checks.search([("partner_id", "in", customers.ids)])
            waits.append(rows[0].next_due - fields.Datetime.now())
            rows.next_due = fields.Datetime.now()
        self.assertTrue(waits[0] < waits[1] < waits[2], waits)
        self.assertFalse(any(rows.mapped("claimed_until")))
        self.server.reset()
        Breaker.shared(self.server.address_url).succeeded()
        self.run_job()
        self.assertEqual(set(customers.mapped("address_check")), {"matched"})

    def test_a_killed_run_s_addresses_come_again(self):
        customers = self.make_many(2)
        self.check(customers)
        with patch.object(type(self.checks), "_store", lambda *args: None):  # ended before it could write
            self.run_job()
        self.assertEqual(self.server.log.requests, 2)
        self.run_job()
        self.assertEqual(self.server.log.requests, 2)  # they are still another's
        self.assertFalse(any(customers.mapped("address_check")))
        long_ago = {"next_due": "2020-01-01 00:00:00", "claimed_until": "2020-01-01 00:00:00"}
        self.checks.search([("partner_id", "in", customers.ids)]).write(long_ago)
        self.run_job()
        self.assertEqual(set(customers.mapped("address_check")), {"matched"})

    def test_a_customer_that_is_deleted_takes_its_row_along(self):
        customers = self.make_many(2)
        self.check(customers)
        self.run_job()
        customers[0].unlink()
        self.assertEqual(self.checks.search([("partner_id", "in", customers.ids)]).partner_id, customers[1])

    def test_asked_for_again_while_it_is_asked(self):
        """The address was changed in the meantime: what was found out is kept, and the new one is asked for."""
        customer = self.make_many(1)
        self.check(customer + self.make_customer(street=False))
        ask = type(self.checks)._ask_outside
        turns = []

        def change_meanwhile(checks, questions):
            answers = ask(checks, questions)
            if not turns:
                theirs = customer.with_env(checks.env)
                turns.append(theirs.write({"street": "Storgata 119"}))
                checks._enqueue(theirs)
            return answers

        with patch.object(type(self.checks), "_ask_outside", change_meanwhile):
            self.run_job()
        row = self.checks.search([("partner_id", "=", customer.id)])
        self.assertTrue(row.address.startswith("Storgata 119"))
        self.assertFalse(row.next_due or row.claimed_until)

    def test_one_that_cannot_be_written_stops_no_other(self):
        customers = self.make_many(5)
        self.check(customers)
        prepare, broken = type(self.checks)._prepare_outcome_vals, customers[2]

        def break_one(row, *answer):
            if row.partner_id == broken:
                raise ValueError("broken")
            return prepare(row, *answer)

        with (patch.object(type(self.checks), "_prepare_outcome_vals", break_one),
              mute_logger("odoo.addons.kundekartotek_addon.models.register.outside_queue")):
            self.run_job()
        self.assertEqual(set((customers - broken).mapped("address_check")), {"matched"})
        self.assertEqual(self.checks.search([("partner_id", "=", broken.id)]).attempts, 1)

    def test_what_takes_too_long_is_left_for_the_next_batch(self):
        customers = self.make_many(20)
        self.check(customers)
        self.server.latency = 0.05
        self.addCleanup(setattr, self.server, "latency", 0)
        with patch("odoo.addons.kundekartotek_addon.models.register.address_check.PATIENCE", 0.06):
            rows = self.checks.search([("partner_id", "in", customers.ids)])
            answers = self.checks._ask_outside({
                row.id: (MATCHED["street"], MATCHED["zip"], MATCHED["city"]) for row in rows})
        self.assertTrue(8 <= len(answers) < 20)
        until = fields.Datetime.now() + LEASE
        rows.write({"next_due": until, "claimed_until": until})
        rows._store(answers)
        left = rows.filtered(lambda row: row.id not in answers)
        self.assertTrue(all(row.next_due <= fields.Datetime.now() and not row.claimed_until for row in left))
        self.assertFalse(any(left.mapped("attempts")))

    def test_no_lock_is_held_while_asking(self):
        self.check(self.make_many(2))
        committed = []
        commit = type(self.env["ir.cron"])._commit_progress
        ask = type(self.checks)._ask_outside

        def note_commit(cron, *args, **kwargs):
            committed.append("commit")
            return commit(cron, *args, **kwargs)

        def note_ask(checks, addresses):
            committed.append("ask")
            return ask(checks, addresses)

        with (patch.object(type(self.env["ir.cron"]), "_commit_progress", note_commit),
              patch.object(type(self.checks), "_ask_outside", note_ask)):
            self.run_job()
        place = committed.index("ask")
        self.assertEqual(committed[place - 1:place + 2], ["commit", "ask", "commit"])
