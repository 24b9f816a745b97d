# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class SaleOrder(models.Model):
    """A quotation takes the pricelist of the agreement, as core takes the customer's: when the customer is
    chosen. Core's *Update Prices* takes the one of the order's date. A confirmed order never changes."""

    _name = "sale.order"
    _inherit = ["sale.order", "kundekartotek.agreement.document"]

    @api.depends("partner_id", "company_id")
    def _compute_agreement_id(self):
        super()._compute_agreement_id()

    @api.depends("partner_id", "company_id", "date_order", "state", "agreement_id", "order_line")
    def _compute_agreement_notice(self):
        super()._compute_agreement_notice()

    def _compute_pricelist_id(self):
        super()._compute_pricelist_id()
        for order in self.filtered(lambda order: order.state == "draft" and order.partner_id):
            if pricelist := order.agreement_id._get_terms()[0]:
                order.pricelist_id = pricelist

    @api.onchange("date_order")
    def _onchange_date_order_agreement(self):
        if self._follow_date_while_empty():
            self._compute_pricelist_id()
        elif self.agreement_notice:
            self.show_update_pricelist = True

    def _recompute_prices(self):
        self._follow_agreement()
        super()._recompute_prices()

    def _follow_agreement(self):
        """Take the agreement of the order's date. The pricelist that a person chose stays while the
        agreement stays."""
        orders = self.filtered(lambda order: order.state in ("draft", "sent"))
        for order, agreement in orders._find_agreements().items():
            if order.agreement_id != agreement:
                order.agreement_id = agreement
                order.pricelist_id = (
                    agreement._get_terms()[0]
                    or order.with_company(order.company_id).partner_id.property_product_pricelist
                )

    def _action_confirm(self):
        """Whoever orders is a customer; core waits with its mark until the first invoice is posted."""
        result = super()._action_confirm()
        buyers = (self.partner_id + self.partner_invoice_id).commercial_partner_id
        buyers.filtered(lambda buyer: not buyer.customer_rank)._increase_rank("customer_rank")
        return result

    def _prepare_invoice(self):
        return {**super()._prepare_invoice(), "agreement_id": self.agreement_id.id}

    def _get_agreement_date(self):
        return fields.Datetime.context_timestamp(self, self.date_order or fields.Datetime.now()).date()

    def _is_open_to_agreement(self):
        return self.state == "draft"

    def _is_priced_by_agreement(self):
        return self.state in ("draft", "sent") and any(line.product_id for line in self.order_line)


class SaleOrderLine(models.Model):
    """A percentage of the agreement comes on top of what the pricelist gives."""

    _inherit = "sale.order.line"

    def _compute_discount(self):
        super()._compute_discount()
        core_sets_discount = self.env["product.pricelist.item"]._is_discount_feature_enabled()
        for line in self.sorted(lambda line: bool(line.combo_item_id)):  # a combo's parts follow the combo
            percentage = line.order_id.agreement_id._get_terms()[1]
            if not percentage or not line._is_open_to_agreement():
                continue
            if line.combo_item_id:
                line.discount = line._get_linked_line().discount
            elif core_sets_discount and line.order_id.pricelist_id:
                line.discount = 100 - (100 - line.discount) * (100 - percentage) / 100
            elif not line.discount:  # else it was set by a person: core leaves it alone, and so do we
                line.discount = percentage

    def _is_open_to_agreement(self):
        """Whether the line sells a product at a price of ours: no down payment, freight, expense at cost."""
        return bool(
            self.product_id
            and not self.display_type
            and not self.is_downpayment
            and not self._is_delivery()
            and not self._is_global_discount()
            and not (self.is_expense and self.product_id.expense_policy == "cost")
        )
