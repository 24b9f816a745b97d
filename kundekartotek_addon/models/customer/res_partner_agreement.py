# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """The agreements of a customer: its own, and those of its category."""

    _inherit = "res.partner"

    agreement_count = fields.Integer(
        compute="_compute_agreement_count",
        groups="kundekartotek_addon.group_reader",
        help="Agreements of the customer and of its category, in force or not.",
    )

    def _compute_agreement_count(self):
        for partner in self:
            partner.agreement_count = self.env["kundekartotek.agreement"].search_count(
                partner._get_agreement_domain()
            )

    def _get_agreement_domain(self):
        self.ensure_one()
        customer = self.commercial_partner_id
        return Domain("partner_id", "in", customer.ids) | Domain(
            "category_id", "parent_of", customer.sudo().customer_category_id.ids
        )

    def action_view_agreements(self):
        self.ensure_one()
        self.check_access("read")
        self.env["kundekartotek.agreement"].check_access("read")  # the domain names the customer's category
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "kundekartotek_addon.kundekartotek_agreement_action"
            ),
            "domain": list(self._get_agreement_domain()),
            "context": {"default_partner_id": self.commercial_partner_id.id},
        }
