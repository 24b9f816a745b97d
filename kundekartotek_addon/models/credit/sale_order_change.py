# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models

from ...tools.credit import CENT

VALUED = {
    "product_id", "product_uom_qty", "product_uom_id", "price_unit", "discount", "tax_ids", "order_id",
}
TERMS = {"partner_invoice_id", "payment_term_id"}


class SaleOrder(models.Model):
    """A confirmed order that grows, or is given to another customer to pay, is tested anew. What is delivered
    cannot be undone: it is put on hold for the credit managers, and stays confirmed."""

    _inherit = "sale.order"

    def write(self, vals):
        if vals.keys().isdisjoint(TERMS):
            return super().write(vals)
        orders = self._credit_confirmed()
        before = {order: (order.partner_invoice_id, order.payment_term_id._is_immediate()) for order in orders}
        result = super().write(vals)
        moved = orders.filtered(lambda order: (
            order.partner_invoice_id.commercial_partner_id != before[order][0].commercial_partner_id
            or (before[order][1] and not order.payment_term_id._is_immediate())))
        moved._credit_test_change(dict.fromkeys(moved, 0.0))
        return result

    def _credit_confirmed(self):
        return self.filtered(lambda o: o.state == "sale" and o.company_id._has_credit_control())

    def _credit_test_change(self, before):
        """:param before: {order: total before the change} of confirmed orders, in company currency"""
        grown = {
            order: order._credit_worth() - before[order] for order in self.sudo()
            if order._credit_worth() > before[order] + CENT}
        for company, orders in self.sudo().filtered(grown.get).grouped(lambda o: o.company_id.root_id).items():
            results = orders.with_company(company)._credit_test(grown)
            for order, result in results.items():
                if order._credit_stops(*result, order._credit_worth()):
                    order._credit_hold(result[0])
                    order._credit_record("held", result)
                    order._credit_note(self.env._("On hold: the confirmed order was changed."), result[0])
                    order._credit_send(order.credit_words, "danger")


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        orders = self.env["sale.order"].browse({vals["order_id"] for vals in vals_list if vals.get("order_id")})
        confirmed = orders._credit_confirmed()
        before = {order: order._credit_worth() for order in confirmed.sudo()}
        lines = super().create(vals_list)
        confirmed._credit_test_change(before)
        return lines

    def write(self, vals):
        if vals.keys().isdisjoint(VALUED):
            return super().write(vals)
        confirmed = self.order_id._credit_confirmed()
        before = {order: order._credit_worth() for order in confirmed.sudo()}
        result = super().write(vals)
        confirmed._credit_test_change(before)
        return result
