# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, new_test_user, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditMerge(CreditCase):
    """Two customers that are one are merged by whoever may, which moves payers in plain SQL: what was decided on
    their credit must not become looser by it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company.sudo().credit_control = True
        cls.double = cls._make_customer("Fjellbekk Bakeri AS 2", limit=50000.0)
        cls.clerk_of_file = new_test_user(
            cls.env, login="slår sammen", company_id=cls.company.id, company_ids=[
                Command.set((cls.company + cls.other_company).ids)],
            groups="base.group_user,base.group_partner_manager,account.group_account_invoice,"
                   "sales_team.group_sale_salesman_all_leads")

    def _merge(self, kept=None, gone=None, user=None):
        kept, gone = kept or self.customer, gone or self.double
        self.env.flush_all()
        self.env["base.partner.merge.automatic.wizard"].with_user(user or self.clerk_of_file).create({
            "partner_ids": [Command.set((kept + gone).ids)], "dst_partner_id": kept.id, "state": "selection",
        }).action_merge()
        self.env.invalidate_all()
        self.assertFalse(gone.exists())
        return kept

    def _limits(self, customer, company=None):
        customer = customer.sudo().with_company(company or self.company)
        return customer.credit_limit_mode, customer.credit_limit, customer.credit_block or ""

    def test_limit_stays_that_of_the_customer_that_stays(self):
        self.double.sudo().write({"credit_own_mode": "unlimited", "credit_review_date": TODAY + timedelta(500)})
        self.double.sudo().with_company(self.other_company).credit_own_mode = "unlimited"
        self.customer.sudo().with_company(self.other_company).credit_limit = 7.0
        kept = self._merge()
        self.assertEqual(self._limits(kept), ("limited", 10000.0, ""))
        self.assertEqual(self._limits(kept, self.other_company), ("limited", 7.0, ""))
        self.assertFalse(kept.sudo().credit_review_date)

    def test_cash_only_stays(self):
        self.customer.sudo().write({"credit_own_mode": "cash_only", "credit_limit": 0.0})
        self.assertEqual(self._limits(self._merge()), ("cash_only", 0.0, ""))

    def test_limit_comes_where_there_was_none(self):
        plain = self._make_customer("Fjellbekk Bakeri")
        self.double.sudo().with_company(self.other_company).credit_own_mode = "cash_only"
        kept = self._merge(plain)
        self.assertEqual(self._limits(kept), ("limited", 50000.0, ""))
        self.assertEqual(self._limits(kept, self.other_company), ("cash_only", 0.0, ""))

    def test_block_survives(self):
        self.customer.sudo().write({"credit_block": "orders", "credit_block_reason": "Tvist"})
        self.double.sudo().write({"credit_block": "invoices", "credit_block_reason": "Svindel"})
        kept = self._merge()
        self.assertEqual(self._limits(kept), ("limited", 10000.0, "all"))
        self.assertEqual(kept.sudo().credit_block_reason, "Tvist / Svindel")

    def test_block_comes_with_the_one_that_goes(self):
        self.double.sudo().write({"credit_block": "all", "credit_block_reason": "Svindel"})
        self.assertEqual(self._limits(self._merge()), ("limited", 10000.0, "all"))

    def test_documents_count_for_the_one_that_stays(self):
        confirmed, held = self._confirmed(self.double, amount=4000.0), self._order(self.double, amount=60000.0)
        held.action_confirm()
        released = self._order(self.double, amount=70000.0)
        released.action_confirm()
        released._credit_release(70000.0, TODAY, "Avtalt")
        invoice, draft = self._invoice(self.double, amount=3000.0), self._draft(self.double, amount=60000.0)
        kept = self._merge()
        self.assertEqual((confirmed + held).partner_invoice_id, kept)
        self.assertEqual((invoice + draft).commercial_partner_id, kept)
        self.assertEqual(kept.credit_exposure, 7000.0)
        self.assertEqual((held.credit_state, held.credit_recheck, confirmed.credit_state), ("hold", True, "clear"))
        released.action_confirm()  # the customer whom it was released for is this one
        self.assertEqual(released.state, "sale")
        draft.with_user(self.clerk)._post()  # no rule stops invoices

    def test_requests_raises_and_insurance(self):
        asked = self.env["kundekartotek.credit.request"].with_user(self.seller).create([
            {"partner_id": self.double.id, "amount": 60000.0, "reason": "x"},
            {"partner_id": self.double.id, "amount": 80000.0, "reason": "x", "kind": "temporary", "date_from": TODAY,
             "date_to": TODAY}])
        asked[1].with_user(self.manager).action_approve()
        security = self.env["kundekartotek.credit.security"].sudo().create({
            "partner_id": self.double.id, "company_id": self.company.id, "name": "Bank", "amount": 5.0,
            "date_from": TODAY, "date_to": TODAY})
        kept = self._merge()
        self.assertEqual((asked.sudo().partner_id, security.partner_id), (kept, kept))
        self.assertEqual(set(asked.mapped("customer_name")), {"Fjellbekk Bakeri AS 2"})
        self.assertEqual(kept.credit_limit_now, 80000.0)
        asked[0].with_user(self.manager).action_approve()
        self.assertEqual(kept.credit_limit, 60000.0)

    def _group(self, *customers):
        return self.env["kundekartotek.credit.group"].sudo().create({
            "name": "Konsern", "company_id": self.company.id, "credit_limit": 100.0,
            "partner_ids": [Command.set([customer.id for customer in customers])]})

    def test_membership_moves(self):
        group = self._group(self.double, self._make_customer("Søster AS"))
        kept = self._merge()
        self.assertIn(kept, group.partner_ids)
        order = self._order(kept, amount=101.0)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_both_members_of_one_group(self):
        group = self._group(self.double, self.customer)
        self.assertEqual(self._merge(), group.partner_ids)

    def test_members_of_different_groups_are_not_merged(self):
        self._group(self.double)
        self._group(self.customer)
        with self.assertRaisesRegex(ValidationError, "belongs to the credit group"):
            self._merge()

    def test_contact_that_goes_to_another_company_takes_its_orders_along(self):
        """Not a double of the customer, who stays: the order gets another payer, who is tested."""
        contact, twin = self.env["res.partner"].create([
            {"name": "Kari", "parent_id": parent.id}
            for parent in (self.customer, self._make_customer("A", limit=100.0))])
        order = self._confirmed(amount=6000.0, partner_invoice_id=contact.id)
        self._merge(twin, contact)
        self.assertEqual((order.partner_invoice_id, order.credit_state), (twin, "hold"))

    def test_contact_that_goes_to_another_company_while_credit_control_is_off(self):
        """Nothing is tested then, but what only a draft has invoiced is the new payer's from when it is on again."""
        rich = self._make_customer("Rik AS")
        contact, twin = self.env["res.partner"].create([
            {"name": "Kari", "parent_id": parent.id} for parent in (self.customer, rich)])
        order = self._confirmed(amount=6000.0, partner_invoice_id=contact.id)
        self.company.sudo().credit_control = False
        order._create_invoices()
        self._merge(twin, contact)
        self.company.sudo().credit_control = True
        self.env.invalidate_all()
        self.assertEqual((order.state, rich.credit_exposure), ("sale", 6000.0))

    def test_decisions_of_both_are_listed(self):
        for customer in self.customer + self.double:
            self._order(customer, amount=60000.0).action_confirm()
        kept = self._merge()
        listed = self.env["kundekartotek.credit.decision"].with_user(self.manager).search(
            kept.with_user(self.manager).action_credit_decisions()["domain"])
        self.assertEqual(set(listed.mapped("customer_name")), {"Fjellbekk Bakeri AS", "Fjellbekk Bakeri AS 2"})
        self.assertEqual(listed.mapped("decision"), ["held", "held"])
