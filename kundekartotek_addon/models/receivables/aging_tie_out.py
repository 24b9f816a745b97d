# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, format_amount


class Aging(models.Model):
    """The aging beside the ledger: two sums that are found in different ways and must be the same."""

    _inherit = "kundekartotek.aging"

    @api.model
    @api.readonly
    def tie_out(self, domain=()):
        """The receivables of each company at the date, and what its receivable accounts hold.

        :param domain: a choice of lines, whose sums come along
        :return: list of dict: ``company_id``, ``company``, ``currency_id``, ``total``, ``ledger``,
            ``difference`` (total less ledger), ``shown`` (total of the choice), ``sums`` (of every column that is
            added up, of the choice), ``explanation`` (list of texts, where they differ)
        """
        self.browse().check_access("read")
        self._tune()
        day = self._aging_stamp().day
        names = [name for name, field in self._fields.items() if field.aggregator == "sum" and "currency" not in name]
        sums = self._company_sums(domain or [], names)
        totals = sums if Domain(domain or []).is_true() else self._company_sums([], ["total"])
        ledger = self._ledger_balances(day)
        result = []
        for company in self.env.companies:
            amounts = {"total": totals[company.id]["total"], "ledger": ledger[company.id],
                       "shown": sums[company.id]["total"]}
            amounts = {name: company.currency_id.round(amount) for name, amount in amounts.items()}
            difference = company.currency_id.round(amounts["total"] - amounts["ledger"])
            result.append({
                "company_id": company.id, "company": company.name, "currency_id": company.currency_id.id,
                **amounts, "sums": sums[company.id], "difference": difference,
                "explanation": self._explain_difference(company, day, difference) if difference else []})
        return result

    @api.model
    def _company_sums(self, domain, names):
        """:return: {company id: {column: sum}}, nought for what is not there"""
        rows = self._read_group(domain, ["company_id"], [f"{name}:sum" for name in names])
        nothing = dict.fromkeys(names, 0)
        return defaultdict(lambda: nothing, {company.id: dict(zip(names, sums)) for company, *sums in rows})

    @api.model
    def _ledger_balances(self, day):
        """{company id: balance of its receivable accounts at the end of a day}, from what was posted alone.
        Neither rests nor matches are looked at."""
        rows = self.env.execute_query(SQL(
            """SELECT company_id, sum(balance) FROM account_move_line
                WHERE parent_state = 'posted' AND date <= %s AND account_id IN %s AND company_id IN %s
                GROUP BY company_id""",
            day, self.env["res.partner"]._receivable_account_ids(), tuple(self.env.companies.ids),
            to_flush=map(self.env["account.move.line"]._fields.get, (
                "account_id", "balance", "company_id", "date", "parent_state"))))
        return defaultdict(float, {company_id: float(balance) for company_id, balance in rows})

    # ---- why they differ ---------------------------------------------------------------------------------

    @api.model
    def _explain_difference(self, company, day, difference):
        """What makes up a difference, in words. There is none in a ledger that Odoo alone has written to,
        but for items that are matched across the company's border."""
        texts, explained = [], 0.0
        for kind, count, amount in self.env.execute_query(self._difference_sql(company, day)):
            if not count:
                continue
            amount = company.currency_id.round(float(amount))
            explained += amount
            texts.append(self._describe_difference(kind)(count, format_amount(self.env, amount, company.currency_id)))
        rest = company.currency_id.round(difference - explained)
        if rest:
            texts.append(self.env._(
                "%(amount)s cannot be explained.", amount=format_amount(self.env, rest, company.currency_id)))
        return texts

    @api.model
    def _describe_difference(self, kind):
        return {
            "company": lambda count, amount: self.env._(
                "%(amount)s: %(count)s matches with items of another company or branch.", amount=amount, count=count),
            "account": lambda count, amount: self.env._(
                "%(amount)s: %(count)s matches with items that are not on a receivable account, or not posted.",
                amount=amount, count=count),
            "date": lambda count, amount: self.env._(
                "%(amount)s: %(count)s matches dated before the items that they match.", amount=amount, count=count),
            "rest": lambda count, amount: self.env._(
                "%(amount)s: %(count)s items whose open amount is not their amount less what is matched.",
                amount=amount, count=count),
        }[kind]

    @api.model
    def _difference_sql(self, company, day):
        """SELECT of ``kind``, how many, and by how much they raise the total above the ledger.

        A match up to the day takes as much from a debit as from a credit, so it changes no sum, unless one
        of the two is not among the items of this company and day. And an item's rest must be its amount
        less its matches.
        """
        return SQL(
            """
            WITH item AS (
                SELECT id, balance, amount_residual, date FROM account_move_line
                 WHERE parent_state = 'posted' AND date <= %(day)s AND company_id = %(company)s
                   AND account_id IN %(accounts)s
            ), half AS (
                SELECT match.id, item.id AS item_id, match.debit_move_id AS own, match.credit_move_id AS other,
                       -match.amount AS amount, match.max_date
                  FROM account_partial_reconcile match JOIN item ON item.id = match.debit_move_id
                UNION ALL
                SELECT match.id, item.id, match.credit_move_id, match.debit_move_id, match.amount, match.max_date
                  FROM account_partial_reconcile match JOIN item ON item.id = match.credit_move_id
            ), lonely AS (
                SELECT half.amount, other.company_id <> %(company)s AS foreign_company,
                       other.date > %(day)s AS later
                  FROM half JOIN account_move_line other ON other.id = half.other
                 WHERE half.max_date <= %(day)s AND NOT EXISTS (SELECT FROM item WHERE item.id = half.other)
            ), wrong AS (
                SELECT item.amount_residual - item.balance - coalesce(sum(half.amount), 0) AS amount
                  FROM item LEFT JOIN half ON half.item_id = item.id
                 GROUP BY item.id, item.amount_residual, item.balance
                HAVING item.amount_residual <> item.balance + coalesce(sum(half.amount), 0)
            )
            SELECT 'company', count(*), coalesce(sum(amount), 0) FROM lonely WHERE foreign_company
            UNION ALL
            SELECT 'date', count(*), coalesce(sum(amount), 0) FROM lonely WHERE NOT foreign_company AND later
            UNION ALL
            SELECT 'account', count(*), coalesce(sum(amount), 0) FROM lonely WHERE NOT foreign_company AND NOT later
            UNION ALL
            SELECT 'rest', count(*), coalesce(sum(amount), 0) FROM wrong""",
            day=day, company=company.id, accounts=self.env["res.partner"]._receivable_account_ids())
