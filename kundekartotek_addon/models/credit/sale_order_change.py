# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.exceptions import AccessError

from ...tools.credit import CENT

VALUED = {
    "product_id", "product_uom_qty", "product_uom_id", "price_unit", "discount", "tax_ids", "order_id",
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


class CreditDerived(models.AbstractModel):
    """Figures that credit control relies on are calculated, and written by nobody."""

    _name = "kundekartotek.credit.derived"
    _description = "Figures Nobody Writes"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_derived(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_derived(vals)
        return super().write(vals)

    @api.model
    def _refuse_derived(self, vals):
        """In whatever company the user happens to work: the document may be another one's."""
        written = vals.keys() & DERIVED[self._name]
        if written and not self.env.su and any(
                company._has_credit_control() for company in self.env.user.sudo().company_ids):
            raise AccessError(self.env._(
                "These fields cannot be set by hand: %(fields)s", fields=", ".join(sorted(written))))


class SaleOrder(models.Model):
    """A confirmed order that grows, or is given to another customer to pay, is tested anew. What is delivered
    cannot be undone: it is put on hold for the credit managers, and stays confirmed."""

    _name = "sale.order"
    _inherit = ["sale.order", "kundekartotek.credit.derived"]

    def write(self, vals):
        if vals.keys().isdisjoint(TERMS):
            return super().write(vals)
        before = {order: order._credit_terms() for order in self.filtered(lambda order: order.state == "sale")}
        result = super().write(vals)
        confirmed = self._credit_confirmed().filtered(before.get)
        confirmed._credit_test_change({order: order._credit_known_worth(*before[order]) for order in confirmed})
        return result

    def _credit_terms(self):
        """:return: (who is to pay, whom, whether at once, total in company currency)"""
        self.ensure_one()
        return (self._credit_customers().id, self.company_id.id, self.payment_term_id._is_immediate(),
                self._credit_worth())

    def _credit_known_worth(self, customer, company, at_once, worth):
        """What of this order's total was tested, on the terms that it had."""
        now = self._credit_terms()
        return worth if (customer, company) == now[:2] and (now[2] or not at_once) else 0.0

    def _credit_confirmed(self):
        return self.filtered(lambda o: o.state == "sale" and o.company_id._has_credit_control())

    def _credit_test_change(self, before):
        """:param before: {order: total before the change} of confirmed orders, in company currency"""
        grown = {
            order: order._credit_worth() - before[order] for order in self.sudo()
            if order._credit_worth() > before[order] + CENT}
        stopped = self.browse()
        for company, orders in self.sudo().filtered(grown.get).grouped(lambda o: o.company_id.root_id).items():
            results = orders.with_company(company)._credit_test(grown)
            for order, result in results.items():
                if order._credit_stops(*result, order._credit_worth()):
                    order._credit_hold(result[0])
                    order._credit_record("held", result)
                    order._credit_note(self.env._("On hold: the confirmed order was changed."), result[0])
                    order._credit_send(order.credit_words, "danger")
                    stopped |= order
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
        before = {order: order._credit_worth() for order in confirmed.sudo()}
        lines = super().create(vals_list)
        confirmed._credit_test_change(before)
        return lines

    def write(self, vals):
        if vals.keys().isdisjoint(VALUED):
            return super().write(vals)
        orders = self.order_id | self.env["sale.order"].browse(vals.get("order_id") or [])
        confirmed = orders._credit_confirmed()
        before = {order: order._credit_worth() for order in confirmed.sudo()}
        result = super().write(vals)
        confirmed._credit_test_change(before)
        return result
