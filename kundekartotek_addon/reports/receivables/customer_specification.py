# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.tools import SQL

from ...models.receivables.account_index import is_ledger_item
from ...tools.sheet import Column, Line


class CustomerSpecification(models.AbstractModel):
    """The customer specification (kundespesifikasjon) of bokføringsforskriften § 3-1 no. 3: for each customer with
    its code and name, all postings of a period in order, with date of documentation and reference, between its
    opening and its closing balance; and when it was prepared."""

    _name = "kundekartotek.customer.specification"
    _description = "Customer Specification"
    _inherit = ["kundekartotek.period.report"]
    _report_name = "customer-specification"

    @api.model
    def _report_title(self, options):
        return self.env._("Customer Specification")

    @api.model
    def _report_columns(self, options):
        return [
            Column(self.env._("Date"), "date"), Column(self.env._("Voucher"), width=17),
            Column(self.env._("Document Date"), "date", width=12), Column(self.env._("Text"), width=26),
            Column(self.env._("Reference"), width=20), Column(self.env._("Due Date"), "date"),
            Column(self.env._("Debit"), "money"), Column(self.env._("Credit"), "money"),
            Column(self.env._("Balance"), "money", noughts=True)]

    @api.model
    def _report_rows(self, options):
        """The customers in the order of their codes, each with its postings in the order of their dates."""
        customer = closing = None
        several = len(self.env.companies) > 1
        for key, number, name, totals, posting in self._postings(options):
            if key != customer:
                if customer:
                    yield self._closing_line(closing)
                company_id, _partner_id = key
                if several and (not customer or customer[0] != company_id):
                    yield Line((self.env["res.company"].browse(company_id).name,), "heading")
                customer, closing = key, totals
                self._add_up(options, company_id, totals)
                yield Line((" ".join(filter(None, (number, name or self.env._("No customer")))),), "heading")
                yield (None, self.env._("Opening balance"), *[None] * 6, totals[0])
            if posting[0]:
                *texts, amount, balance = posting
                yield (*texts, amount if amount > 0 else None, -amount if amount < 0 else None, balance)
        if customer:
            yield self._closing_line(closing)

    @api.model
    def _postings(self, options):
        """Yield ((company id, customer id), code, name, totals, posting) in the order of the report; a customer
        without postings comes once, with an empty one."""
        for company_id, partner_id, number, name, opening, debit, credit, closing, *posting in self._stream(SQL(
            """
            SELECT total.company_id, total.partner_id, customer.ref, customer.complete_name, total.opening,
                   total.debit, total.credit, total.closing, posting.date, posting.move_name, posting.document_date,
                   posting.name, posting.reference, posting.due_date, posting.balance,
                   total.opening + sum(posting.balance) OVER (
                       PARTITION BY total.company_id, total.partner_id ORDER BY posting.date, posting.id) AS running
              FROM (%(totals)s) total
              LEFT JOIN res_partner customer ON customer.id = total.partner_id
              LEFT JOIN (
                    SELECT item.id, item.company_id, owner.commercial_partner_id AS partner_id, item.date,
                           item.move_name, coalesce(item.invoice_date, item.date) AS document_date, item.name,
                           coalesce(move.payment_reference, item.ref) AS reference, item.date_maturity AS due_date,
                           item.balance
                      FROM account_move_line item
                      JOIN account_move move ON move.id = item.move_id
                      LEFT JOIN res_partner owner ON owner.id = item.partner_id
                     WHERE item.account_id IN %(accounts)s AND item.company_id = ANY(%(companies)s)
                       AND item.date BETWEEN %(date_from)s AND %(date_to)s AND %(is_ledger_item)s) posting
                ON posting.company_id = total.company_id
               AND coalesce(posting.partner_id, 0) = coalesce(total.partner_id, 0)
             ORDER BY total.company_id, customer.ref, customer.complete_name, total.partner_id, posting.date,
                      posting.id""",
            totals=self._totals_query(options), accounts=self.env["res.partner"]._receivable_account_ids(),
            companies=self.env.companies.ids, date_from=options["date_from"], date_to=options["date_to"],
            is_ledger_item=is_ledger_item(SQL("item")),
        )):
            yield (company_id, partner_id), number, name, (opening, debit, credit, closing), posting

    @api.model
    def _closing_line(self, totals):
        _opening, debit, credit, closing = totals
        return Line((None, self.env._("Closing balance"), *[None] * 4, debit, credit, closing), "total")

    @api.model
    def _report_totals(self, options):
        sums = options["sums"]
        for company in self.env.companies.filtered(lambda company: company.id in sums):
            opening, debit, credit, closing = sums[company.id]
            yield Line((self.env._("All customers of %(company)s: opening balance", company=company.name),
                        *[None] * 7, opening), "heading")
            yield Line((self.env._("All customers of %(company)s: closing balance", company=company.name),
                        *[None] * 5, debit, credit, closing), "total")
        yield from self._tie_out_lines(
            options, {company_id: each[3] for company_id, each in sums.items()}, 9)
