# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.tools import email_normalize


class AccountMoveSend(models.AbstractModel):
    """Core's way of sending invoices, one by one or in batches, uses the customer's invoice address."""

    _inherit = "account.move.send"

    @api.model
    def _get_default_mail_partner_ids(self, move, mail_template, mail_lang):
        partners = super()._get_default_mail_partner_ids(move, mail_template, mail_lang)
        if move.is_sale_document(include_receipts=True) and (recipient := self._get_invoice_recipient(move)):
            partners = (partners - move.partner_id - move.commercial_partner_id) | recipient
        return partners

    @api.model
    def _get_alerts(self, moves, moves_data):
        """Core warns of customers without an e-mail address in a batch; an invoice address will do."""
        alerts = super()._get_alerts(moves, moves_data)
        if len(moves) > 1 and (alert := alerts.get("account_missing_email")):
            missing = moves.filtered(
                lambda move: (
                    "email" in moves_data[move]["sending_methods"]
                    and not move.partner_id.email
                    and not moves_data[move].get("mail_partner_ids")
                )
            ).partner_id
            if missing:
                alert["action"] = missing._get_records_action(name=alert["action"]["name"])
            else:
                del alerts["account_missing_email"]
        return alerts

    @api.model
    def _get_invoice_recipient(self, move):
        """The partner that gets this invoice instead of the one it is addressed to; empty: core's choice."""
        customer, commercial = move.partner_id, move.commercial_partner_id
        email = customer.invoice_email or commercial.invoice_email
        if not email:
            return customer._get_invoice_contact()
        # Core sends to partners, not to addresses: an address gets a contact of its own below the customer.
        return move._partner_find_from_emails_single(
            [email],
            filter_found=lambda partner: partner.commercial_partner_id == commercial,
            additional_values={email_normalize(email): {"parent_id": commercial.id, "type": "other"}},
        )
