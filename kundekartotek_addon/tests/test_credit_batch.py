# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditBatch(CreditCase):
    """Many documents decided at once: each with those before it, and its customer's group with all members."""

    def _share(self, limit, *customers):
        return self.env["kundekartotek.credit.group"].sudo().create({
            "name": "Konsern", "company_id": self.company.id, "credit_limit": limit,
            "partner_ids": [Command.set([customer.id for customer in customers])]})

    def _only_for(self, customer, *rules):
        """One policy, for this customer's category alone."""
        category = self.env["kundekartotek.category"].sudo().create({"name": "Prøves"})
        customer.sudo().customer_category_id = category
        return self._rules(*rules, category_ids=[Command.set(category.ids)])

    def test_member_without_a_policy_uses_the_shared_limit(self):
        free, tested = self._make_customer("Fri AS"), self._make_customer("Prøvd AS")
        self._share(10000.0, free, tested)
        self._only_for(tested, {})
        orders = self._order(free, amount=9000.0) + self._order(tested, amount=5000.0)
        orders.action_confirm()
        self.assertEqual(orders.mapped("credit_state"), ["clear", "hold"])

    def test_member_without_a_policy_takes_its_turn(self):
        """Whose order is confirmed at the same time by somebody else must not use the same limit."""
        free = self._make_customer("Fri AS")
        group = self._share(10000.0, free, self.customer)
        self._only_for(self.customer, {})
        self._order(free, amount=1.0).action_confirm()
        self.assertTrue(self.env["kundekartotek.credit.lock"].sudo().search(
            [("kind", "=", "group"), ("key_res_id", "=", group.id), ("company_res_id", "=", self.company.id)]))

    def test_member_without_rules_that_grows_counts_once(self):
        """Both orders are in the exposure already when they are tested."""
        free, tested = self._make_customer("Fri AS"), self._make_customer("Prøvd AS")
        self._share(10000.0, free, tested)
        self._only_for(tested, {})
        self.env["kundekartotek.credit.policy"].sudo().create({"name": "Uten regler", "company_id": False})
        orders = self._order(free, amount=1000.0) + self._order(tested, amount=1000.0)
        orders.action_confirm()
        orders.order_line.write({"price_unit": 4000.0})
        self.assertEqual(orders.mapped("credit_state"), ["clear", "clear"])
        orders.order_line.write({"price_unit": 6000.0})
        self.assertEqual(orders.mapped("credit_state"), ["clear", "hold"])

    def test_figures_of_others_in_the_batch_are_not_a_groups(self):
        self._rules({})
        other = self._make_customer("Annen AS", limit=100.0)
        orders = self._order(amount=9000.0) + self._order(other, amount=2000.0)
        orders.action_confirm()
        self.assertEqual(self._decisions(orders[1]).figures["group_exposure"], 0.0)

    def test_confirmed_order_that_was_stopped_counts(self):
        """It stays confirmed, and so in the exposure: written one by one or together comes to the same."""
        for together in (True, False):
            customer = self._make_customer(f"Vokser {together} AS", limit=10000.0)
            orders = self._order(customer) + self._order(customer, quantity=0.1)
            orders.action_confirm()
            for lines in [orders.order_line] if together else orders.order_line:
                lines.write({"price_unit": 20000.0})
            self.assertEqual(orders.mapped("credit_state"), ["hold", "hold"])

    def test_drafts_that_count_are_decided_together_as_one_by_one(self):
        """Whatever comes first: what is not posted remains a draft, and counts. Else the job would find an invoice
        good each night, and be stopped when it posts it."""
        self._rules({"checkpoint": "invoice"})
        self.company.sudo().credit_count_drafts = True
        for amounts in ((6000.0, 30000.0), (30000.0, 6000.0)):
            customer = self._make_customer(f"{amounts} AS", limit=10000.0)
            drafts = [self._draft(customer, amount=amount, auto_post="at_date", date=TODAY) for amount in amounts]
            for draft in drafts:
                with self.assertRaisesRegex(UserError, "Credit control"):
                    draft._post()
            with self.enter_registry_test_mode():
                self.env.ref("account.ir_cron_auto_post_draft_entry").sudo().method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual([draft.credit_state for draft in drafts], ["hold", "hold"])
        customer.sudo().credit_limit = 36000.0
        sum(drafts[1:], drafts[0])._post()
        self.assertEqual([draft.state for draft in drafts], ["posted", "posted"])
