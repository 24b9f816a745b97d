# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """A sales invoice without an order gets the prices of the agreement in force on its date."""

    _name = "account.move"
    _inherit = ["account.move", "kundekartotek.agreement.document"]

    buyer_reference = fields.Char(
        string="Buyer's Reference",
        compute="_compute_buyer_reference",
        store=True,
        readonly=False,
        precompute=True,
        help="The reference that the buyer asked for, printed on the invoice.",
    )

    @api.depends("partner_id", "move_type")
    def _compute_buyer_reference(self):
        for move in self:
            if move.state == "draft" and move.is_sale_document(include_receipts=True):
                move.buyer_reference = (
                    move.partner_id.commercial_partner_id.buyer_reference or move.buyer_reference
                )

    @api.depends("partner_id", "company_id", "move_type")
    def _compute_agreement_id(self):
        super()._compute_agreement_id()

    @api.depends(
        "partner_id", "company_id", "move_type", "invoice_date", "state", "agreement_id", "invoice_line_ids"
    )
    def _compute_agreement_notice(self):
        super()._compute_agreement_notice()

    @api.onchange("invoice_date")
    def _onchange_invoice_date_agreement(self):
        self._follow_date_while_empty()

    def _get_agreement_date(self):
        return self.invoice_date or fields.Date.context_today(self)

    def _is_open_to_agreement(self):
        return self.state == "draft" and self.is_sale_document(include_receipts=True)

    def _is_priced_by_agreement(self):
        return (
            self._is_open_to_agreement() and not self.reversed_entry_id and bool(self._get_agreement_lines())
        )

    def _get_agreement_lines(self):
        """Lines that this invoice prices itself: those of an order have the order's price."""
        return self.invoice_line_ids.filtered(
            lambda line: (
                line.product_id
                and line.display_type == "product"
                and not line.sale_line_ids
                and not line.is_imported
            )
        )

    def action_update_agreement_prices(self):
        """Price the lines anew by the agreement in force on the invoice date, as *Update Prices* does on an
        order: also where a person had changed the price, which the button asks about."""
        self.ensure_one()
        self.check_access("write")
        if not self._is_open_to_agreement():
            raise UserError(self.env._("Only the prices of a draft invoice can be updated."))
        self.agreement_id = self._find_agreements()[self]
        lines = self._get_agreement_lines()
        lines._compute_price_unit()
        for line in lines:
            line.discount = line._get_agreed_price()[1] or 0.0
        self.message_post(
            body=self.env._(
                "Prices updated by the discount agreement %(name)s.",
                name=self.agreement_id.sudo().name,
            )
            if self.agreement_id
            else self.env._("Prices updated: no discount agreement applies.")
        )


class AccountMoveLine(models.Model):
    """Price and discount by the invoice's agreement, where core sets the price: when a product is chosen."""

    _inherit = "account.move.line"

    # core's field, which has a default instead of a computation
    discount = fields.Float(
        compute="_compute_agreement_discount", store=True, readonly=False, precompute=True, default=None
    )

    def _compute_price_unit(self):
        super()._compute_price_unit()
        for line in self:
            price = line._get_agreed_price()[0]
            if price is not None:
                line.price_unit = price

    @api.depends("product_id")
    def _compute_agreement_discount(self):
        for line in self:
            discount = line._get_agreed_price()[1]
            line.discount = line.discount if discount is None else discount

    @api.model
    def _add_precomputed_values(self, vals_list):
        for vals in vals_list:
            if "price_unit" in vals:  # the price was set by whoever creates the line
                vals.setdefault("discount", 0.0)
        super()._add_precomputed_values(vals_list)

    @api.onchange("quantity")
    def _onchange_quantity_agreed_price(self):
        """Follow the pricelist's quantity steps. A price that none of its steps gives was set by a person."""
        pricelist = self.move_id.agreement_id._get_terms()[0]
        if not pricelist or not self.product_id:
            return
        steps = pricelist._get_applicable_rules(self.product_id, self.move_id._get_agreement_date())
        prices = [self._get_agreed_price(quantity)[0] for quantity in {0.0, *steps.mapped("min_quantity")}]
        if any(
            price is not None and not self.currency_id.compare_amounts(price, self.price_unit)
            for price in prices
        ):
            self._compute_price_unit()
            self._compute_agreement_discount()

    def _get_agreed_price(self, quantity=None):
        """What the agreement gives this line.

        :param quantity: instead of the line's own, in the line's unit of measure
        :return: ``(unit price or None, discount in percent or None)``; None leaves it as it is
        """
        self.ensure_one()
        move = self.move_id
        if (
            not self.product_id
            or not move.agreement_id
            or self.display_type != "product"
            or self.is_imported
            or not move.is_sale_document(include_receipts=True)
        ):
            return None, None
        pricelist, percentage = move.agreement_id._get_terms()
        if not pricelist:
            return None, percentage or None
        return self.with_company(move.company_id)._get_pricelist_price(
            pricelist, self.quantity if quantity is None else quantity
        )

    def _get_pricelist_price(self, pricelist, quantity):
        """As the order line does it: with the discount shown apart where the rule and the settings say so.

        :return: ``(unit price, discount in percent)`` in the invoice's currency
        """
        move, product = self.move_id, self.product_id
        date, currency = move._get_agreement_date(), pricelist.currency_id
        arguments = {
            "quantity": abs(quantity) or 1.0,
            "uom": self.product_uom_id or product.uom_id,
            "date": date,
            "currency": currency,
        }
        rule = self.env["product.pricelist.item"].browse(pricelist._get_product_rule(product, **arguments))
        price, discount = rule._compute_price(product, **arguments), 0.0
        if rule._show_discount():
            full_price = rule._compute_price_before_discount(product, **arguments)
            if full_price > 0 and full_price > price:
                price, discount = full_price, (full_price - price) / full_price * 100
        price = currency._convert(price, move.currency_id, move.company_id, date, round=False)
        return product._get_tax_included_unit_price_from_price(
            price,
            product.taxes_id._filter_taxes_by_company(move.company_id),
            fiscal_position=move.fiscal_position_id,
        ), discount
