# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..customer.overview import Tile

TOP = 10
PARETO = 40  # customers in the curve of how few bring how much
# Age of a claim in days: not due yet, then as many days overdue; a credit that is not matched has no age.
AGES = ((None, 0), (1, 30), (31, 60), (61, 90), (91, None))
METRICS, KPI = "kundekartotek.customer.metrics", "kundekartotek.kpi"


class Overview(models.AbstractModel):
    """The charts of the opening page: from the metrics and the key figures by the month; only the ages of what is
    open are asked of the ledger, in one statement that an index answers."""

    _inherit = "kundekartotek.overview"

    @api.model
    def _overview_tiles(self):
        return super()._overview_tiles() + [
            Tile("proposals", self.env._("Proposals"), "kundekartotek_addon.segment_proposal_action",
                 Domain("state", "=", "open"), tone="warning", note=self.env._("Classes suggest them; you decide"))]

    @api.model
    @api.readonly
    def get_insight(self):
        """What the page shows of the current company's legal entity. Every figure comes with the action that shows
        what it is made of.

        :return: dict of plain values
        """
        self._visible_tiles()  # guards: whoever has a role
        company, today = self.env.company.root_id, fields.Date.context_today(self)
        # sudo: of branches too, as the figures are the legal entity's
        metrics = self.env[METRICS].search([("company_id", "=", company.id)], order="computed_at DESC", limit=1)
        return {
            "company": company.sudo().name,
            "currency": company.sudo().currency_id.id,
            "computed": fields.Datetime.to_string(metrics.computed_at) if metrics else False,
            "ages": self._insight_ages(today),
            "months": self._insight_months(company, today),
            "figures": self._insight_figures(company, today),
            **self._insight_customers(company, today),
            "matrix": self._insight_matrix(company),
            "downloads": self.env["kundekartotek.overview.report"]._table_downloads({}),
        }

    # ---- parts -------------------------------------------------------------------------------------

    @api.model
    def _insight_ages(self, today):
        """[{label, amount, domain of the open items, aged: whether claims}], the sum of which is the balance of the
        receivable accounts; without the items of nobody, which come last, it is what customers owe"""
        partners, lines = self.env["res.partner"], self.env["account.move.line"]
        rows = self.env.execute_query(SQL(
            """SELECT CASE WHEN partner_id IS NULL THEN -2 WHEN amount_residual < 0 THEN -1
                           ELSE width_bucket(%(today)s::date - coalesce(date_maturity, date), %(limits)s) END AS age,
                      sum(amount_residual)
                 FROM account_move_line
                WHERE account_id IN %(accounts)s AND company_id IN %(companies)s AND parent_state = 'posted'
                  AND amount_residual <> 0 AND date <= %(today)s
                GROUP BY 1""",
            today=today, limits=[first for first, _last in AGES if first], accounts=partners._receivable_account_ids(),
            companies=partners._company_tree_ids(),
            to_flush=[lines._fields[name] for name in (
                "account_id", "amount_residual", "company_id", "date", "date_maturity", "parent_state",
                "partner_id")]))
        amounts = dict(rows)
        items = Domain([
            ("account_id.account_type", "=", "asset_receivable"), ("parent_state", "=", "posted"),
            ("company_id", "child_of", self.env.company.root_id.id), ("date", "<=", fields.Date.to_string(today))])
        base, nobodys = (items & Domain("partner_id", operator, False) for operator in ("!=", "="))
        ages = []
        for number, (first, last) in enumerate(AGES):
            domain = base & Domain("amount_residual", ">", 0)
            if first is not None:
                domain &= self._due(today, "<=", first)
            if last is not None:
                domain &= self._due(today, ">=", last)
            ages.append({"label": self._age_label(first, last), "amount": float(amounts.get(number, 0)),
                         "aged": True, "domain": list(domain)})
        ages.append({"label": self.env._("Unallocated credits"), "amount": float(amounts.get(-1, 0)),
                     "domain": list(base & Domain("amount_residual", "<", 0))})
        if -2 in amounts:
            ages.append({"label": self.env._("Without customer"), "amount": float(amounts[-2]),
                         "domain": list(nobodys & Domain("amount_residual", "!=", 0))})
        return ages

    @api.model
    def _due(self, today, operator, days):
        """Items due so many days ago or earlier (later); what has no due date is due on its date."""
        day = fields.Date.to_string(today - timedelta(days))
        return Domain("date_maturity", operator, day) | (
            Domain("date_maturity", "=", False) & Domain("date", operator, day))

    @api.model
    def _age_label(self, first, last):
        if first is None:
            return self.env._("Not due")
        if last is None:
            return self.env._("More than %(days)s days", days=first - 1)
        return self.env._("%(first)s-%(last)s days", first=first, last=last)

    @api.model
    def _insight_months(self, company, today):
        """The key figures of 13 months, each beside last year's."""
        kpis = self._insight_kpis(company, today, back=24)
        months = []
        for back in range(12, -1, -1):
            now, before = (kpis.get(self._month_before(today, count), self.env[KPI]) for count in (back, back + 12))
            day = self._month_before(today, back)
            months.append({
                "label": format_date(self.env, day, date_format="MMM yy"), "revenue": now.revenue,
                "before": before.revenue, "receivables": now.receivables, "overdue": now.overdue,
                "date": fields.Date.to_string(day),
                "domain": list(Domain([
                    ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")), ("state", "=", "posted"),
                    ("company_id", "child_of", company.id), ("invoice_date", "<=", fields.Date.to_string(day)),
                    ("invoice_date", ">=", fields.Date.to_string(day.replace(day=1)))]))})
        return months

    @api.model
    def _insight_kpis(self, company, today, back):
        """:return: {month's end: key figures}"""
        return {kpi.date: kpi for kpi in self.env[KPI].search([
            ("company_id", "=", company.id), ("dimension", "=", "company"),
            ("date", ">=", self._month_before(today, back))])}

    @api.model
    def _month_before(self, day, months):
        return self.env[KPI]._month_end(day.replace(day=1) - relativedelta(months=months))

    @api.model
    def _insight_figures(self, company, today):
        """The figures at the top of the page, each beside last year's, with what it is made of: the customers whose
        measures it adds up, or the key figures by the month.

        :return: {name: {now, before, model, domain, help}}; None where a figure is undefined, as DSO without sales
        """
        mine = Domain("company_id", "=", company.id)
        [(revenue, before, owed, overdue)] = self.env[METRICS]._read_group(mine, [], [
            f"{name}:sum" for name in ("revenue_12m", "revenue_prev_12m", "open_amount", "overdue_amount")])
        now, then = (self._insight_defined(company, self._month_before(today, back)) for back in (0, 12))

        def customers(value, value_before, field):
            return {"now": value or 0, "before": value_before or 0, "model": METRICS,
                    "domain": list(mine & Domain(field, "!=", 0)), "help": self._insight_help(METRICS, field)}

        return {
            "revenue": customers(revenue, before, "revenue_12m"),
            "receivables": customers(owed, then["receivables"], "open_amount"),
            "overdue": customers(overdue, then["overdue"], "overdue_amount"),
            **{name: {"now": now[name], "before": then[name], "model": KPI,
                      "domain": list(mine & Domain("dimension", "=", "company")), "help": self._insight_help(KPI, name)}
               for name in ("dso", "turnover", "days_to_pay")},
        }

    @api.model
    def _insight_defined(self, company, day):
        """:return: {name: key figure of the month, None where it is undefined}, which the ORM reads as 0"""
        names = ("receivables", "overdue", "dso", "turnover", "days_to_pay")
        rows = self.env.execute_query(SQL(
            "SELECT %s FROM kundekartotek_kpi WHERE company_id = %s AND date = %s AND dimension = 'company'",
            SQL(", ").join(map(SQL.identifier, names)), company.id, day,
            to_flush=[self.env[KPI]._fields[name] for name in names]))
        return {name: None if value is None else float(value)
                for name, value in zip(names, rows[0] if rows else (None,) * len(names))}

    @api.model
    def _insight_help(self, model, name):
        """How a figure is reckoned, in the user's language."""
        return self.env[model]._fields[name]._description_help(self.env) or ""

    @api.model
    def _insight_customers(self, company, today):
        """The customers that matter most, those that fall, how many came and went, and how few bring how much."""
        Metrics, mine = self.env[METRICS], Domain("company_id", "=", company.id)
        year, two = today - relativedelta(years=1), today - relativedelta(years=2)
        won = mine & Domain("first_purchase", ">", year)
        lost = mine & Domain("last_purchase", "<=", year) & Domain("last_purchase", ">", two)
        [(won_count, won_revenue)] = Metrics._read_group(won, [], ["__count", "revenue_12m:sum"])
        [(lost_count, lost_revenue)] = Metrics._read_group(lost, [], ["__count", "revenue_prev_12m:sum"])
        falling = self.env.execute_query(SQL(
            """SELECT id FROM kundekartotek_customer_metrics
                WHERE company_id = %s AND revenue_12m < revenue_prev_12m
                ORDER BY revenue_12m - revenue_prev_12m, id LIMIT %s""",
            company.id, TOP, to_flush=[Metrics._fields["revenue_12m"], Metrics._fields["revenue_prev_12m"]]))
        ranking = self.env["kundekartotek.customer.ranking"].search([("revenue", ">", 0)], limit=PARETO)
        return {
            "top": self._insight_rows(Metrics.browse(ranking[:TOP].ids)),
            "falling": self._insight_rows(Metrics.browse(row_id for row_id, in falling)._filtered_access("read")),
            # sudo: names, as in _insight_rows
            "pareto": [{"id": row.partner_id.id, "name": row.sudo().partner_id.display_name, "revenue": row.revenue,
                        "cumulative": row.cumulative, "abc": row.abc_class or ""} for row in ranking],
            "won": {"count": won_count, "amount": won_revenue or 0, "model": METRICS, "domain": list(won)},
            "lost": {"count": lost_count, "amount": lost_revenue or 0, "model": METRICS, "domain": list(lost)},
        }

    @api.model
    def _insight_rows(self, metrics):
        # sudo: the names of customers of other companies' branches, whose figures are shown anyway
        return [{
            "id": row.partner_id.id, "name": row.sudo().partner_id.display_name, "revenue": row.revenue_12m,
            "before": row.revenue_prev_12m, "abc": row.abc_class or "", "payment": row.payment_class or "",
        } for row in metrics]

    @api.model
    def _insight_matrix(self, company):
        """ABC × payment behaviour: how many customers, and what they brought."""
        Metrics = self.env[METRICS]
        groups = Metrics._read_group(
            [("company_id", "=", company.id)], ["abc_class", "payment_class"], ["__count", "revenue_12m:sum"])
        return {
            "rows": Metrics._fields["abc_class"]._description_selection(self.env),
            "columns": Metrics._fields["payment_class"]._description_selection(self.env),
            "cells": {f"{abc}/{payment}": {
                "count": count, "amount": amount or 0, "domain": [
                    ("company_id", "=", company.id), ("abc_class", "=", abc), ("payment_class", "=", payment)]}
                for abc, payment, count, amount in groups if abc and payment},
        }
