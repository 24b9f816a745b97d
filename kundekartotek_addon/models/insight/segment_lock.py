# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .customer_metrics import ABC_CLASSES, PAYMENT_CLASSES, RFM_SEGMENTS


class KundekartotekSegmentLock(models.Model):
    """Classes that a person chose for a customer, with a reason, for a time or until it is lifted. The newest lock
    counts."""

    _name = "kundekartotek.segment.lock"
    _description = "Locked Class"
    _inherit = ["kundekartotek.audit.mixin"]
    _order = "id DESC"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade",
        domain="[('is_customer', '=', True)]")
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", default=lambda self: self.env.company.root_id)
    abc_class = fields.Selection(ABC_CLASSES, string="ABC")
    payment_class = fields.Selection(PAYMENT_CLASSES, string="Payment Behaviour")
    rfm_segment = fields.Selection(RFM_SEGMENTS, string="Segment")
    reason = fields.Char(required=True)
    expires = fields.Date(string="Until", help="The last day; empty: until the lock is lifted.")
    active = fields.Boolean(default=True)

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "partner_id", "company_id", "abc_class", "payment_class", "rfm_segment", "reason", "expires", "active"]

    @api.constrains("abc_class", "payment_class", "rfm_segment", "reason")
    def _check_class(self):
        for lock in self:
            if not (lock.abc_class or lock.payment_class or lock.rfm_segment):
                raise ValidationError(self.env._("Choose at least one class to lock."))

    @api.model_create_multi
    def create(self, vals_list):
        locks = super().create(vals_list)
        locks._classify_now()
        return locks

    def write(self, vals):
        result = super().write(vals)
        self._classify_now()
        return result

    def unlink(self):
        concerned = [(lock.company_id, lock.partner_id) for lock in self]
        result = super().unlink()
        for company, partner in concerned:
            self._classify_customers(company, partner)
        return result

    def _classify_now(self):
        for company, locks in self.grouped("company_id").items():
            self._classify_customers(company, locks.partner_id)

    @api.model
    def _classify_customers(self, company, partners):
        """Show the class at once, unless a job is writing classes just now: then it takes this one along. sudo:
        classes are written by the program."""
        self.flush_model()
        metrics = self.env["kundekartotek.customer.metrics"].sudo()
        commercial = partners.commercial_partner_id
        if metrics._lock():
            metrics._classify(company.root_id, commercial.ids)
        else:
            self.env["kundekartotek.metrics.dirty"]._note(commercial, company)
