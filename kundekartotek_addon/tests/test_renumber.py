# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .number_case import NumberCase


@tagged("post_install", "-at_install")
class TestRenumber(NumberCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = cls.make_scheme("{type}{seq:03}")
        cls.customers = cls.make_customer() + cls.make_customer(is_company=False) + cls.make_customer()
        cls.customers[2].active = False

    def wizard(self, customers=None, **vals):
        customers = self.customers if customers is None else customers
        return self.env["kundekartotek.renumber"].with_context(
            active_model="res.partner", active_ids=customers.ids).create(
                {"scheme_id": self.target.id, **vals})

    def test_run_does_what_the_preview_says(self):
        wizard = self.wizard()
        wizard.action_preview()
        self.assertRecordValues(wizard, [
            {"whom": "selected", "change_count": 3, "kept_count": 0, "passed_over_count": 0}])
        self.assertRecordValues(wizard.line_ids, [
            {"partner_id": customer.id, "old_number": old, "new_number": new}
            for customer, old, new in zip(
                self.customers, ("T-001", "T-002", "T-003"), ("B001", "P001", "B002"), strict=True)])
        self.assertEqual(self.customers.mapped("ref"), ["T-001", "T-002", "T-003"])
        self.assertFalse(self.target.counter_ids)
        wizard.action_renumber()
        self.assertEqual(self.customers.mapped("ref"), ["B001", "P001", "B002"])
        self.assertRecordValues(self.customers[0].customer_number_ids, [
            {"number": "B001", "origin": "renumber", "in_use": True, "scheme_id": self.target.id},
            {"number": "T-001", "origin": "scheme", "in_use": False, "scheme_id": self.scheme.id}])
        found = self.env["res.partner"].search([("display_name", "ilike", "t-001")])
        self.assertEqual(found, self.customers[0])
        self.env.company.customer_number_scheme_id = self.target
        self.assertEqual(self.make_customer().ref, "B003")

    def test_passes_over_numbers_given_before(self):
        self.make_customer(ref="B001")
        self.make_customer(ref="B003")
        self.target.pattern = "{type}{seq}"
        self.make_customer(ref="B3")
        wizard = self.wizard(self.customers[0] + self.customers[2])
        wizard.action_preview()
        self.assertEqual(wizard.line_ids.mapped("new_number"), ["B4", "B5"])
        self.env["kundekartotek.number.scheme"].flush_model()
        self.target._advance(self.target._counter_of(self.customers[0]), 3)
        self.make_customer(ref="B5")
        wizard.action_preview()
        self.assertEqual(wizard.line_ids.mapped("new_number"), ["B4", "B6"])
        self.assertEqual(wizard.passed_over_count, 1)

    def test_numbers_that_fit_are_kept(self):
        self.target.pattern = "K{year}-{seq:03}"
        with freeze_time("2024-05-05"):
            self.env.company.customer_number_scheme_id = self.target
            old = self.make_customer()
            self.env.company.customer_number_scheme_id = self.scheme
        wizard = self.wizard(self.customers + old)
        wizard.action_preview()
        self.assertEqual((wizard.change_count, wizard.kept_count), (3, 1))
        self.assertNotIn(old, wizard.line_ids.partner_id)
        wizard.keep_fitting = False
        wizard.action_preview()
        self.assertIn(old, wizard.line_ids.partner_id)

    def test_everyone_the_scheme_is_chosen_for(self):
        self.env.company.customer_number_scheme_consumer_id = self.target
        wizard = self.wizard(self.env["res.partner"], whom="scheme")
        wizard.action_preview()
        self.assertIn(self.customers[1], wizard.line_ids.partner_id)
        self.assertNotIn(self.customers[0], wizard.line_ids.partner_id)

    def test_contacts_and_others_are_left_alone(self):
        contact = self.env["res.partner"].create(
            {"name": "Kari", "parent_id": self.customers[0].id, "ref": "K"})
        supplier = self.make_customer(customer_rank=0, ref="L")
        wizard = self.wizard(contact + supplier)
        wizard.action_preview()
        self.assertFalse(wizard.line_ids)
        with self.assertRaises(UserError):
            wizard.action_renumber()

    def test_stale_preview_is_refused(self):
        wizard = self.wizard()
        wizard.action_preview()
        self.make_customer(ref="B002")
        with self.assertRaises(UserError), self.cr.savepoint():
            wizard.action_renumber()
        wizard.action_preview()
        self.customers[0].ref = "EGET"
        with self.assertRaises(UserError), self.cr.savepoint():
            wizard.action_renumber()
        self.assertEqual(self.customers.mapped("ref"), ["EGET", "T-002", "T-003"])

    def test_administrators_only(self):
        wizard = self.wizard()
        for role in ("case_worker", "credit_manager", "auditor"):
            user = self.make_user(role)
            for method in ("action_preview", "action_renumber"):
                with self.assertRaises(AccessError):
                    getattr(wizard.with_user(user).sudo(False), method)()
                with self.assertRaises(AccessError):
                    getattr(wizard.with_user(user).sudo(), method)()
        administrator = self.make_user("administrator")
        wizard = self.wizard().with_user(administrator).create({
            "scheme_id": self.target.id, "whom": "selected", "partner_ids": self.customers.ids})
        wizard.action_preview()
        wizard.action_renumber()
        self.assertEqual(self.customers[0].ref, "B001")
        self.assertEqual(self.customers[0].customer_number_ids[0].create_uid, administrator)
        self.env.flush_all()
        self.env.cr.precommit.run()
        events = self.env["kundekartotek.audit.event"].search([("res_model", "=", "res.partner"), (
            "res_id", "=", self.customers[0].id)], order="id desc", limit=1)
        self.assertIn("B001", str(events.read()))
        self.assertIn(administrator.name, str(events.read()))


@tagged("post_install", "-at_install")
class TestRenumberKID(AccountTestInvoicingCommon):
    """Core makes the KID of the customer's id, so that a new customer number cannot change it."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_administrator")

    def test_issued_kid_stays(self):
        self.company_data["default_journal_sale"].write({
            "invoice_reference_model": "no", "invoice_reference_type": "invoice"})
        customer = self.env["res.partner"].create(
            {"name": "Fjellbekk AS", "is_company": True, "ref": "GAMMEL"})
        invoice = self._create_invoice_one_line(price_unit=100.0, partner_id=customer, post=True)
        kid = invoice.payment_reference
        self.assertRegex(kid, r"^\d{15}$")
        self.assertEqual(customer.customer_number_ids.mapped("number"), ["GAMMEL"])
        scheme = self.env["kundekartotek.number.scheme"].create({"name": "Ny", "pattern": "N{seq:04}"})
        wizard = self.env["kundekartotek.renumber"].create({
            "scheme_id": scheme.id, "whom": "selected", "partner_ids": customer.ids})
        wizard.action_preview()
        wizard.action_renumber()
        self.assertEqual(customer.ref, "N0001")
        self.assertEqual((invoice.payment_reference, invoice._get_kid_number()), (kid, kid))
        later = self._create_invoice_one_line(price_unit=100.0, partner_id=customer, post=True)
        self.assertEqual(later.payment_reference[:7], kid[:7])
