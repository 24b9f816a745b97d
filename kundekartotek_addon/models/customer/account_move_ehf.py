# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models

BUILDER, METHOD = "account.edi.xml.ubl_21", "_add_invoice_header_nodes"


class AccountMove(models.Model):
    """The buyer's reference in EHF (Peppol BIS Billing, BT-10), where core writes the customer number.

    Electronic invoicing is a module that this one does not depend on and cannot inherit from, so its builder is
    extended when the registry is ready and it is there, as core's automation rules extend models.
    """

    _inherit = "account.move"

    def _register_hook(self):
        super()._register_hook()
        if BUILDER in self.env:
            builder = type(self.env[BUILDER])
            original = getattr(builder, METHOD)

            def with_buyer_reference(self, document_node, vals):
                original(self, document_node, vals)
                if reference := vals["invoice"].buyer_reference:
                    document_node["cbc:BuyerReference"] = {"_text": reference}

            setattr(builder, METHOD, with_buyer_reference)

    def _unregister_hook(self):
        super()._unregister_hook()
        if BUILDER in self.env and METHOD in vars(type(self.env[BUILDER])):
            delattr(type(self.env[BUILDER]), METHOD)
