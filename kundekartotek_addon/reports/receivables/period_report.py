# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

from odoo import api, models
from odoo.tools import format_date

from ...tools.sheet import Line


class PeriodReport(models.AbstractModel):
    """A report on the customers' ledger of a period: its options, its heading, and the line that shows that it
    equals the general ledger."""

    _name = "kundekartotek.period.report"
    _description = "Report on a Period"
    _inherit = ["kundekartotek.report.mixin", "kundekartotek.ledger.period"]

    @api.model
    def _report_options(self, options):
        date_from, date_to = self._period(options.get("date_from"), options.get("date_to"))
        ids = [id_ for id_ in options.get("partner_ids") or () if isinstance(id_, int)]
        partners = self.env["res.partner"].with_context(active_test=False).search([("id", "in", ids)])
        return {
            "date_from": date_from,
            "date_to": date_to,
            "partner_ids": partners.commercial_partner_id.ids,
            "chosen": bool(ids),
            "sums": {},  # {company id: opening, debit, credit, closing} of what has been written
        }

    @api.model
    def _report_subject(self, options):
        return self.env["res.partner"].browse(options["partner_ids"])

    @api.model
    def _report_heading(self, options):
        company, *rest = super()._report_heading(options)
        first, last = (format_date(self.env, options[name]) for name in ("date_from", "date_to"))
        return [company, (self.env._("Period"), f"{first} – {last}"), *rest]

    @api.model
    def _totals_query(self, options):
        # An id that nobody has, where customers were asked for and none may be seen.
        return self._period_totals_sql(
            options["date_from"], options["date_to"],
            (options["partner_ids"] or [0]) if options["chosen"] else None)

    @api.model
    def _add_up(self, options, company_id, amounts):
        """Add a customer's opening balance, debit, credit and closing balance to its company's. Decimals of
        what PostgreSQL gave as floats: a sum of thousands must be right to the øre."""
        amounts = (Decimal(str(amount)) for amount in amounts)
        options["sums"][company_id] = [
            total + amount for total, amount in zip(options["sums"].get(company_id, (0, 0, 0, 0)), amounts)]

    @api.model
    def _tie_out_lines(self, options, closing, width):
        """The balance of the receivable accounts beside the sum of a report, per company.

        :param closing: {company id: sum of the closing balances}
        :param width: number of columns; the amounts go in the last one
        :return: list of ``Line``; none where the report is on some customers only
        """
        if options["chosen"]:
            return []
        ledger = self._general_ledger(options["date_to"])
        day = format_date(self.env, options["date_to"])
        lines = []
        for company in self.env.companies.filtered(lambda company: company.id in {**ledger, **closing}):
            booked, shown = (Decimal(str(sums.get(company.id, 0))) for sums in (ledger, closing))
            for text, amount in (
                (self.env._("Receivable accounts in the general ledger of %(company)s, %(day)s",
                            company=company.name, day=day), booked),
                (self.env._("Difference"), shown - booked),
            ):
                lines.append(Line((text, *[None] * (width - 2), amount), "heading"))
        return lines
