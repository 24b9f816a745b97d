# SPDX-License-Identifier: LGPL-3.0-or-later
"""What changes a customer's figures: whoever it happens to is noted, and measured a few minutes later."""
from odoo import api, models

MOVE_FIELDS = {"state", "partner_id", "commercial_partner_id", "company_id", "invoice_date", "date"}
ITEM_FIELDS = {
    "account_id", "partner_id", "balance", "debit", "credit", "amount_currency", "date_maturity", "date",
    "quantity", "product_id"}
MONEY = {"bank", "cash", "credit"}
PARTNER_FIELDS = {"parent_id", "is_company"}
ORDER_FIELDS = {"state", "partner_id", "date_order", "company_id"}


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        if MOVE_FIELDS.isdisjoint(vals):
            return super().write(vals)
        self._note_metrics()
        result = super().write(vals)
        self._note_metrics()
        return result

    def unlink(self):
        self._note_metrics()
        return super().unlink()

    def _note_metrics(self):
        """Note the customers of entries that are posted: asked before and after a change."""
        queue = self.env["kundekartotek.metrics.dirty"]
        for move in self:
            if move.state == "posted":
                if move.is_sale_document(include_receipts=True):
                    queue._note(move.commercial_partner_id, move.company_id)
                elif not move.is_invoice(include_receipts=True):
                    move.line_ids._note_metrics()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._note_metrics()
        return lines

    def write(self, vals):
        if ITEM_FIELDS.isdisjoint(vals):
            return super().write(vals)
        self._note_metrics()
        result = super().write(vals)
        self._note_metrics()
        return result

    def unlink(self):
        self._note_metrics()
        return super().unlink()

    def _note_metrics(self):
        """Note whose receivable or sale these items are, where they are posted; and of a loss, whose claims the
        bank's entry settled."""
        for line in self:
            if line.parent_state == "posted" and line.journal_id.type in MONEY and (
                    line.account_id.internal_group == "expense"):
                line.move_id.line_ids.matched_debit_ids._note_metrics()
            elif line.parent_state == "posted" and line.partner_id and (
                    line.account_type == "asset_receivable"
                    or line.move_id.is_sale_document(include_receipts=True)):
                self.env["kundekartotek.metrics.dirty"]._note(line.partner_id, line.company_id)


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._note_metrics()
        return partials

    def unlink(self):
        self._note_metrics()
        return super().unlink()

    def _note_metrics(self):
        for partial in self:
            items = (partial.debit_move_id | partial.credit_move_id).filtered(
                lambda item: item.account_type == "asset_receivable")
            self.env["kundekartotek.metrics.dirty"]._note(items.partner_id, partial.company_id)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._note_metrics()
        return orders

    def write(self, vals):
        orders = self if not ORDER_FIELDS.isdisjoint(vals) else self.browse()
        orders._note_metrics()
        result = super().write(vals)
        orders._note_metrics()
        return result

    def _note_metrics(self):
        for order in self:
            if order.state == "sale":
                self.env["kundekartotek.metrics.dirty"]._note(order.partner_id, order.company_id)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        changing = self if not PARTNER_FIELDS.isdisjoint(vals) else self.browse()
        changing._note_metrics()
        result = super().write(vals)
        changing._note_metrics()
        return result

    def _note_metrics(self):
        """Note whom these partners, and those below them, belong to."""
        if self:
            members = self.sudo().with_context(active_test=False).search([("id", "child_of", self.ids)])
            self.env["kundekartotek.metrics.dirty"]._note(members | members.commercial_partner_id)
