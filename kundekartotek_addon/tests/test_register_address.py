# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.register.address_check import URL_KEY
from ..models.register.postal_import import MODE_KEY
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
        self.checks.search([("partner_id", "in", customers.ids)]).claimed_until = "2020-01-01 00:00:00"
        self.run_job()
        self.assertEqual(set(customers.mapped("address_check")), {"matched"})

    def test_a_customer_that_is_deleted_takes_its_row_along(self):
        customers = self.make_many(2)
        self.check(customers)
        self.run_job()
        customers[0].unlink()
        self.assertEqual(self.checks.search([("partner_id", "in", customers.ids)]).partner_id, customers[1])

    def test_no_lock_is_held_while_asking(self):
        self.check(self.make_many(2))
        committed = []
        commit = type(self.env["ir.cron"])._commit_progress
        ask = type(self.checks)._ask

        def note_commit(cron, *args, **kwargs):
            committed.append("commit")
            return commit(cron, *args, **kwargs)

        def note_ask(checks, addresses):
            committed.append("ask")
            return ask(checks, addresses)

        with (patch.object(type(self.env["ir.cron"]), "_commit_progress", note_commit),
              patch.object(type(self.checks), "_ask", note_ask)):
            self.run_job()
        self.assertEqual(committed[committed.index("ask") - 1], "commit")
