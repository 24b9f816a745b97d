# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError
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

    @api.constrains("parent_id", "is_company")
    def _check_own_agreements(self):
        """Prices agreed on with a customer must not end unsaid when it becomes a contact of another. sudo: whoever
        places it there may not be allowed to read agreements, and is told of none but that they are."""
        contacts = self.filtered(lambda partner: partner.commercial_partner_id != partner)
        agreements = self.env["kundekartotek.agreement"].sudo().search(
            [("partner_id", "in", contacts.ids), ("state", "!=", "expired")])
        for contact in agreements.partner_id:
            raise ValidationError(self.env._(
                "%(contact)s has a discount agreement of its own, which would no longer count as a contact of "
                "%(customer)s. Make it an agreement with %(customer)s, or end it, first.",
                contact=contact.name, customer=contact.commercial_partner_id.display_name))

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
