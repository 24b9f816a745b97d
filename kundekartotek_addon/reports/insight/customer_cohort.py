# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.sheet import Column, Line

QUARTERS = 12


class CustomerCohort(models.Model):
    """New customers by the quarter of their first invoice, and how many of them still bought, and for how much, so
    many quarters later; the last three years."""

    _name = "kundekartotek.customer.cohort"
    _description = "Cohorts of New Customers"
    _inherit = ["kundekartotek.insight.source"]
    _auto = False
    _order = "cohort DESC, age, id"
    _rec_name = "cohort"
    _report_name = "cohorts"
    _table_records = "kundekartotek_addon.customer_cohort_action"
    _depends = {
        "account.move": [
            "amount_untaxed_signed", "commercial_partner_id", "company_id", "invoice_date", "move_type", "state"],
        "res.partner": ["commercial_partner_id"],
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    cohort = fields.Char(string="First Invoice", readonly=True)
    age = fields.Char(string="Quarters Later", readonly=True)
    customers = fields.Integer(readonly=True)
    revenue = fields.Monetary(currency_field="currency_id", readonly=True)

    @property
    def _table_query(self):
        day = self._day()
        return SQL(
            """
            SELECT min(b.id) AS id, b.partner_id, %(company)s AS company_id,
                   to_char(first, 'YYYY "Q"Q') AS cohort, to_char(b.number - first_number, 'FM00') AS age,
                   (count(*) FILTER (WHERE b.is_invoice) > 0)::int AS customers, sum(b.amount) AS revenue
              FROM (SELECT m.id, owner.commercial_partner_id AS partner_id, m.amount_untaxed_signed AS amount,
                           m.move_type <> 'out_refund' AS is_invoice,
                           extract(year FROM m.invoice_date)::int * 4 + extract(quarter FROM m.invoice_date)::int
                               AS number
                      FROM account_move m JOIN res_partner owner ON owner.id = m.commercial_partner_id
                     WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                       AND m.invoice_date <= %(day)s AND m.company_id IN %(companies)s) b
              JOIN (SELECT owner.commercial_partner_id AS partner_id, min(m.invoice_date) AS first,
                           extract(year FROM min(m.invoice_date))::int * 4
                               + extract(quarter FROM min(m.invoice_date))::int AS first_number
                      FROM account_move m JOIN res_partner owner ON owner.id = m.commercial_partner_id
                     WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_receipt')
                       AND m.invoice_date <= %(day)s AND m.company_id IN %(companies)s
                     GROUP BY owner.commercial_partner_id) buyer
                ON buyer.partner_id = b.partner_id AND b.number >= first_number
             WHERE first >= %(since)s
             GROUP BY b.partner_id, first, first_number, b.number""",
            company=self._entity().id, companies=self._companies(), day=day, since=self._since())

    @api.model
    def _since(self):
        """The first day of the oldest quarter."""
        day = self._day()
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1) - relativedelta(months=3 * (QUARTERS - 1))

    @api.model
    def _report_title(self, options):
        return self.env._("Cohorts of New Customers")

    @api.model
    def _table_note(self):
        return self.env._("+1 is the quarter after the first invoice: the share of the new customers who bought in it.")

    @api.model
    def _report_columns(self, options):
        return [
            Column(self.env._("First Invoice"), width=12), Column(self.env._("Customers"), "integer"),
            *(Column(f"+{number}", "percent", 7, noughts=True) for number in range(1, QUARTERS)),
            Column(self.env._("Revenue"), "money", digits=0)]

    @api.model
    def _report_rows(self, options):
        """A line per quarter: its new customers, and the share of them that bought so many quarters later."""
        figures, revenue = defaultdict(dict), defaultdict(float)
        for cohort, age, customers, amount in self._read_group(
                self._report_domain(options), ["cohort", "age"], ["customers:sum", "revenue:sum"]):
            figures[cohort][int(age)] = customers
            revenue[cohort] += amount
        for place, cohort in enumerate(self._cohorts()):
            ages = figures.get(cohort, {})
            first, lived = ages.get(0, 0), QUARTERS - 1 - place
            year, quarter = cohort.split(" Q")
            yield (self.env._("%(year)s Q%(quarter)s", year=year, quarter=quarter), first, *(
                ages.get(number, 0) / first if first and number <= lived else None for number in range(1, QUARTERS)),
                revenue[cohort])

    @api.model
    def _cohorts(self):
        days = (self._since() + relativedelta(months=3 * number) for number in range(QUARTERS))
        return [f"{day.year} Q{(day.month + 2) // 3}" for day in days]

    @api.model
    def _report_totals(self, options):
        [(revenue,)] = self._read_group(self._report_domain(options), [], ["revenue:sum"])
        [(customers,)] = self._read_group([*self._report_domain(options), ("age", "=", "00")], [], ["customers:sum"])
        yield Line((self.env._("Total"), customers or 0, *(None,) * (QUARTERS - 1), revenue or 0), "total")
