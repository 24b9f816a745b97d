# SPDX-License-Identifier: LGPL-3.0-or-later
"""What core's warning gets wrong, shown, and beside it what credit control makes of the same case."""
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditCoreFaults(CreditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sudo().account_use_credit_limit = True
        cls.other_company.sudo().account_use_credit_limit = True

    def test_foreign_invoice_counts_once(self):
        """A euro invoice counts what it is in kroner, and is not converted a second time."""
        self._invoice(amount=1000.0, currency_id=self.euro.id)
        self.assertEqual(self.customer.credit_exposure, 12500.0)

    def test_core_warns_by_the_active_company(self):
        """The same draft warns or not, by the company that the user happens to work in."""
        draft = self._draft(amount=11000.0)
        self.assertTrue(draft.with_company(self.company).partner_credit_warning)
        draft.invalidate_recordset(["partner_credit_warning"])
        self.assertFalse(draft.with_company(self.other_company).partner_credit_warning)

    def test_we_test_in_the_company_of_the_document(self):
        both = self.env(context={**self.env.context, "allowed_company_ids": [self.other_company.id, self.company.id]})
        order = self._order(amount=11000.0).with_env(both)
        self.assertEqual(order.env.company, self.other_company)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_company_without_control_is_left_alone(self):
        draft = self._draft(amount=1e7, company=self.other_company)
        draft.action_post()
        self.assertEqual(draft.state, "posted")

    def test_contact_has_its_companys_figures(self):
        """Core copies the limit to a contact, and says that it owes nothing."""
        self._invoice(amount=4000.0)
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        self.assertEqual((contact.credit, contact.credit_limit), (0.0, 10000.0))
        self.assertEqual((contact.credit_exposure, contact.credit_available), (4000.0, 6000.0))

    def test_core_only_warns(self):
        """Off, as core: a warning that stops nobody. On, the order waits."""
        self.company.sudo().credit_control = False
        order = self._order(amount=11000.0)
        self.assertTrue(order.partner_credit_warning)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_core_tells_amounts_to_everybody(self):
        order, draft = self._order(amount=11000.0), self._draft(amount=11000.0)
        for document in (order.with_user(self.clerk), draft):
            document.invalidate_recordset(["partner_credit_warning"])
            self.assertRegex(document.partner_credit_warning, r"10.000")
        order.invalidate_recordset(["partner_credit_warning"])
        self.assertEqual(
            order.with_user(self.seller).partner_credit_warning, "Fjellbekk Bakeri AS has reached its credit limit")

    def test_core_takes_zero_for_unlimited(self):
        self.company.sudo().credit_control = False
        broke = self._make_customer("Kontant AS", limit=0.0, mode="limited")
        self.assertFalse(self._order(broke, amount=1e6).partner_credit_warning)
        self.company.sudo().credit_control = True
        order = self._order(broke, amount=10.0)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_post_walks_past_core_and_not_past_us(self):
        self._rules({"checkpoint": "invoice"})
        draft = self._draft(amount=11000.0)
        self.assertTrue(draft.partner_credit_warning)
        with self.assertRaises(UserError):
            draft._post()
        self.assertEqual(draft.state, "draft")
        self.company.sudo().credit_control = False
        draft._post()
        self.assertEqual(draft.state, "posted")

    def test_copied_quotation_meets_the_same_test(self):
        copy = self._confirmed(amount=8000.0).copy()
        copy.action_confirm()
        self.assertEqual((copy.state, copy.credit_state), ("draft", "hold"))

    def test_credit_notes_are_never_stopped(self):
        self._rules({"checkpoint": "invoice", "action": "refuse"})
        invoice = self._invoice(amount=20000.0)
        refund = invoice._reverse_moves([{"invoice_date": TODAY}])
        refund.action_post()
        self.assertEqual(refund.state, "posted")

    def test_invoice_address_decides_who_owes(self):
        payer = self._make_customer("Betaler AS", limit=100.0)
        order = self._order(amount=500.0, partner_invoice_id=payer.id)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_cannot_post_in_the_name_of_the_mass_action(self):
        self._rules({"checkpoint": "invoice"})
        drafts = self._draft(amount=11000.0) + self._draft(amount=100.0)
        with self.assertRaisesRegex(UserError, "Fjellbekk"):
            self.env["validate.account.move"].create({"move_ids": drafts.ids}).validate_move()
