# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.aging import BASES, BUCKETS
from ...tools.sheet import Column, Line

FILTERS_SHOWN = 300  # characters of what the user had chosen


class Aging(models.Model):
    _inherit = "kundekartotek.aging"

    @api.model
    @api.readonly
    def action_take_away(self, kind, domain=(), filters=""):
        """Download these lines.

        :param kind: "xlsx" or "pdf"
        :param filters: what the domain says, in words
        """
        report, stamp = self.env["kundekartotek.report.aging"], self._aging_stamp()
        return report._download_report("pdf" if kind == "pdf" else "xlsx", {
            "date": fields.Date.to_string(stamp.day), "basis": stamp.basis, "domain": list(Domain(domain or [])),
            "filters": filters})


class AgingReport(models.AbstractModel):
    """The aged receivables as a workbook and on paper, with the same lines and figures as on the screen.

    Options: ``date``, ``basis``, ``domain`` of the lines wanted and ``filters``, the same in words.
    """

    _name = "kundekartotek.report.aging"
    _description = "Aged Receivables to Take Away"
    _inherit = ["kundekartotek.report.mixin"]
    _report_name = "aging"

    @api.model
    def _report_options(self, options):
        aging = self.env["kundekartotek.aging"].with_context(
            aging_date=options.get("date"), aging_basis=options.get("basis"))
        stamp, domain = aging._aging_stamp(), Domain(options.get("domain") or [])
        aging._search(domain)  # a ValueError of what it cannot be asked for
        return {
            "date": stamp.day, "basis": stamp.basis, "domain": list(domain),
            "filters": str(options.get("filters") or "")[:FILTERS_SHOWN],
        }

    @api.model
    def _aging(self, options):
        return self.env["kundekartotek.aging"].with_context(
            aging_date=fields.Date.to_string(options["date"]), aging_basis=options["basis"])

    @api.model
    def _report_title(self, options):
        return self.env._("Aged receivables %(date)s", date=self._notation().write(options["date"], None))

    @api.model
    def _report_heading(self, options):
        basis = dict(zip(BASES, (self.env._("By due date"), self.env._("By invoice date"))))
        heading = [
            *super()._report_heading(options), (self.env._("At the end of"), options["date"]),
            (self.env._("Aged"), basis[options["basis"]])]
        if options["filters"] or not Domain(options["domain"]).is_true():
            heading.append((self.env._("Only"), options["filters"] or str(options["domain"])))
        return heading

    @api.model
    def _several_companies(self):
        return len(self.env.companies) > 1

    @api.model
    def _amounts(self):
        described = self.env["kundekartotek.aging"].fields_get(attributes=["string"])
        names = ["not_due", *(name for name in BUCKETS if name in described), "unallocated", "total", "overdue"]
        return {name: described[name]["string"] for name in names}

    @api.model
    def _report_columns(self, options):
        company = [Column(self.env._("Company"), width=14)] if self._several_companies() else []
        return [
            Column(self.env._("Number"), width=10), Column(self.env._("Customer"), width=28), *company,
            *(Column(label, "money", 13, noughts=name == "total") for name, label in self._amounts().items()),
            Column(self.env._("Oldest due date"), "date", 12), Column(self.env._("Open items"), "integer", 8),
            Column(self.env._("Days overdue"), "integer", 8), Column(self.env._("Share"), "percent", 8),
        ]  # fmt: skip

    @api.model
    def _report_rows(self, options):
        """The lines in the order of their companies and the customers' names."""
        aging = self._aging(options)
        query = aging._search(options["domain"], order="company_id, partner_id, id")
        names = ["customer_ref", "partner_name", *(["company_name"] if self._several_companies() else []),
                 *self._amounts(), "oldest_due_date", "open_item_count", "average_days_overdue", "share"]
        nobody = self.env._("Without customer")
        for ref, name, *values in self._stream(query.select(*(
                aging._field_to_sql(aging._table, name, query) for name in names))):
            yield (ref, name or nobody, *values)

    @api.model
    def _report_totals(self, options):
        """The sum of what is listed, then all there is beside the ledger."""
        aging, first = self._aging(options), 3 if self._several_companies() else 2
        amounts = list(self._amounts())
        rows = aging._read_group(options["domain"], ["company_id"], [f"{name}:sum" for name in amounts])
        for company, *sums in rows:
            label = self.env._("Total")
            yield Line((None, label, *([company.name] if first == 3 else []), *sums), "total")
        before = [None] * (first + amounts.index("total"))
        yield Line((self.env._("Tie-out with the ledger"),), "heading")
        for row in aging.tie_out():
            where = f" {row['company']}" if first == 3 else ""
            for label, amount in (
                (self.env._("Receivables in all"), row["total"]),
                (self.env._("Balance of the receivable accounts"), row["ledger"]),
                (self.env._("Difference"), row["difference"]),
            ):
                yield Line((None, label + where, *before[2:], amount), "heading")
            for text in row["explanation"]:
                yield Line((None, text), "heading")
