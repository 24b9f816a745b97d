# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may do what, and how the program is set up: recorded like the customers themselves."""

from odoo import api, models
from odoo.tools import SQL


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["res.users", "kundekartotek.audit.mixin"]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "login",
            "active",
            "share",
            "company_id",
            "company_ids",
            "group_ids",
        ]

    def _audit_name(self):
        return SQL("(SELECT name FROM res_partner WHERE id = t.partner_id)")

    @api.model
    def _audit_customer(self, alias):
        return SQL("NULL::integer")


class ResGroups(models.Model):
    _name = "res.groups"
    _inherit = ["res.groups", "kundekartotek.audit.mixin"]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["name", "user_ids", "implied_ids"]


class IrDefault(models.Model):
    """Values that apply where a customer has none of its own, such as the credit limit."""

    _name = "ir.default"
    _inherit = ["ir.default", "kundekartotek.audit.mixin"]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["field_id", "json_value", "company_id", "user_id"]


class IrConfigParameter(models.Model):
    """Only our own parameters: others' may hold passwords."""

    _name = "ir.config_parameter"
    _inherit = ["ir.config_parameter", "kundekartotek.audit.mixin"]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["key", "value"]

    def _audit_rows(self, ids, names):
        return [
            row for row in super()._audit_rows(ids, names) if (row["name"] or "").startswith("kundekartotek")
        ]
