# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """While two customers with one number are being merged, both still have it."""
        unchecked = {"no_organisation_number_check": True, "no_vat_validation": True}
        dst_partner = dst_partner and dst_partner.with_context(**unchecked)
        merge = super(BasePartnerMergeAutomaticWizard, self.with_context(**unchecked))._merge
        return merge(partner_ids, dst_partner, extra_checks)
