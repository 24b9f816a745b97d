# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditOrder(CreditCase):
    """What confirming an order does, and what follows."""

    def _release(self, orders, user=None, **vals):
        wizard = self.env["kundekartotek.credit.release"].with_user(user or self.manager).create({
            "order_ids": [Command.set(orders.ids)], "reason": "Avtalt med kunden", **vals})
        wizard.action_decide()

    def test_within_the_limit(self):
        order = self._order(amount=7000.0).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))
        self.assertFalse(self._decisions(order))

    def test_near_the_limit_warns(self):
        order = self._order(amount=8000.0).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))
        self.assertEqual(self._decisions(order).mapped("decision"), ["warned"])

    def test_over_the_limit_holds(self):
        """In words for who sells, with figures for who may see them, and on record."""
        order = self._order(amount=10001.0).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))
        self.assertEqual(order.credit_words, "Over the credit limit")
        with self.assertRaises(AccessError):
            order.read(["credit_figures"])
        with self.assertRaises(AccessError):
            order.read(["credit_overview"])
        self.assertRegex(order.sudo().credit_figures, r"10.001[.,]00")
        decision = self._decisions(order)
        self.assertRecordValues(decision, [{
            "decision": "held", "customer_res_id": self.customer.id, "amount": 10001.0, "exposure": 10001.0,
            "limit_amount": 10000.0, "user_res_id": self.seller.id, "rule": "limit"}])
        self.assertNotRegex(order.message_ids[0].body, r"\d{4}")

    def test_overdue_holds(self):
        self._invoice(amount=5001.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(15))
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.credit_words, "Has not paid what fell due more than 14 days ago")

    def test_overdue_by_a_day_less_does_not(self):
        self._invoice(amount=5001.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(14))
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_unallocated_payment_covers_what_is_overdue(self):
        self._invoice(amount=6000.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(20))
        self._pay(self.customer, 1500.0)
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_blocked_by_hand(self):
        self.customer.with_user(self.manager).write({"credit_block": "orders", "credit_block_reason": "Tvist"})
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.credit_words, "Blocked by hand: Tvist")
        self.assertEqual(self.customer.customer_hold_reason, "Blocked by hand (orders): Tvist")

    def test_block_of_invoices_leaves_orders_alone(self):
        self.customer.with_user(self.manager).write({"credit_block": "invoices", "credit_block_reason": "Tvist"})
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_only_managers_block(self):
        with self.assertRaises(UserError):
            self.customer.with_user(self._make_user("saksb", "kundekartotek_addon.group_case_worker")).write(
                {"credit_block": "all", "credit_block_reason": "x"})

    def test_bankrupt_is_refused(self):
        self._bankrupt(self.customer)
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "rejected"))
        self.assertEqual(order.credit_words, "Brønnøysund: Bankrupt")
        self.assertEqual(self._decisions(order).decision, "refused")

    def test_immediate_payment_is_exempt(self):
        order = self._order(amount=99000.0, payment_term_id=self.terms_now.id)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(self._decisions(order).mapped("decision"), ["exempt"])

    def test_immediate_term_lifts_no_block(self):
        """Whoever sells can write a payment term, and must not lift so what a credit manager decided."""
        self.customer.with_user(self.manager).write({"credit_block": "orders", "credit_block_reason": "Tvist"})
        order = self._order(amount=10.0, payment_term_id=self.terms_now.id).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_disputed_is_owed_but_not_overdue(self):
        invoice = self._invoice(amount=6000.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(50))
        self._rules({}, {"kind": "overdue", "days": 14, "amount": 5000.0}, {"kind": "oldest", "days": 30})
        invoice.sudo()._note_followup({"dispute_since": TODAY, "dispute_reason": "Feil vare"})
        order, larger = self._order(amount=10.0), self._order(amount=4000.0)
        (order + larger).action_confirm()
        self.assertEqual((order.state, larger.credit_words), ("sale", "Over the credit limit"))
        invoice.sudo()._note_followup({"dispute_since": False, "dispute_reason": False})
        again = self._order(amount=10.0)
        again.action_confirm()
        self.assertEqual(again.credit_words.count("\n"), 1)

    def test_no_payment_term_is_not_immediate(self):
        order = self._order(amount=99000.0, payment_term_id=False)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_cash_only(self):
        cash = self._make_customer("Kontant AS", mode="cash_only")
        self.assertEqual(cash.credit_limit_mode, "cash_only")
        held, paid = self._order(cash, amount=1.0), self._order(cash, amount=1.0, payment_term_id=self.terms_now.id)
        (held + paid).action_confirm()
        self.assertEqual((held.credit_state, held.state, paid.state), ("hold", "draft", "sale"))

    def test_mass_confirmation_counts_one_after_the_other(self):
        orders = self._order(amount=6000.0) + self._order(amount=6000.0) + self._order(amount=3000.0)
        orders.with_user(self.seller).action_confirm()
        self.assertEqual(orders.mapped("state"), ["sale", "draft", "sale"])

    def test_held_orders_do_not_count(self):
        held = self._order(amount=20000.0)
        held.action_confirm()
        self.assertEqual(self.customer.credit_exposure, 0.0)
        parts = {part["name"]: part["counted"] for part in self.customer.credit_overview["parts"]}
        self.assertEqual(parts, {"held": False})

    # -- no way past -----------------------------------------------------------------------------------

    def test_state_cannot_be_written_past_the_test(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        with self.assertRaisesRegex(UserError, "Over the credit limit"):
            order.write({"state": "sale"})
        with self.assertRaises(UserError):
            order.with_context(credit_passed=True).write({"state": "sale"})

    def test_what_is_written_beside_the_state_counts(self):
        """One call over the API that confirms a harmless quotation and makes it another one."""
        broke = self._make_customer("Tom Kasse AS", limit=10.0)
        quotation, at_once = self._order(amount=9000.0), self._order(amount=20000.0, payment_term_id=self.terms_now.id)
        for order, vals in (
            (quotation, {"partner_invoice_id": broke.id}),
            (quotation, {"order_line": [Command.update(quotation.order_line.id, {"price_unit": 20000.0})]}),
            (at_once, {"payment_term_id": self.terms_30.id}),
        ):
            with self.assertRaisesRegex(UserError, "Over the credit limit"), self.env.cr.savepoint():
                order.with_user(self.seller).write({"state": "sale", **vals})
            order.invalidate_recordset()
            self.assertEqual(order.state, "draft")
        quotation.with_user(self.seller).write({"state": "sale", "client_order_ref": "Skjema"})
        self.assertEqual((quotation.state, quotation.client_order_ref), ("sale", "Skjema"))

    def test_old_quotation_at_the_rate_it_is_confirmed_at(self):
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": self.euro.id})
        order = self._order(amount=900.0, pricelist_id=pricelist.id, date_order="2026-05-01 10:00:00")
        order.action_confirm()  # 9,000 kr then, 11,250 kr now
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_totals_cannot_be_written_past_the_test(self):
        """What the forms only show could be written over the API, and the test would believe it."""
        order = self._order(amount=20000.0).with_user(self.seller)
        for vals in ({"amount_total": 1.0}, {"currency_rate": 1e6}, {"invoice_status": "invoiced"},
                     {"amount_paid": 1e9}, {"transaction_ids": [Command.clear()]}):
            with self.assertRaises(AccessError):
                order.write(vals)
        for vals in ({"price_total": 1.0}, {"invoice_lines": [Command.clear()]}, {"invoice_status": "invoiced"},
                     {"qty_invoiced": 1.0}, {"qty_to_invoice": 0.0}, {"untaxed_amount_to_invoice": 0.0}):
            with self.assertRaises(AccessError):
                order.order_line.write(vals)
        with self.assertRaises(AccessError):
            order.create({"partner_id": self.customer.id, "state": "sale", "amount_paid": 1e9})
        with self.assertRaises(AccessError):  # nor from another company, without credit control
            self._from_elsewhere(order).write({"amount_total": 1.0})

    def _from_elsewhere(self, record):
        return record.with_context(allowed_company_ids=[self.other_company.id, self.company.id])

    def test_ordinary_line_is_no_down_payment(self):
        order = self._order(amount=9000.0)
        order.order_line.is_downpayment = True
        order.action_confirm()
        self.assertEqual((order.state, self.customer.credit_exposure), ("sale", 9000.0))

    def test_created_confirmed(self):
        with self.assertRaises(UserError):
            self._order(amount=20000.0, state="sale")
        with self.assertRaises(UserError):
            self.env["sale.order"].with_context(default_state="sale").create({
                "partner_id": self.customer.id, "order_line": [
                    Command.create({"product_id": self.product.id, "price_unit": 20000.0})]})
        with self.assertRaisesRegex(UserError, "Over the credit limit"):
            self._from_elsewhere(self.env["sale.order"].with_user(self.seller)).with_context(
                default_company_id=self.company.id, default_state="sale").create({
                    "partner_id": self.customer.id, "order_line": [
                        Command.create({"product_id": self.product.id, "price_unit": 20000.0})]})
        self.assertEqual(self._order(amount=10.0, state="sale").state, "sale")

    def test_release_cannot_be_written(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        order.action_confirm()
        for vals in ({"credit_state": "released"}, {"credit_release_amount": 1e9}, {"credit_state": "clear"}):
            with self.assertRaises(AccessError):
                order.write(vals)
        orders = self.env["sale.order"].with_user(self.seller).with_context(
            default_credit_state="released", default_credit_release_until="2099-01-01")
        self.assertEqual(orders.create({"partner_id": self.customer.id}).credit_state, "clear")
        with self.assertRaises(AccessError):
            orders.with_context(default_credit_release_amount=1e9).create({"partner_id": self.customer.id})

    def test_sellers_do_not_release(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        with self.assertRaises(AccessError):
            order.with_user(self.seller).action_credit_release()
        with self.assertRaises(AccessError):
            self._release(order, user=self.seller)

    def test_limit_is_not_written_past_the_request(self):
        worker = self._make_user("saksb", "kundekartotek_addon.group_case_worker")
        customer = self.customer.with_user(worker)
        with self.assertRaisesRegex(UserError, "limit request"):
            customer.write({"credit_limit": 99000.0})
        with self.assertRaises(UserError):
            customer.write({"credit_own_mode": "unlimited"})
        customer.write({"credit_limit": 10000.0})  # importing what is there changes nothing
        with self.assertRaises(UserError):
            self.env["res.partner"].with_user(worker).create({"name": "Ny", "is_company": True, "credit_limit": 5.0})
        self.assertEqual(customer.copy().credit_limit, 0.0)
        self.env["res.partner"].with_user(worker).create({"name": "Kontakt", "parent_id": customer.id})

    def test_contact_does_not_take_the_limit_along(self):
        contact = self.env["res.partner"].create({"name": "Avhopper", "parent_id": self.customer.id})
        self.assertEqual(contact.credit_limit, 10000.0)
        contact.parent_id = False
        self.assertEqual(contact.credit_limit, 0.0)

    # -- release ---------------------------------------------------------------------------------------

    def test_release_confirms_the_order(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        order.action_confirm()
        self._release(order)
        self.assertEqual((order.state, order.credit_state), ("sale", "released"))
        self.assertEqual(order.sudo().credit_release_amount, 20000.0)
        self.assertEqual(order.credit_release_until, TODAY + timedelta(14))
        released = self._decisions(order)[-1]
        self.assertRecordValues(released, [{
            "decision": "released", "user_res_id": self.manager.id, "reason": "Avtalt med kunden", "amount": 20000.0}])

    def test_second_document_is_tested_anew(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        self._release(order)
        second = self._order(amount=1.0)
        second.action_confirm()
        self.assertEqual(second.credit_state, "hold")

    def test_release_is_for_its_customer(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        order._credit_release(20000.0, TODAY, "Avtalt")
        order.partner_id = self._make_customer("Fattig AS", limit=100.0)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_smaller_release_lets_nothing_larger_through(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        self._release(order, amount=15000.0)
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_release_that_expired(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        order._credit_release(20000.0, TODAY - timedelta(1), "For sent")
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_authority(self):
        order = self._order(amount=250001.0)
        order.action_confirm()
        with self.assertRaisesRegex(UserError, "larger authority"):
            self._release(order)

    def test_confirmed_order_that_grows_is_held(self):
        order = self._order(quantity=6).with_user(self.seller)
        order.action_confirm()
        order.order_line.product_uom_qty = 9
        self.assertEqual(order.credit_state, "clear")
        order.order_line.product_uom_qty = 12
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))
        self._release(order)
        self.assertEqual(order.credit_state, "released")
        order.order_line.product_uom_qty = 13
        self.assertEqual(order.credit_state, "hold")

    def test_line_added_to_a_confirmed_order(self):
        order = self._order(amount=6000.0).with_user(self.seller)
        order.action_confirm()
        order.order_line = [Command.create({"product_id": self.product.id, "price_unit": 6000.0, "tax_ids": []})]
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_confirmed_order_given_to_another_payer(self):
        poor = self._make_customer("Betaler AS", limit=100.0)
        order = self._order(amount=6000.0)
        order.action_confirm()
        order.partner_invoice_id = poor
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_confirmed_order_given_to_another_customer(self):
        """The invoice address follows the customer by itself."""
        order = self._order(amount=6000.0)
        order.action_confirm()
        order.partner_id = self._make_customer("Fattig AS", limit=100.0)
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_confirmed_order_in_another_currency(self):
        """Confirmed in a weak currency, and then changed to kroner."""
        self._rules({})
        weak = self.setup_other_currency("IDR", rates=[("2020-01-01", 1500.0)])
        pricelist = self.env["product.pricelist"].create({"name": "IDR", "currency_id": weak.id})
        order = self._order(amount=60000.0, pricelist_id=pricelist.id)
        order.action_confirm()
        self.assertEqual((order.state, self.customer.credit_exposure), ("sale", 40.0))
        order.currency_id = self.company.currency_id
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_line_that_gets_its_order_from_the_context(self):
        order = self._order(amount=6000.0)
        order.action_confirm()
        self.env["sale.order.line"].with_context(default_order_id=order.id).create({
            "product_id": self.product.id, "price_unit": 6000.0, "tax_ids": []})
        self.assertEqual(order.credit_state, "hold")

    def test_line_moved_to_a_confirmed_order(self):
        order, other = self._order(amount=6000.0), self._order(amount=6000.0)
        order.action_confirm()
        other.order_line.order_id = order
        self.assertEqual((order.amount_total, order.credit_state), (12000.0, "hold"))

    def test_confirmed_order_no_longer_paid_at_once(self):
        order = self._order(amount=60000.0, payment_term_id=self.terms_now.id)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))
        order.payment_term_id = self.terms_30
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_reject(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        order.action_confirm()
        self._release(order, decision="reject", reason="Nei")
        self.assertEqual((order.state, order.credit_state), ("draft", "rejected"))
        self.customer.sudo().credit_limit = 1e6
        order.action_confirm()  # what a person has rejected stays so
        self.assertEqual((order.state, order.credit_state), ("draft", "rejected"))
        self._release(order)
        self.assertEqual(order.state, "sale")

    def test_prepayment(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        self._release(order, decision="prepayment", reason="Ny kunde")
        self.assertEqual((order.credit_state, order.require_payment, order.prepayment_percent), ("hold", True, 1.0))
        self.assertEqual(self._decisions(order)[-1].decision, "prepayment")

    # -- by themselves ---------------------------------------------------------------------------------

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
        for happens in (
            lambda: group.write({"credit_limit": 200.0}),
            lambda: group.write({"partner_ids": [Command.clear()]}),
            lambda: securities.create({
                "partner_id": self.customer.id, "company_id": self.company.id, "name": "Bank", "amount": 5.0,
                "date_from": TODAY, "date_to": TODAY}),
            lambda: invoice.sudo()._note_followup({"dispute_since": TODAY, "dispute_reason": "Feil vare"}),
            lambda: self.customer.with_user(self.manager).write(
                {"credit_block": "orders", "credit_block_reason": "Tvist"}),
            lambda: confirmed.with_user(self.seller).action_cancel(),
            lambda: invoice.with_user(self.clerk).button_draft(),
        ):
            order.sudo().credit_recheck = False
            happens()
            self.assertTrue(order.credit_recheck)

    def test_job_goes_on_past_one_that_fails(self):
        """As where somebody else has decided on its customer meanwhile, which PostgreSQL refuses."""
        bad, good = self._order(amount=20000.0), self._order(self._make_customer("God AS", limit=10.0))
        for order in (bad, good):
            order.action_confirm()
        good.partner_id.sudo().credit_limit = 1e6
        orders = (bad + good).sudo()
        orders.credit_recheck = True
        test_again = type(orders)._credit_test_again

        def fail(order):
            if order == bad:
                raise SerializationFailure
            return test_again(order)

        self.env.flush_all()
        with self.enter_registry_test_mode(), patch.object(type(orders), "_credit_test_again", fail):
            self.env.ref("kundekartotek_addon.credit_recheck_cron").sudo().method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((bad.state, good.state), ("draft", "sale"))
        self.assertTrue(bad.credit_recheck)

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
