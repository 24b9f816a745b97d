# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the live figures of a customer are found by.

Odoo has no index that leads from a customer to its invoices, open items or payments, so its own contact
form reads the whole journal. An existing database can create these beforehand with ``CREATE INDEX
CONCURRENTLY`` under the same name; installing then keeps what is there and locks nothing.
"""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    # Every column that core's days sales outstanding asks for, so that it need not visit the invoices.
    _customer_invoices_idx = models.Index("""(commercial_partner_id, invoice_date)
        INCLUDE (company_id, state, amount_total_signed)
        WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')""")


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # Revenue and tax lines are never reconciled and have no residual: they stay outside. A rest may be in the item's
    # currency alone, being less than an øre.
    _open_items_idx = models.Index("""(account_id, partner_id)
        INCLUDE (company_id, date_maturity, date, amount_residual, id, move_id, currency_id,
                 amount_residual_currency, invoice_date)
        WHERE parent_state = 'posted' AND (amount_residual <> 0 OR amount_residual_currency <> 0)""")
    # Credits on accounts that are reconciled: payments and credit notes, never the lines of an invoice.
    _credited_items_idx = models.Index("""(partner_id, date)
        WHERE parent_state = 'posted' AND balance < 0
          AND (matching_number IS NOT NULL OR amount_residual <> 0)""")
    # Nearly empty: what an invoice's untaxed amount holds beside its product lines.
    _rounding_items_idx = models.Index("""(move_id)
        WHERE display_type IN ('rounding', 'non_deductible_product', 'non_deductible_product_total')""")


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    # What was matched after a date: nothing today, and a little more the longer ago.
    _matched_later_idx = models.Index("""(max_date)
        INCLUDE (debit_move_id, credit_move_id, amount, debit_amount_currency, credit_amount_currency)""")


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Whose items are another's: the few that a bank transaction may be booked on beside the customer.
    _contacts_idx = models.Index("(id) INCLUDE (commercial_partner_id) WHERE commercial_partner_id <> id")
