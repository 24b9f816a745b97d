# SPDX-License-Identifier: LGPL-3.0-or-later
"""Customers leave the system in files by those with the right only, where the company has switched that on."""

from itertools import pairwise

from odoo import models
from odoo.exceptions import AccessError
from odoo.http import request

NAMES = {"id", ".id", "name", "display_name"}  # of a customer, in a list of something else


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        if not self.env.su and self._exports_customers(fields_to_export):
            self.env["res.partner"]._check_customer_export()
        return super().export_data(fields_to_export)

    def _exports_customers(self, paths):
        """Whether these records are customers, or these paths lead to more of one than its name."""
        if self._name in ("res.partner", "res.partner.bank"):
            partners = self if self._name == "res.partner" else self.partner_id
            return any(rank > 0 for rank in partners.sudo().commercial_partner_id.mapped("customer_rank"))
        return any(self._reaches_customer(path.replace(".id", "id").split("/")) for path in paths)

    def _reaches_customer(self, path):
        model = self
        for step, after in pairwise(path):
            field = model._fields.get(step)
            if field is None or not field.comodel_name:
                return False
            model = self.env[field.comodel_name]
            if model._name in ("res.partner", "res.partner.bank") and after not in NAMES:
                return True
        return False


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _check_customer_export(self):
        """:raise AccessError: where the user may not take customers out of the system"""
        user = self.env.user
        restricted = any(user.sudo().company_ids.mapped("customer_export_restricted"))
        if restricted and not user.has_group("kundekartotek_addon.group_customer_export"):
            raise AccessError(
                self.env._(
                    "Only those with the right 'Export Customers' may export customers here. "
                    "An administrator gives it under Settings → Users."
                )
            )
        if restricted:
            user._check_two_factor(self.env._("Export of customers"))

    def _format_web_search_read_results(self, domain, records, offset=0, limit=None, count_limit=None):
        """Odoo gives lists as files under /json/1/ too, where that is switched on."""
        if request and request.httprequest.path.startswith("/json/1/"):
            self._check_customer_export()
        return super()._format_web_search_read_results(domain, records, offset, limit, count_limit)

    def _get_vcard_file(self):
        if any(rank > 0 for rank in self.sudo().commercial_partner_id.mapped("customer_rank")):
            self._check_customer_export()
        return super()._get_vcard_file()
