# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Merging moves the documents in plain SQL: whoever is left is measured anew."""
        queue, partners = self.env["kundekartotek.metrics.dirty"], self.env["res.partner"].browse(partner_ids)
        partners |= partners.exists().commercial_partner_id
        queue._note(partners)
        self.env["kundekartotek.customer.metrics"]._drop(partners)
        return super()._merge(partner_ids, dst_partner, extra_checks)
