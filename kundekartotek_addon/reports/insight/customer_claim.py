# SPDX-License-Identifier: LGPL-3.0-or-later
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...models.insight.customer_metrics_sql import PAYING_DEPENDS
from ...tools.sheet import Column, Line

MONTHS = 24
# Key, label, first day late; a claim belongs to the last one that begins before its days.
LATENESS = [
    ("0", "Before it is due", None), ("1", "In time", 0), ("2", "1-7 days late", 1), ("3", "8-14 days late", 8),
    ("4", "15-30 days late", 15), ("5", "31-60 days late", 31), ("6", "More than 60 days late", 61)]


class CustomerClaim(models.Model):
    """How each claim of the last 24 months was paid, and each that is overdue and open, however old: the measures of
    payment behaviour one by one, from the statement of the metrics. What is not due yet is not here."""

    _name = "kundekartotek.customer.claim"
    _description = "Payment Analysis"
    _inherit = ["kundekartotek.insight.source"]
    _auto = False
    _order = "paid_date DESC, id DESC"
    _rec_name = "move_id"
    _report_name = "payment-analysis"
    _table_records = "kundekartotek_addon.customer_claim_action"
    _depends = PAYING_DEPENDS

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_category_id = fields.Many2one(related="partner_id.customer_category_id", string="Category")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    invoice_date = fields.Date(readonly=True)
    due_date = fields.Date(readonly=True, help="Moved to the next business day.")
    paid_date = fields.Date(string="Paid", readonly=True, help="The last payment; today where it is open and overdue.")
    is_open = fields.Boolean(string="Open", readonly=True)
    is_late = fields.Boolean(string="Late", readonly=True)
    amount = fields.Monetary(currency_field="currency_id", readonly=True)
    days_to_pay = fields.Float(readonly=True, digits=(16, 1), aggregator="avg")
    days_late = fields.Float(readonly=True, digits=(16, 1), aggregator="avg")
    lateness = fields.Selection([(key, label) for key, label, _first in LATENESS], string="Days Late by Group",
                                readonly=True)

    @property
    def _table_query(self):
        """The claims that the measures add up: those that are open, and those settled in the last months."""
        day, metrics = self._day(), self.env["kundekartotek.customer.metrics"]
        parts = metrics._measure_parts(self._entity(), day, None)
        group = SQL("CASE %s ELSE '0' END", SQL(" ").join(
            SQL("WHEN round(late.days) >= %s THEN %s", first, key)
            for key, _label, first in reversed(LATENESS) if first is not None))
        return SQL(
            """
            WITH %(parts)s
            SELECT decided.id, decided.partner_id, %(company)s AS company_id, item.move_id,
                   decided.invoiced AS invoice_date, decided.due AS due_date,
                   CASE WHEN decided.open > 0 THEN %(day)s ELSE last_paid END AS paid_date,
                   decided.open > 0 AS is_open, is_late, round(amount::numeric, 2) AS amount,
                   late.days + term AS days_to_pay, late.days AS days_late, %(group)s AS lateness
              FROM decided
              JOIN account_move_line item ON item.id = decided.id
             CROSS JOIN LATERAL (SELECT days_amount / nullif(amount, 0) - term AS days) late
             WHERE decided.open > 0 OR last_paid > %(first)s""",
            parts=SQL(", ").join(SQL("%s AS (%s)", SQL.identifier(name), parts[name]) for name in (
                "moved", "item", "lost", "settled", "paid", "claim", "decided")),
            company=self._entity().id, day=day, first=day - relativedelta(months=MONTHS), group=group)

    @api.model
    def _report_title(self, options):
        return self.env._("Payment Analysis")

    @api.model
    def _table_note(self):
        return self.env._("Late counts from the next business day. What is open and overdue counts as paid today.")

    @api.model
    def _report_columns(self, options):
        names = dict(self._fields["lateness"]._description_selection(self.env))
        return [
            Column(self.env._("Customer"), width=32), Column(self.env._("Claims"), "integer"),
            Column(self.env._("Late"), "integer"), Column(self.env._("Days to Pay"), "money", 15, 1),
            Column(self.env._("Days Late"), "money", 9, 1),
            Column(self.env._("Days Late, Year Before"), "money", 9, 1),
            *(Column(names[key], "integer") for key, _label, _first in LATENESS)]

    @api.model
    def _report_rows(self, options):
        """A line per customer: how many claims, how late, and the year before; then how many in each group."""
        domain, year = self._report_domain(options), self._day() - relativedelta(years=1)
        recent = [*domain, ("paid_date", ">", year)]
        before = dict(self._read_group([*domain, ("paid_date", "<=", year)], ["partner_id"], ["days_late:avg"]))
        late = dict(self._read_group([*recent, ("is_late", "=", True)], ["partner_id"], ["__count"]))
        groups = {(partner, group): count for partner, group, count in self._read_group(
            recent, ["partner_id", "lateness"], ["__count"])}
        rows = self._read_group(recent, ["partner_id"], ["__count", "days_to_pay:avg", "days_late:avg"])
        for partner, count, to_pay, days_late in sorted(rows, key=lambda row: -(row[3] or 0)):
            yield (partner.display_name, count, late.get(partner, 0), to_pay, days_late, before.get(partner),
                   *(groups.get((partner, key), 0) for key, _label, _first in LATENESS))

    @api.model
    def _report_totals(self, options):
        recent = [*self._report_domain(options), ("paid_date", ">", self._day() - relativedelta(years=1))]
        [(count, to_pay, days_late)] = self._read_group(recent, [], ["__count", "days_to_pay:avg", "days_late:avg"])
        groups = dict(self._read_group(recent, ["lateness"], ["__count"]))
        yield Line((
            self.env._("Total"), count, self.search_count([*recent, ("is_late", "=", True)]), to_pay, days_late, None,
            *(groups.get(key, 0) for key, _label, _first in LATENESS)), "total")
