# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a customer's exposure is found by: the few documents that still count."""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    _customer_drafts_idx = models.Index("""(commercial_partner_id) INCLUDE (company_id)
        WHERE state = 'draft' AND move_type IN ('out_invoice', 'out_receipt', 'out_refund')""")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    _uninvoiced_idx = models.Index("""(partner_invoice_id)
        WHERE state = 'sale' AND (invoice_status <> 'invoiced' OR credit_payer_changed)""")
    _credit_hold_idx = models.Index("(partner_invoice_id) WHERE credit_state = 'hold'")
