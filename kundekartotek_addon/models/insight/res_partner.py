# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.brreg_unit import ESTATES, PERSONS, SUB_UNITS
from .customer_metrics import ABC_CLASSES, PAYMENT_CLASSES, RFM_SEGMENTS

READERS = "kundekartotek_addon.group_reader"
# {field of the customer: column of its metrics}
SHOWN = {
    "customer_abc_class": "abc_class", "customer_payment_class": "payment_class",
    "customer_segment": "rfm_segment", "customer_revenue_12m": "revenue_12m",
    "customer_revenue_prev_12m": "revenue_prev_12m", "customer_margin_12m": "margin_12m",
    "customer_claim_count": "claim_count", "customer_days_to_pay": "days_to_pay", "customer_days_late": "days_late",
    "customer_share_late": "share_late",
    "customer_dso": "dso", "customer_last_purchase": "last_purchase",
}  # fmt: skip


def by_sql(name):
    """The search of a field that is not stored but that ``_field_to_sql`` knows: as it stands."""
    return lambda self, operator, value: fields.Domain(name, operator, value)


def defined(name):
    """The same of a figure that not every customer has: who has none is not found, as if it were 0."""
    def search(self, operator, value):
        return fields.Domain.custom(to_sql=lambda model, alias, query: SQL(
            "(%s IS NOT NULL AND %s)", model._field_to_sql(alias, name, query),
            self._fields[name].condition_to_sql(name, operator, value, model, alias, query)))

    return search


def shown(cls, name, **kwargs):
    """A column of the metrics, on the customer. Averages cannot be added up."""
    if cls is fields.Float:
        kwargs = {"search": defined(name), "aggregator": None, **kwargs}
    return cls(compute="_compute_metrics", compute_sudo=True, groups=READERS, **{"search": by_sql(name), **kwargs})


class ResPartner(models.Model):
    """A customer's metrics in the current company's legal entity, for lists, filters and the card. Contacts show
    their company's."""

    _inherit = "res.partner"

    customer_metrics_id = fields.Many2one(
        "kundekartotek.customer.metrics", string="Metrics", compute="_compute_metrics", compute_sudo=True,
        groups=READERS)
    customer_abc_class = shown(fields.Selection, "customer_abc_class", selection=ABC_CLASSES, string="ABC")
    customer_payment_class = shown(
        fields.Selection, "customer_payment_class", selection=PAYMENT_CLASSES, string="Payment Behaviour")
    customer_segment = shown(fields.Selection, "customer_segment", selection=RFM_SEGMENTS, string="Segment")
    customer_revenue_12m = shown(
        fields.Monetary, "customer_revenue_12m", string="Revenue 12 Months", currency_field="customer_currency_id")
    customer_revenue_prev_12m = shown(
        fields.Monetary, "customer_revenue_prev_12m", string="Revenue Year Before",
        currency_field="customer_currency_id")
    customer_margin_12m = shown(
        fields.Monetary, "customer_margin_12m", string="Margin 12 Months", currency_field="customer_currency_id")
    customer_claim_count = shown(fields.Integer, "customer_claim_count", string="Claims Paid or Overdue")
    customer_days_to_pay = shown(fields.Float, "customer_days_to_pay", string="Days to Pay", digits=(16, 1))
    customer_days_late = shown(fields.Float, "customer_days_late", string="Days Late", digits=(16, 1))
    customer_share_late = shown(fields.Float, "customer_share_late", string="Share Late")
    customer_class_why = fields.Text(
        string="Why These Classes", compute="_compute_class_why", compute_sudo=True, groups=READERS)
    customer_dso = shown(fields.Float, "customer_dso", string="DSO", digits=(16, 1))
    customer_last_purchase = shown(fields.Date, "customer_last_purchase", string="Last Purchase")

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_metrics(self):
        rows = self.env["kundekartotek.customer.metrics"].search_fetch([
            ("partner_id", "in", self.commercial_partner_id.ids), ("company_id", "=", self.env.company.root_id.id)])
        row_of = {row.partner_id.id: row for row in rows}
        for partner in self:
            row = row_of.get(partner.commercial_partner_id._origin.id, rows.browse())
            partner.customer_metrics_id = row
            for name, column in SHOWN.items():
                partner[name] = row[column]

    @api.depends("customer_metrics_id")
    @api.depends_context("company", "lang")
    def _compute_class_why(self):
        for partner in self:
            row = partner.customer_metrics_id
            partner.customer_class_why = "\n".join(filter(None, (row.abc_why, row.payment_why, row.rfm_why)))

    def action_open_metrics(self):
        self.ensure_one()
        self.check_access("read")
        return self.customer_metrics_id._get_form_action()

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the ORM compare, sort, group and sum the metrics as if they were columns; they are joined once."""
        if field_expr not in SHOWN:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        if query is None:
            return SQL(
                "(SELECT %s FROM kundekartotek_customer_metrics WHERE partner_id = %s AND company_id = %s)",
                SQL.identifier(SHOWN[field_expr]), super()._field_to_sql(alias, "commercial_partner_id"),
                self.env.company.root_id.id)
        metrics = query.make_alias(alias, "customer_metrics")
        query.add_join("LEFT JOIN", metrics, "kundekartotek_customer_metrics", SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(metrics, "partner_id"), super()._field_to_sql(alias, "commercial_partner_id", query),
            SQL.identifier(metrics, "company_id"), self.env.company.root_id.id))
        return SQL.identifier(metrics, SHOWN[field_expr])

    def _is_natural_person(self):
        """Whether a decision on this customer may be one on a natural person: a consumer, a sole proprietor, or a
        business of which the register does not tell that it is anything else. Its name does not tell either: it
        may hold a surname like Ba."""
        self.ensure_one()
        partner = self.commercial_partner_id
        if not partner.is_company or partner.customer_type == "consumer":
            return True
        number = partner._get_organisation_number()
        entry = self.env["kundekartotek.register.entry"]._of_numbers([number]).get(number)
        if entry and entry.legal_form:
            return entry.legal_form in (*PERSONS, *ESTATES, *SUB_UNITS)
        return partner.customer_type != "public"
