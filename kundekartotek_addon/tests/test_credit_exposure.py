# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from ..models.credit.res_partner_exposure import ExposurePart
from .credit_case import TODAY, CreditCase

PAGE = 80


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditExposure(CreditCase):
    """What counts, and that it counts once."""

    def _parts(self, customer=None):
        customer = customer or self.customer
        amounts = customer._credit_amounts(customer.ids, shown=True)[customer.id]
        return {name: round(amount, 2) for name, amount in amounts.items() if amount and name != "exposure"}

    def _create_invoice(self, order, method="delivered", **vals):
        return self.env["sale.advance.payment.inv"].with_context(active_model="sale.order").create({
            "sale_order_ids": [Command.set(order.ids)], "advance_payment_method": method, **vals,
        })._create_invoices(order)

    def test_parts(self):
        self._invoice(amount=1000.0)
        self._pay(self.customer, 300.0)
        self._confirmed(amount=2000.0)
        self._order(amount=20000.0).action_confirm()
        self._draft(amount=500.0)
        self.assertEqual(
            self._parts(), {"receivable": 1000.0, "credits": -300.0, "orders": 2000.0, "held": 20000.0})
        self.assertEqual(self.customer.credit_exposure, 2700.0)
        self.company.sudo().credit_count_drafts = True
        self.assertEqual(self._parts()["drafts"], 500.0)

    def test_each_part_leads_to_its_documents(self):
        invoice = self._invoice(amount=1000.0)
        payment = self._pay(self.customer, 300.0)
        order = self._confirmed(amount=2000.0)
        held = self._order(amount=20000.0)
        held.action_confirm()
        draft = self._draft(amount=500.0)
        self.company.sudo().credit_count_drafts = True
        found = {part["name"]: self.env[part["model"]].search(part["domain"])
                 for part in self.customer.credit_overview["parts"]}
        self.assertEqual(found["receivable"].move_id, invoice)
        self.assertEqual(found["credits"].move_id, payment.move_id)
        self.assertEqual((found["orders"], found["held"], found["drafts"]), (order, held, draft))

    def test_draft_invoice_of_an_order_changes_nothing(self):
        order = self._confirmed(amount=2000.0, quantity=3)
        invoice = self._create_invoice(order)
        self.assertEqual((order.invoice_status, self._parts()), ("invoiced", {"orders": 6000.0}))
        self.company.sudo().credit_count_drafts = True
        self.assertEqual(self._parts(), {"orders": 6000.0})
        invoice.action_post()
        self.assertEqual(self._parts(), {"receivable": 6000.0})

    def test_part_of_an_order_is_invoiced(self):
        order = self._confirmed(amount=1000.0, quantity=10)
        invoice = self._create_invoice(order)
        invoice.invoice_line_ids.quantity = 4
        invoice.action_post()
        self.assertEqual(self._parts(), {"orders": 6000.0, "receivable": 4000.0})

    def test_down_payment_counts_once(self):
        order = self._confirmed(amount=10000.0)
        down = self._create_invoice(order, "fixed", fixed_amount=3000.0)
        self.assertEqual(self.customer._credit_exposures()[self.customer.id], 10000.0)
        down.action_post()
        self.assertEqual(self._parts(), {"orders": 7000.0, "receivable": 3000.0})
        final = self._create_invoice(order, deduct_down_payments=True) if "deduct_down_payments" in self.env[
            "sale.advance.payment.inv"]._fields else order._create_invoices(final=True)
        final.action_post()
        self.assertEqual(self._parts(), {"receivable": 10000.0})

    def test_delivered_more_than_ordered(self):
        order = self._confirmed(product=self.delivered_product, amount=100.0, quantity=5)
        self.assertEqual(self._parts(), {"orders": 500.0})
        order.order_line.qty_delivered = 7
        self.assertEqual(self._parts(), {"orders": 700.0})

    def test_other_unit_on_the_invoice(self):
        unit, dozen = self.env.ref("uom.product_uom_unit"), self.env.ref("uom.product_uom_dozen")
        order = self._confirmed(amount=10.0, quantity=24)
        invoice = self._create_invoice(order)
        self.assertEqual(invoice.invoice_line_ids.product_uom_id, unit)
        invoice.invoice_line_ids.write({"product_uom_id": dozen.id, "quantity": 1, "price_unit": 120.0})
        invoice.action_post()
        self.assertEqual(self._parts(), {"orders": 120.0, "receivable": 120.0})

    def test_foreign_order_at_its_own_rate(self):
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": self.euro.id})
        self._confirmed(amount=100.0, pricelist_id=pricelist.id)
        self.assertEqual(self._parts(), {"orders": 1250.0})
        self.env["res.currency.rate"].sudo().create({
            "currency_id": self.euro.id, "name": TODAY, "rate": 0.01, "company_id": self.company.id})
        self.assertEqual(self._parts(), {"orders": 1250.0})

    def test_persons_share_their_companys_limit(self):
        person = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        self._confirmed(person, amount=7000.0)
        order = self._order(person, amount=4000.0)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_private_person_has_a_limit_of_its_own(self):
        person = self._make_customer("Ola Nordmann", limit=500.0, is_company=False)
        order = self._order(person, amount=501.0)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_another_module_adds_a_part_with_one_entry(self):
        model, core = type(self.env["res.partner"]), type(self.env["res.partner"])._credit_exposure_parts

        def parts(records, partner_ids, move_ids=()):
            return [*core(records, partner_ids, move_ids), ExposurePart(
                "deliveries", "Delivered", SQL("SELECT unnest(%s), 700.0", partner_ids), "sale.order",
                lambda partner: [])]

        self.patch(model, "_credit_exposure_parts", parts)
        self.assertEqual(self.customer.credit_exposure, 700.0)
        order = self._order(amount=9400.0)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_two_companies_with_different_limits(self):
        """Each company tests its own figures against its own limit."""
        self.other_company.sudo().credit_control = True
        customer = self.customer.sudo().with_company(self.other_company)
        customer.write({"credit_limit": 50.0, "credit_own_mode": "limited"})
        here = self._order(amount=9000.0)
        there = here.sudo().with_company(self.other_company).create({
            "partner_id": self.customer.id, "company_id": self.other_company.id, "order_line": [
                Command.create({"product_id": self.product.id, "price_unit": 51.0, "tax_ids": [Command.clear()]})]})
        (here.sudo() + there).action_confirm()
        self.assertEqual((here.state, there.credit_state), ("sale", "hold"))
        self.assertEqual(customer.credit_exposure, 0.0)
        self.assertEqual(self.customer.credit_exposure, 9000.0)

    # -- groups ----------------------------------------------------------------------------------------

    def _make_group(self, limit, *customers):
        return self.env["kundekartotek.credit.group"].sudo().create({
            "name": "Konsern", "credit_limit": limit, "company_id": self.company.id,
            "partner_ids": [Command.set([customer.id for customer in customers])]})

    def test_both_limits_hold(self):
        sister = self._make_customer("Søster AS", mode="unlimited")
        group = self._make_group(12000.0, self.customer, sister)
        self._confirmed(sister, amount=9000.0)
        order = self._order(amount=3001.0)
        order.action_confirm()
        self.assertEqual(order.credit_words, "Over the limit that the group of customers shares")
        own = self._order(amount=2000.0)
        own.action_confirm()
        self.assertEqual(own.state, "sale")
        group.sudo().credit_limit = 1e6
        third = self._order(amount=8001.0)
        third.action_confirm()
        self.assertEqual(third.credit_words, "Over the credit limit")
        group.invalidate_recordset()
        self.assertEqual(group.credit_exposure, 11000.0)
        self.assertEqual(self.customer.credit_available, 8000.0)

    def test_in_one_group_only(self):
        self._make_group(1.0, self.customer)
        with self.assertRaisesRegex(ValidationError, "Konsern"):
            self._make_group(2.0, self.customer)

    def test_contacts_are_no_members(self):
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        with self.assertRaises(ValidationError):
            self._make_group(1.0, contact)

    # -- in bulk ---------------------------------------------------------------------------------------

    def test_a_page_of_customers_in_three_statements(self):
        customers = self.env["res.partner"].sudo().create(
            [{"name": f"Kunde {number}", "is_company": True} for number in range(PAGE)])
        self._make_group(10.0, *customers[:3])
        for customer in customers[:5]:
            self._invoice(customer, amount=10.0)
        self.env.flush_all()
        customers._credit_overviews()  # what the server caches is warm
        self.env.invalidate_all()
        with self.assertQueryCount(4):  # one reads who the customers are
            customers.mapped("credit_exposure")

    # -- anything that may happen ----------------------------------------------------------------------

    def _recomputed(self, customer):
        """The exposure from nothing, by the ORM's own figures: no SQL of ours."""
        lines = self.env["account.move.line"].search([
            ("partner_id", "child_of", customer.id), ("parent_state", "=", "posted"),
            ("account_id.account_type", "=", "asset_receivable"), ("company_id", "=", self.company.id)])
        total = sum(lines.mapped("amount_residual"))
        orders = self.env["sale.order"].search([
            ("state", "=", "sale"), ("company_id", "=", self.company.id),
            ("partner_invoice_id.commercial_partner_id", "=", customer.id)])
        total += sum(max(sum(map(self._left, order.order_line)), 0.0) for order in orders)
        if self.company.credit_count_drafts:
            drafts = self.env["account.move"].search([
                ("state", "=", "draft"), ("move_type", "=", "out_invoice"), ("company_id", "=", self.company.id),
                ("commercial_partner_id", "=", customer.id)])
            for line in drafts.invoice_line_ids.filtered(lambda line: not line.sale_line_ids):
                total += line.price_total / line.move_id.invoice_currency_rate
        return total

    def _left(self, line):
        """What is left to invoice of a line, in company currency; less than nothing of what was paid down."""
        if line.is_downpayment:
            posted = line.invoice_lines.filtered(lambda item: item.parent_state == "posted")
            return sum(item.price_total * (1 if item.move_type == "out_refund" else -1)
                       / item.move_id.invoice_currency_rate for item in posted)
        if not line.product_uom_qty:
            return 0.0
        left = max(line.product_uom_qty, line.qty_delivered) - line.qty_invoiced_posted
        return line.price_total / line.product_uom_qty * max(left, 0.0) / line.order_id.currency_rate

    def test_after_any_sequence_the_picture_is_as_recomputed(self):
        euros = self.env["product.pricelist"].create({"name": "EUR", "currency_id": self.euro.id})
        customers = [self.customer, self._make_customer("To AS", mode="unlimited")]
        for seed in range(3):
            rng = random.Random(seed)
            self.company.sudo().credit_count_drafts = bool(seed % 2)
            moves, orders = [], []
            for step in range(25):
                self._step(rng, rng.choice(customers), moves, orders, euros, step)
                for customer in customers:
                    with self.subTest(seed=seed, step=step, customer=customer.name):
                        measured = customer._credit_amounts(customer.ids)[customer.id]["exposure"]
                        self.assertAlmostEqual(measured, self._recomputed(customer), 2)
                        customer.invalidate_recordset(["credit_exposure"])
                        self.assertAlmostEqual(customer.credit_exposure, measured, 2)

    def test_what_a_batch_adds_is_as_recomputed(self):
        """Each document is tested with those before it: with the last one, the picture is what there is then."""
        self._rules({"action": "warn", "percent": 1}, {"checkpoint": "invoice", "action": "warn", "percent": 1})
        for seed in range(3):
            rng = random.Random(seed)
            customer = self._make_customer(f"Bunke {seed} AS", limit=1.0)
            orders = self.env["sale.order"].union(*(
                self._order(customer, rng.randrange(100, 9000), rng.randrange(1, 5)) for _number in range(5)))
            orders.action_confirm()
            self.assertAlmostEqual(self._decisions(orders[-1]).exposure, self._recomputed(customer), 2)
            drafts = self.env["account.move"].union(*map(self._create_invoice, orders[:3]))
            drafts[1].invoice_line_ids.quantity += 2  # more than was ordered
            drafts[2].invoice_line_ids.quantity /= 2
            drafts += self._create_invoice(orders[3])
            for order in orders[3:]:  # which is invoiced already, or is worth less
                drafts += self._create_invoice(order, "fixed", fixed_amount=order.amount_total + 100)
            drafts += self._draft(customer, rng.randrange(100, 9000))
            drafts.action_post()
            self.assertEqual(
                [len(self._decisions(draft)) for draft in drafts], [0, 1, 0, 0, 1, 1, 1],
                "what was ordered is not tested")
            self.assertAlmostEqual(self._decisions(drafts[-1]).exposure, self._recomputed(customer), 2)

    def _step(self, rng, customer, moves, orders, euros, step):
        amount = rng.randrange(100, 400000) / 100
        foreign = rng.random() < 0.3
        match rng.randrange(11):
            case 0:
                moves.append(self._invoice(
                    customer, amount, **({"currency_id": self.euro.id} if foreign else {})))
            case 1 | 2:
                orders.append(self._confirmed(
                    customer, amount, rng.randrange(1, 5), **({"pricelist_id": euros.id} if foreign else {})))
            case 3:
                self._step_invoice_order(rng, moves, orders)
            case 4:
                self._pay(customer, amount, TODAY - timedelta(rng.randrange(9)))
            case 5 | 6:
                self._step_undo(rng, moves, orders)
            case 7:
                self.env["res.currency.rate"].sudo().create({
                    "currency_id": self.euro.id, "name": TODAY - timedelta(100 + 50 * rng.randrange(1, 99) + step),
                    "rate": rng.uniform(0.05, 0.2), "company_id": self.company.id})
            case 8:
                self._draft(customer, amount)
            case _:
                self._step_down_payment(rng, amount, moves, orders)

    def _step_invoice_order(self, rng, moves, orders):
        for order in [order for order in orders if order.invoice_status == "to invoice"][-1:]:
            invoice = self._create_invoice(order)
            moves.append(invoice)
            if rng.random() < 0.5:
                invoice.invoice_line_ids[:1].quantity /= 2
            if rng.random() < 0.3:
                invoice.invoice_line_ids.filtered(lambda line: line.price_unit < 0).unlink()
            if rng.random() < 0.7:
                self._post_uncontrolled(invoice)

    def _step_down_payment(self, rng, amount, moves, orders):
        """Of less than the order or more; or a discount on it, which an invoice may leave out."""
        for order in [order for order in orders if order.state == "sale"][-1:]:
            if rng.random() < 0.4:
                order.sudo().order_line = [Command.create({
                    "product_id": self.product.id, "price_unit": -amount / 2, "tax_ids": [Command.clear()]})]
            else:
                moves.append(self._create_invoice(order, "fixed", fixed_amount=amount))
                if rng.random() < 0.7:
                    self._post_uncontrolled(moves[-1])

    def _step_undo(self, rng, moves, orders):
        """A credit note, a cancelled order, or an invoice taken back."""
        posted = [move for move in moves if move.state == "posted"]
        confirmed = [order for order in orders if order.state == "sale" and not order.invoice_ids]
        if posted and rng.random() < 0.5:
            refund = rng.choice(posted)._reverse_moves([{"invoice_date": TODAY}])
            if rng.random() < 0.7:
                refund.action_post()
        elif posted and rng.random() < 0.6:
            move = rng.choice(posted)
            move.button_draft()
            if rng.random() < 0.5:
                move.button_cancel()
        elif confirmed:
            rng.choice(confirmed)._action_cancel()

    def _post_uncontrolled(self, invoice):
        self.company.sudo().credit_control = False
        invoice.action_post()
        self.company.sudo().credit_control = True

    def test_misuse_is_an_error(self):
        with self.assertRaises(UserError):
            self.env["kundekartotek.credit.request"].create({"reason": "x"})
