# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class AccountMove(models.Model):
    """The income accounts of a draft follow its customer."""

    _inherit = "account.move"

    @api.onchange("partner_id")
    def _inverse_partner_id(self):
        # The lines still have the former customer here: an account found for it is found anew for the next
        # one, any other was chosen by a person and stays.
        lines = (self.line_ids | self.invoice_line_ids).filtered(
            lambda line: (
                line.partner_id != line.move_id.commercial_partner_id and line._has_automatic_account()
            )
        )
        super()._inverse_partner_id()
        lines._conditional_add_to_compute("account_id", lambda line: True)


class AccountMoveLine(models.Model):
    """Posting rules choose the income account where Odoo would choose one."""

    _inherit = "account.move.line"

    def _compute_account_id(self):
        super()._compute_account_id()
        for line in self.filtered(lambda line: line._is_posted_by_rules()):
            if account := line._find_posting_account():
                line.account_id = line.move_id.fiscal_position_id.map_account(account)

    def _is_posted_by_rules(self):
        self.ensure_one()
        return (
            self.display_type == "product" and self.move_id.is_sale_document(include_receipts=True)
            and bool(self.env["kundekartotek.posting.rule"]._get_accounts(self.company_id.id)))

    def _find_posting_account(self):
        """The account that the posting rules give this line, before the fiscal position. sudo: invoices are
        also made by those who may not read categories."""
        self.ensure_one()
        return self.env["kundekartotek.posting.rule"]._find_account(
            self.company_id, self.partner_id.sudo().commercial_partner_id.customer_category_id,
            self.product_id.categ_id)

    def _has_automatic_account(self):
        """Whether the account of this draft line is the one that rule or product gives it for its present
        partner, with that partner's fiscal position or that of the invoice."""
        self.ensure_one()
        if self.move_id.state != "draft" or not self._is_posted_by_rules():
            return False
        line = self.with_company(self.company_id)
        source = line._find_posting_account() or (
            line.product_id.product_tmpl_id._get_product_accounts()["income"] if line.product_id
            else line.journal_id.default_account_id)
        positions = line.env["account.fiscal.position"]._get_fiscal_position(line.partner_id)
        positions |= line.move_id.fiscal_position_id
        return not line.account_id or line.account_id in source.union(
            *(position.map_account(source) for position in positions))
