# SPDX-License-Identifier: LGPL-3.0-or-later
from itertools import pairwise

from odoo import fields, models

from ...tools.aging import BUCKETS


class Statement(models.Model):
    """What a statement says: the customer's items, by the currency they are in, and how old they are: as of its day,
    whenever it is rendered."""

    _inherit = "kundekartotek.statement"

    def _content(self):
        """:return: dict for the document: ``sections``, one per currency, the company's own first"""
        self.ensure_one()
        self.check_access("read")
        # In a job there is no user with companies of its own.
        statement = self.with_company(self.company_id).with_context(lang=self._lang())
        sections = statement._open_sections() if self.kind == "open" else statement._movement_sections()
        own = self.company_id.currency_id
        sections.sort(key=lambda section: (section["currency"] != own, section["currency"].name))
        return {"sections": sections, "heads": statement._bucket_heads(), "bank": statement._bank_account()}

    def _entries(self, domain):
        """The customer's entries in the company and its branches, oldest first."""
        return self._ledger().search(self._entries_domain() + domain, order="date, id")

    def _ledger(self):
        """As superuser: a statement holds all of the customer's entries, whoever sends it."""
        return self.env["kundekartotek.ledger.entry"].sudo()

    def _entries_domain(self):
        return [("partner_id", "=", self.partner_id.id), ("company_id", "in", self._company_ids()),
                ("date", "<=", self.date)]

    def _company_ids(self):
        return list(self.env["res.partner"].with_company(self.company_id)._company_tree_ids())

    def _open_items(self):
        """The customer's open items at the end of the day, as in the aging, in the order they fall due."""
        items = self.env["kundekartotek.aging.item"].sudo().with_context(
            aging_date=fields.Date.to_string(self.date), aging_basis="due",
            allowed_company_ids=self._company_ids()).with_company(self.company_id)
        return items.search([("partner_id", "=", self.partner_id.id)])

    def _open_sections(self):
        """What was open, by currency."""
        sections, items = {}, self._open_items()
        for item, entry in zip(items, self._ledger().browse(items.move_line_id.ids), strict=True):
            currency, amount, residual = self._in_document_currency(item, entry)
            section = sections.setdefault(currency, self._section(currency))
            section["lines"].append({
                **self._describe(entry), "amount": amount, "residual": residual,
                "days": item.days_overdue if item.days_overdue > 0 and residual > 0 else None})
            section["total"] = currency.round(section["total"] + residual)
            self._add_to_bucket(section, item.bucket, residual)
        return list(sections.values())

    def _movement_sections(self):
        """Every movement of the period, by currency, between opening and closing balance."""
        first = self.date_from or self.date
        before = self._ledger()._read_group(
            self._entries_domain() + [("date", "<", first)], ["currency_id"], ["amount_currency:sum"])
        sections = {currency: self._section(currency) | {"opening": amount, "total": amount}
                    for currency, amount in before}
        for entry in self._entries([("date", ">=", first)]):
            section = sections.setdefault(entry.currency_id, self._section(entry.currency_id))
            section["total"] = entry.currency_id.round(section["total"] + entry.amount_currency)
            section["lines"].append({
                **self._describe(entry), "amount": entry.amount_currency, "balance": section["total"]})
        for item in self._open_items():
            self._add_to_bucket(sections[item.currency_id], item.bucket, item.residual_currency)
        return [section for section in sections.values() if section["lines"] or section["total"]]

    def _section(self, currency):
        return {"currency": currency, "opening": 0, "total": 0, "lines": [],
                "buckets": [0] * (len(self._limits()) + 3)}

    def _in_document_currency(self, item, entry):
        """(currency, amount, open amount); what is left of an item in company currency only, such as an exchange
        difference, is shown in that."""
        own = self.company_id.currency_id
        if item.currency_id == own or not item.residual_currency:
            return own, item.amount, item.residual
        return item.currency_id, entry.amount_currency, item.residual_currency

    def _describe(self, entry):
        move = entry.move_id
        invoice = move.move_type in ("out_invoice", "out_receipt")
        words = {
            "out_invoice": self.env._("Invoice"), "out_receipt": self.env._("Invoice"),
            "out_refund": self.env._("Credit note")}
        payment = self.env._("Payment") if entry.journal_id.type in ("bank", "cash", "credit") else entry.name
        return {
            "date": entry.document_date, "voucher": entry.move_name, "due": entry.due_date if invoice else False,
            "text": words.get(move.move_type) or payment or self.env._("Entry"),
            "kid": move.payment_reference if invoice and move.payment_reference != move.name else False,
            "account": move.partner_bank_id.acc_number if invoice else False}

    # -- age ---------------------------------------------------------------------------------------------

    def _limits(self):
        return self.company_id._aging_limits()

    def _bucket_heads(self):
        """Not due, 1–30 …, 91–, unallocated, total."""
        edges = [0, *self._limits()]
        between = [self.env._("%(first)s–%(last)s days", first=low + 1, last=high) for low, high in pairwise(edges)]
        return [self.env._("Not due"), *between, self.env._("Over %s days", edges[-1]), self.env._("Unallocated")]

    def _add_to_bucket(self, section, bucket, residual):
        number = ("not_due", *BUCKETS[:len(self._limits()) + 1], "unallocated").index(bucket)
        section["buckets"][number] = section["currency"].round(section["buckets"][number] + residual)

    def _bank_account(self):
        """Where to pay what names no account of its own."""
        banks = self.company_id.partner_id.bank_ids
        return banks.filtered(lambda bank: bank.allow_out_payment)[:1] or banks[:1]
