# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .credit_case import TODAY, CreditCase

RECHECK = "odoo.addons.kundekartotek_addon.models.credit.sale_order_recheck"


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditOrderRecheck(CreditCase):
    """Orders on hold that go through by themselves when something has happened."""

    def _run_recheck(self):
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.credit_recheck_cron").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_payment_lets_it_through(self):
        self._invoice(amount=9000.0)
        order, other = self._order(amount=5000.0), self._order(amount=9000.0)
        (order + other).action_confirm()
        self.assertEqual((order + other).mapped("credit_state"), ["hold", "hold"])
        self._pay(self.customer, 4500.0)
        self.assertTrue(order.credit_recheck)
        self._run_recheck()
        self.assertEqual((order.state, order.credit_state, order.credit_recheck), ("sale", "clear", False))
        self.assertEqual((other.state, other.credit_state), ("draft", "hold"))
        self.assertEqual(self._decisions(order).mapped("decision"), ["held", "warned", "cleared"])

    def test_job_speaks_the_companys_language(self):
        self.company.sudo().partner_id.lang = "nb_NO"
        self._invoice(amount=9000.0)
        order = self._order(amount=5000.0)
        order.action_confirm()
        self._pay(self.customer, 4500.0)
        self._run_recheck()
        self.assertIn("Bekreftet: ordren bryter ingen kredittregel lenger.", str(order.message_ids.mapped("body")))

    def test_credit_note_lets_it_through(self):
        invoice = self._invoice(amount=9000.0)
        order = self._order(amount=5000.0)
        order.action_confirm()
        invoice._reverse_moves([{"invoice_date": TODAY}]).action_post()
        self._run_recheck()
        self.assertEqual(order.state, "sale")

    def test_payment_from_the_bank_lets_it_through(self):
        """Posted on the suspense account as the statement comes, and allocated later."""
        invoice = self._invoice(amount=9000.0)
        order = self._order(amount=5000.0)
        order.action_confirm()
        statement_line = self.env["account.bank.statement.line"].create({
            "journal_id": self.bank_journal.id, "date": TODAY, "payment_ref": "Innbetaling", "amount": 9000.0})
        self.assertFalse(order.credit_recheck)
        item = invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
        _liquidity, suspense, _other = statement_line._seek_for_lines()
        suspense.write({"account_id": item.account_id.id, "partner_id": self.customer.id})
        (suspense + item).reconcile()
        self.assertTrue(order.credit_recheck)
        self._run_recheck()
        self.assertEqual(order.state, "sale")

    def test_what_else_may_end_a_hold(self):
        """A shared limit that is raised, a guarantee, a dispute, a cancellation: the order is looked at again."""
        confirmed = self._confirmed(amount=10.0)
        group = self.env["kundekartotek.credit.group"].sudo().create({
            "name": "Konsern", "credit_limit": 100.0, "company_id": self.company.id,
            "partner_ids": [Command.set(self.customer.ids)]})
        invoice = self._invoice(amount=9000.0)
        order = self._order(amount=5000.0)
        order.action_confirm()
        securities = self.env["kundekartotek.credit.security"].sudo()
        self.company.sudo().credit_count_drafts = True
        drafts, shrinking = self._draft() + self._draft(), self._confirmed(amount=10.0)
        for happens in (
            lambda: group.write({"credit_limit": 200.0}),
            lambda: group.write({"partner_ids": [Command.clear()]}),
            lambda: group.write({"partner_ids": [Command.set(self.customer.ids)]}),
            lambda: group.unlink(),
            lambda: securities.create({
                "partner_id": self.customer.id, "company_id": self.company.id, "name": "Bank", "amount": 5.0,
                "date_from": TODAY, "date_to": TODAY}),
            lambda: securities.search([("partner_id", "=", self.customer.id)]).unlink(),
            lambda: drafts[0].with_user(self.clerk).button_cancel(),
            lambda: drafts[1].with_user(self.clerk).unlink(),
            lambda: shrinking.order_line.write({"price_unit": 9.0}),
            lambda: invoice.sudo()._note_followup({"dispute_since": TODAY, "dispute_reason": "Feil vare"}),
            lambda: self.customer.with_user(self.manager).write(
                {"credit_block": "orders", "credit_block_reason": "Tvist"}),
            lambda: confirmed.with_user(self.seller).action_cancel(),
            lambda: invoice.with_user(self.clerk).button_draft(),
        ):
            order.sudo().credit_recheck = False
            happens()
            self.assertTrue(order.credit_recheck)

    def test_cancelled_order_waits_no_longer(self):
        """Nor is it looked at each night. What a person has rejected stays so, if it becomes a quotation again."""
        held, rejected = orders = self._order(amount=20000.0) + self._order(amount=30000.0)
        orders.action_confirm()
        self._release(rejected, decision="reject", reason="Nei")
        orders.with_user(self.seller).action_cancel()
        self.assertEqual(orders.mapped("credit_state"), ["clear", "rejected"])
        self.assertEqual((held.credit_words, self._decisions(held)[-1].decision), (False, "cleared"))
        held.sudo().credit_state = "hold"  # as before this was so
        self._pay(self.customer, 10.0)
        self.env["sale.order"].sudo()._cron_credit_recheck_all()
        self.assertFalse(held.credit_recheck)

    def test_job_goes_on_past_those_that_fail(self):
        """As where somebody else has decided on its customer meanwhile, which PostgreSQL refuses; or where another
        module fails when the order is confirmed."""
        lost, broken, _good = orders = sum(
            (self._order(self._make_customer(name, limit=10.0)) for name in "ABC"), self.env["sale.order"])
        orders.action_confirm()
        orders.partner_id.sudo().credit_limit = 1e6
        orders.sudo().credit_recheck = True
        test_again, fails = type(orders)._credit_test_again, {lost: SerializationFailure, broken: KeyError}

        def fail(order):
            if order in fails:
                raise fails[order]
            return test_again(order)

        self.env.flush_all()
        with patch.object(type(orders), "_credit_test_again", fail), mute_logger(RECHECK):
            self._run_recheck()
        self.assertEqual(orders.mapped("state"), ["draft", "draft", "sale"])
        self.assertEqual(orders.mapped("credit_recheck"), [True, False, False])  # one comes again, one at night
        self.assertIn("server's log", broken.message_ids[0].body.replace("&#39;", "'"))

    def test_words_are_in_the_companys_language(self):
        """Whoever confirms, and the job that tests again: many read what is stored."""
        self.env["res.lang"]._activate_lang("nb_NO")
        self.company.sudo().partner_id.lang = "nb_NO"
        self._invoice(amount=9000.0)
        order = self._order(amount=5000.0)
        order.with_context(lang="en_US").action_confirm()
        self.assertEqual(order.credit_words, "Over kredittgrensen")
        self.assertEqual(self._decisions(order).words, "Over kredittgrensen")
        self._pay(self.customer, 10.0)
        self._run_recheck()
        self.assertEqual((order.credit_state, order.credit_words), ("hold", "Over kredittgrensen"))

    def test_policy_may_leave_it_to_the_seller(self):
        self.env.ref("kundekartotek_addon.credit_policy_standard").sudo().releases_itself = False
        self._invoice(amount=9000.0)
        order = self._order(amount=5000.0, user_id=self.seller.id)
        order.action_confirm()
        self._pay(self.customer, 9000.0)
        self._run_recheck()
        self.assertEqual((order.state, order.credit_state), ("draft", "clear"))
        self.assertEqual(order.activity_ids.user_id, self.seller)

    def test_customer_gets_no_confirmation_of_a_held_order(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        self.customer.email = "post@fjellbekk.example"
        order.with_context(send_email=True).action_confirm()
        order._send_order_notification_mail(self.env.ref("sale.mail_template_sale_confirmation"))
        self.assertNotIn(self.customer, order.message_ids.notified_partner_ids)
        self._release(order)
        self.assertIn(self.customer, order.message_ids.notified_partner_ids)
