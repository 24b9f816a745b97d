# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .register_case import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterDifference(RegisterCase):
    """The card beside the register, and what a person decides."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        firm = cls.server.register.known["310410004"]
        address = firm["forretningsadresse"]
        cls.customer = cls.make_customer(
            "Fjellbekk Bakeri AS", company_registry="310410004", vat="NO310410004MVA",
            street=address["adresse"][0], zip=address["postnummer"], city=address["poststed"].title())

    def publish(self, **values):
        self.server.publish("310410004", values=values)
        self.fetch(self.customer)

    def differing(self):
        return {each.field for each in self.customer._find_register_differences() if each.is_important}

    def test_capitals_are_no_difference(self):
        self.fetch(self.customer)
        self.assertEqual(self.differing(), set())
        self.assertFalse(self.make_customer("Uten nummer AS")._find_register_differences())

    def test_nothing_is_overwritten_silently(self):
        self.fetch(self.customer)
        self.publish(navn="FJELLBEKK BRØD OG KAKER AS", registrertIMvaregisteret=False,
                     forretningsadresse={"adresse": ["Nyveien 2"], "postnummer": "2619", "poststed": "LILLEHAMMER",
                                         "landkode": "NO", "land": "Norge"})
        self.assertEqual(self.differing(), {"name", "vat", "address"})
        self.assertEqual(self.customer.name, "Fjellbekk Bakeri AS")
        self.assertEqual(self.customer.register_difference_count, 3)

    def open(self, env=None):
        customer = self.customer.with_env(env) if env else self.customer
        action = customer.action_compare_register()
        return customer.env[action["res_model"]].browse(action["res_id"])

    def test_what_is_what_in_accountants_words(self):
        labels = {field: self.customer._get_difference_label(field) for field in ("vat", "website", "address")}
        self.assertEqual(labels, {"vat": "VAT Number", "website": "Homepage", "address": "Address"})

    def test_one_by_one_or_all(self):
        self.fetch(self.customer)
        self.publish(navn="FJELLBEKK BRØD AS", registrertIMvaregisteret=False, epostadresse="post@ny.example",
                     postadresse={"adresse": ["Postboks 7"], "postnummer": "2601", "poststed": "LILLEHAMMER",
                                  "landkode": "NO"})
        compare = self.open()
        lines = {line.field_name: line for line in compare.line_ids}
        self.assertLessEqual({"name", "vat", "email", "invoice_address"}, set(lines))
        self.assertEqual([name for name, line in lines.items() if line.is_important], ["name", "vat"])
        self.assertEqual((lines["name"].card_value, lines["name"].register_value),
                         ("Fjellbekk Bakeri AS", "FJELLBEKK BRØD AS"))
        lines["name"].action_accept()
        self.assertEqual(self.customer.name, "FJELLBEKK BRØD AS")
        self.assertEqual(self.customer.vat, "NO310410004MVA")
        lines["email"].action_keep()
        self.assertFalse(self.customer.email)
        compare.action_accept_all()
        self.assertEqual(self.customer.vat, "/")
        self.assertRecordValues(self.customer.child_ids, [{"type": "invoice", "street": "Postboks 7", "zip": "2601"}])
        self.assertEqual(self.differing(), set())
        self.publish(epostadresse="post@enda-nyere.example")
        self.assertEqual([each.field for each in self.customer._find_register_differences()], ["email"])

    def test_what_was_kept_is_kept_in_every_language(self):
        """A Norwegian keeps the card's own; the nightly job and an English colleague read it in English."""
        self.env["res.lang"]._activate_lang("nb_NO")
        self.fetch(self.customer)
        self.publish(institusjonellSektorkode={"kode": "6500"}, naeringskode1={"kode": "10.710"})
        self.customer.write({"customer_type": "business", "industry_id": self.env.ref("base.res_partner_industry_G")})
        norwegian = self.customer.with_context(lang="nb_NO")
        labels = {"customer_type", "industry_id"}
        self.assertLessEqual(labels, {each.field for each in norwegian._find_register_differences()})
        for field in labels:
            norwegian._keep_card(field)
        for customer in (norwegian, self.customer):
            with self.subTest(lang=customer.env.lang):
                self.assertFalse(labels & {each.field for each in customer._find_register_differences()})
        self.publish(naeringskode1={"kode": "62.100"})
        self.assertEqual(labels & {each.field for each in self.customer._find_register_differences()}, {"industry_id"})

    def test_change_of_address_is_one_thing(self):
        self.fetch(self.customer)
        self.customer.write({"street": "Gammelveien 1", "street2": "Bakgården"})
        lines = self.open().line_ids.filtered(lambda line: line.field_name == "address")
        lines.action_accept()
        self.assertFalse(self.customer.street2)
        self.assertNotIn("address", self.differing())

    def test_reader_sees_and_may_not_accept(self):
        self.fetch(self.customer)
        self.publish(navn="FJELLBEKK BRØD AS")
        compare = self.open(self.env(user=self.make_user("reader")))
        line = compare.line_ids.filtered(lambda line: line.field_name == "name")
        for call in (line.action_accept, line.action_keep, compare.action_accept_all):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(self.customer.name, "Fjellbekk Bakeri AS")

    def test_case_worker_accepts(self):
        self.fetch(self.customer)
        self.publish(navn="FJELLBEKK BRØD AS")
        self.open(self.env(user=self.make_user("case_worker"))).action_accept_all()
        self.assertEqual(self.customer.name, "FJELLBEKK BRØD AS")
        self.env.flush_all()
        event = self.env["kundekartotek.audit.event"].search(
            [("customer_res_id", "=", self.customer.id), ("field_name", "=", "name")], limit=1)
        self.assertFalse(event and event.reason != "Accepted from Brønnøysund")

    def test_refresh_button(self):
        self.server.publish("310410004", values={"navn": "FJELLBEKK BRØD AS"})
        action = self.customer.with_user(self.make_user("case_worker")).action_refresh_register()
        self.assertEqual(action["params"]["type"], "success")
        self.env.invalidate_all()
        self.assertEqual(self.customer.register_status, "active")
        with self.assertRaises(AccessError):
            self.customer.with_user(self.make_user("reader")).action_refresh_register()

    def test_the_register_says_something_else_by_now(self):
        """What a person accepts is what it saw."""
        self.fetch(self.customer)
        self.publish(navn="FJELLBEKK BRØD AS")
        compare = self.open()
        self.publish(navn="FJELLBEKK KAKER AS")
        for call in (compare.line_ids.filtered(lambda line: line.field_name == "name").action_accept,
                     compare.action_accept_all):
            with self.assertRaisesRegex(UserError, "by now: FJELLBEKK KAKER AS"):
                call()
        self.assertEqual(self.customer.name, "Fjellbekk Bakeri AS")

    def test_refresh_while_somebody_else_fetches(self):
        self.fetch(self.customer)
        with patch.object(type(self.Entry), "try_lock_for_update", lambda self, **more: self.browse()):
            action = self.customer.action_refresh_register()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertIn("Somebody else fetches it", action["params"]["message"])

    def test_refresh_without_network(self):
        self.server.fail("503")
        action = self.customer.action_refresh_register()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertIn("cannot be reached", action["params"]["message"])
        self.assertTrue(self.customer.register_unreachable_since)
