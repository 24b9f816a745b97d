# SPDX-License-Identifier: LGPL-3.0-or-later
from operator import eq, ge, gt, le, lt

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

# What core's invoice report takes unchanged from the invoice: record rules on these can be asked of it.
REPORT_FIELDS_OF_INVOICE = {
    "company_id", "fiscal_position_id", "invoice_date", "invoice_date_due", "invoice_user_id", "move_type",
    "partner_id", "payment_state", "state",
}
COMPARISONS = {"<": lt, "<=": le, "=": eq, ">=": ge, ">": gt}


class ResPartner(models.Model):
    """Core's own figures of a contact, the same to the øre, without reading the whole journal."""

    _inherit = "res.partner"

    def _asset_difference_search(self, account_type, operator, operand):
        """Partners by what is open on their receivable or payable accounts, as core finds them: only
        those with a posted item on an active account of the type, settled ones included."""
        if operator not in COMPARISONS or not isinstance(operand, (float, int)):
            return super()._asset_difference_search(account_type, operator, operand)
        accounts = self.env["account.account"].sudo().search(
            [("account_type", "=", account_type), ("active", "=", True)], order="id")
        items = SQL(
            "item.account_id IN %s AND item.company_id IN %s AND item.parent_state = 'posted'",
            accounts._ids or (0,), self._company_tree_ids(),
            to_flush=self._ledger_fields(
                "account_id", "amount_residual", "company_id", "parent_state", "partner_id"),
        )
        sign = 1 if account_type == "asset_receivable" else -1
        matches = SQL("%s * sum(item.amount_residual) %s %s", sign, SQL(operator), operand)
        settled_match = COMPARISONS[operator](0, operand)
        found = SQL(
            """SELECT item.partner_id FROM account_move_line item
                WHERE %s AND item.amount_residual <> 0 AND item.partner_id IS NOT NULL
                GROUP BY item.partner_id HAVING %s""",
            items,
            SQL("NOT (%s)", matches) if settled_match else matches,
        )

        def to_sql(model, alias, query):
            partner = SQL.identifier(alias, "id")
            if not settled_match:
                return SQL("%s IN (%s)", partner, found)
            return SQL(
                """(%(partner)s NOT IN (%(others)s) AND EXISTS (
                    SELECT FROM account_move_line item WHERE item.partner_id = %(partner)s AND %(items)s))""",
                partner=partner, others=found, items=items)

        return Domain.custom(to_sql=to_sql)

    def _invoice_total(self):
        """``total_invoiced``: what was invoiced and credited to these partners and those below them,
        without VAT, in the current company's currency, over all companies that the user has chosen.

        Core sums the lines of its invoice report. An invoice knows the sum of its lines; only the few
        lines that count in it and not in the report (cash rounding) are taken out again.
        """
        rule = self.env["ir.rule"]._compute_domain("account.invoice.report", "read")
        rule = Domain.TRUE if self.env.su else Domain(rule)
        if not self.ids or {leaf.field_expr for leaf in rule.iter_conditions()} - REPORT_FIELDS_OF_INVOICE:
            super()._invoice_total()
            return
        self.env["account.invoice.report"].check_access("read")
        totals = dict(self.env.execute_query(self._invoice_total_sql(rule)))
        for partner in self:
            partner.total_invoiced = totals.get(partner._origin.id, 0)

    def _invoice_total_sql(self, rule):
        """SELECT of ``root`` (the id of one of these partners) and what is invoiced to it and those below it.

        :param rule: what the user may see, as a domain on ``account.move``
        """
        visible = self.with_context(active_test=False)._search([])  # what record rules let the user see
        move = self.env["account.move"]
        moves = move.sudo()._search(rule & Domain("state", "not in", ["draft", "cancel"])
                                    & Domain("move_type", "in", ["out_invoice", "out_refund"]))
        return SQL(
            """
            WITH RECURSIVE family(root, id) AS (
                SELECT id, id FROM res_partner WHERE id IN %(roots)s
                UNION
                SELECT family.root, child.id FROM res_partner child JOIN family ON child.parent_id = family.id
            )
            SELECT root, sum(amount * rate)
              FROM (SELECT family.root, account_move.company_id, sum(amount_untaxed_signed) AS amount
                      FROM family JOIN account_move ON account_move.partner_id = family.id
                     WHERE %(visible)s AND %(moves)s
                     GROUP BY 1, 2
                    UNION ALL
                    SELECT family.root, account_move.company_id, sum(line.balance)
                      FROM family JOIN account_move ON account_move.partner_id = family.id
                      JOIN account_move_line line ON line.move_id = account_move.id
                     WHERE %(visible)s AND %(moves)s
                       AND line.tax_repartition_line_id IS NULL AND line.display_type IN
                           ('rounding', 'non_deductible_product', 'non_deductible_product_total')
                     GROUP BY 1, 2) part
              JOIN %(currency_table)s ON account_currency_table.company_id = part.company_id
             GROUP BY root""",
            roots=tuple(self.ids),
            visible=SQL("family.id IN %s", visible.subselect()) if visible.where_clause else SQL("TRUE"),
            moves=moves.where_clause,
            currency_table=self.env["res.currency"]._get_simple_currency_table(self.env.companies),
            to_flush=[
                *self._ledger_fields("balance", "display_type", "move_id", "tax_repartition_line_id"),
                *(move._fields[name] for name in ("amount_untaxed_signed", "company_id", "partner_id")),
                self._fields["parent_id"],
            ],
        )
