# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...tools.credit import CENT

VALUED = {
    "product_id", "product_uom_qty", "product_uom_id", "price_unit", "discount", "tax_ids", "order_id", "qty_delivered",
}
TERMS = {
    "partner_id", "partner_invoice_id", "payment_term_id", "company_id", "currency_id", "pricelist_id", "date_order",
}
# What follows from the lines and from payments. The forms show them only; over the API they could be written.
DERIVED = {
    "sale.order": {
        "amount_total", "amount_untaxed", "amount_tax", "amount_paid", "currency_rate", "invoice_status",
        "transaction_ids"},
    "sale.order.line": {
        "price_subtotal", "price_tax", "price_total", "invoice_lines", "invoice_status", "qty_invoiced",
        "qty_to_invoice", "untaxed_amount_to_invoice"},
}
FIXED = {"is_downpayment"}  # once created: what was invoiced on such a line is taken off the rest of its order


class CreditDerived(models.AbstractModel):
    """Figures that credit control relies on are calculated, and written by nobody."""

    _name = "kundekartotek.credit.derived"
    _description = "Figures Nobody Writes"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_written(vals.keys() & DERIVED[self._name])
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_written(vals.keys() & (DERIVED[self._name] | FIXED))
        return super().write(vals)

    @api.model
    def _refuse_written(self, written):
        """In whatever company the user happens to work: the document may be another one's."""
        if written and not self.env.su and any(
                company._has_credit_control() for company in self.env.user.sudo().company_ids):
            raise AccessError(self.env._(
                "These fields cannot be set by hand: %(fields)s", fields=", ".join(sorted(written))))


class SaleOrder(models.Model):
    """A confirmed order that grows, or is given to another customer to pay, is tested anew. What is delivered
    cannot be undone: it is put on hold for the credit managers, and stays confirmed."""

    _name = "sale.order"
    _inherit = ["sale.order", "kundekartotek.credit.derived"]

    credit_payer_changed = fields.Boolean(
        readonly=True, copy=False, help="It, or a draft of it, got another payer: what is left is asked for though "
        "Odoo takes it for invoiced.")

    def write(self, vals):
        leaving = self.filtered(lambda o: o.state == "sale") if vals.get("state", "sale") != "sale" else self.browse()
        if vals.keys().isdisjoint(TERMS):
            result = super().write(vals)
        else:
            confirmed = self.filtered(lambda order: order.state == "sale")
            worths = confirmed._credit_worths()
            before = {order: (order._credit_terms(), worths[order]) for order in confirmed}
            result = super().write(vals)
            confirmed.filtered(lambda order: order._credit_customers().id != before[order][0][0])._credit_keep_open()
            confirmed = self._credit_confirmed().filtered(before.get)
            confirmed._credit_test_change({order: order._credit_known_worth(*before[order]) for order in confirmed})
        leaving._credit_end_release()
        return result

    def _credit_keep_open(self):
        """Who pays for these, and who is invoiced, may differ from now on. sudo: nobody writes it by hand."""
        self.sudo().filtered(lambda order: not order.credit_payer_changed).credit_payer_changed = True

    def _credit_terms(self):
        """:return: (who is to pay, whom, whether at once)"""
        self.ensure_one()
        return self._credit_customers().id, self.company_id.id, self.payment_term_id._is_immediate()

    def _credit_known_worth(self, terms, worth):
        """What of this order was tested, on the terms that it had."""
        now = self._credit_terms()
        unchanged = terms[:2] == now[:2] and (now[2] or not terms[2])
        return worth if unchanged else self._credit_without_rest()[self]

    def _credit_without_rest(self):
        """:return: {order: what it brings about but for what is left to invoice}: that alone is a new payer's"""
        claims = self._credit_claims()
        return {
            order: worth - claims.get(order.id, (0.0, 0.0))[1] for order, worth in self._credit_worths().items()}

    def _credit_end_release(self):
        """An order that is confirmed no longer has used its release."""
        released = self.sudo().filtered(lambda order: order.credit_state == "released")
        if released:
            released.write({
                "credit_state": "clear", "credit_words": False, "credit_figures": False, "credit_since": False,
                "credit_release_amount": 0.0, "credit_release_until": False, "credit_release_partner_id": False,
                "credit_release_company_id": False})
            released._credit_record("cleared", reason=self.env._("No longer confirmed: the release is used"))

    def _credit_confirmed(self):
        return self.filtered(lambda o: o.state == "sale" and o.company_id._has_credit_control())

    def _credit_test_change(self, before):
        """:param before: {order: what it brought about before the change} of confirmed orders, in company currency"""
        worths = self.sudo()._credit_worths()
        grown = {order: worth - before[order] for order, worth in worths.items() if worth > before[order] + CENT}
        stopped = self.browse()
        for orders in self.sudo().filtered(grown.get)._credit_by_company():
            results = orders._credit_test(grown)
            for order, result in results.items():
                if order._credit_stops(*result, worths[order]):
                    order._credit_hold(result[0])
                    order._credit_record("held", result)
                    order._credit_note(self.env._("On hold: the confirmed order was changed."), result[0])
                    order._credit_send(order.credit_words, "danger")
                    stopped |= order
        shrunk = self.sudo().filtered(lambda order: order._credit_worth() < before[order] - CENT)
        for company, orders in shrunk.grouped("company_id").items():
            orders._credit_customers()._queue_credit_recheck(company)
        for order in (self.sudo() - stopped).filtered(lambda o: o.credit_state == "hold"):
            order._credit_test_again()


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["sale.order.line", "kundekartotek.credit.derived"]

    @api.model_create_multi
    def create(self, vals_list):
        default = self.env.context.get("default_order_id")
        orders = self.env["sale.order"].browse({vals.get("order_id", default) for vals in vals_list} - {None, False})
        confirmed = orders._credit_confirmed()
        before = confirmed.sudo()._credit_worths()
        lines = super().create(vals_list)
        confirmed._credit_test_change(before)
        return lines

    def write(self, vals):
        if vals.keys().isdisjoint(VALUED):
            return super().write(vals)
        orders = self.order_id | self.env["sale.order"].browse(vals.get("order_id") or [])
        confirmed = orders._credit_confirmed()
        before = confirmed.sudo()._credit_worths()
        result = super().write(vals)
        confirmed._credit_test_change(before)
        return result

    def unlink(self):
        """What gives a discount makes the order larger when it goes."""
        confirmed = self.order_id._credit_confirmed()
        before = confirmed.sudo()._credit_worths()
        result = super().unlink()
        confirmed._credit_test_change(before)
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        if "partner_id" in vals:  # sudo: who invoices may not see the orders
            self.sudo().line_ids.sale_line_ids.order_id._credit_keep_open()
        return super().write(vals)


class AccountMoveLine(models.Model):
    """What is linked to an order may be another customer's: until it is posted, that invoices nothing of the order."""

    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if any("sale_line_ids" in vals for vals in vals_list):
            lines._credit_keep_open()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if "sale_line_ids" in vals:
            self._credit_keep_open()
        return result

    def _credit_keep_open(self):
        """sudo: who invoices may not see the orders."""
        for move, lines in self.sudo().grouped("move_id").items():
            orders = lines.sale_line_ids.order_id
            orders.browse(
                order.id for order in orders if order._credit_customers() != move._credit_customers()
            )._credit_keep_open()


class ResPartner(models.Model):
    """A contact that is moved under another customer takes the confirmed orders along that are invoiced to it."""

    _inherit = "res.partner"

    def write(self, vals):
        if vals.keys().isdisjoint({"parent_id", "is_company"}):
            return super().write(vals)
        payers = self._credit_payers()
        result = super().write(vals)
        self._credit_test_payers(payers)
        return result

    def _credit_payers(self):
        """:return: {confirmed order that these partners or their contacts pay: its customer}"""
        orders = self.env["sale.order"].sudo().search(
            [("state", "=", "sale"), ("partner_invoice_id", "child_of", self.ids)])
        return {order: order._credit_customers() for order in orders}

    @api.model
    def _credit_test_payers(self, before):
        """:param before: as ``_credit_payers``"""
        moved = self.env["sale.order"].sudo().browse(
            order.id for order, customer in before.items() if order._credit_customers() != customer)
        moved._credit_keep_open()
        moved = moved._credit_confirmed()
        moved._credit_test_change(moved._credit_without_rest())
