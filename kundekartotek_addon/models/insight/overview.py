# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..customer.overview import Tile

TOP = 10
# Age of a claim in days: not due yet, then as many days overdue; a credit that is not matched has no age.
AGES = ((None, 0), (1, 30), (31, 60), (61, 90), (91, None))
METRICS = "kundekartotek.customer.metrics"


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
            **self._insight_months(company, today),
            **self._insight_customers(company, today),
            "matrix": self._insight_matrix(company),
        }

    # ---- parts -------------------------------------------------------------------------------------

    @api.model
    def _insight_ages(self, today):
        """[{label, amount, domain of the open items}], the sum of which is what is owed"""
        partners, lines = self.env["res.partner"], self.env["account.move.line"]
        rows = self.env.execute_query(SQL(
            """SELECT CASE WHEN amount_residual < 0 THEN -1
                           ELSE width_bucket(%(today)s::date - coalesce(date_maturity, date), %(limits)s) END AS age,
                      sum(amount_residual)
                 FROM account_move_line
                WHERE account_id IN %(accounts)s AND company_id IN %(companies)s AND parent_state = 'posted'
                  AND amount_residual <> 0
                GROUP BY 1""",
            today=today, limits=[first for first, _last in AGES if first], accounts=partners._receivable_account_ids(),
            companies=partners._company_tree_ids(),
            to_flush=[lines._fields[name] for name in (
                "account_id", "amount_residual", "company_id", "date", "date_maturity", "parent_state")]))
        amounts = dict(rows)
        base = Domain([
            ("account_id.account_type", "=", "asset_receivable"), ("parent_state", "=", "posted"),
            ("company_id", "child_of", self.env.company.root_id.id)])
        ages = []
        for number, (first, last) in enumerate(AGES):
            domain = base & Domain("amount_residual", ">", 0)
            if first is not None:
                domain &= self._due(today, "<=", first)
            if last is not None:
                domain &= self._due(today, ">=", last)
            ages.append({"label": self._age_label(first, last), "amount": float(amounts.get(number, 0)),
                         "domain": list(domain)})
        credits = float(amounts.get(-1, 0))
        return [*ages, {"label": self.env._("Unallocated credits"), "amount": credits,
                        "domain": list(base & Domain("amount_residual", "<", 0))}]

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
        """The key figures of 25 months, and those that stand at the top of the page beside last year's."""
        month = self.env["kundekartotek.kpi"]._month_end(today)
        kpis = self.env["kundekartotek.kpi"].search([
            ("company_id", "=", company.id), ("dimension", "=", "company"),
            ("date", ">", self.env["kundekartotek.kpi"]._month_end(month - relativedelta(months=25)))], order="date")
        of_month = {kpi.date: kpi for kpi in kpis}
        months = [self.env["kundekartotek.kpi"]._month_end(month - relativedelta(months=back))
                  for back in range(12, -1, -1)]

        def of(day, name):
            return of_month[day][name] if day in of_month else 0

        def year_before(day):
            return self.env["kundekartotek.kpi"]._month_end(day - relativedelta(years=1))

        now, then = of_month.get(month, kpis.browse()), of_month.get(year_before(month), kpis.browse())
        return {
            "months": [{
                "label": format_date(self.env, day, date_format="MMM yy"), "revenue": of(day, "revenue"),
                "before": of(year_before(day), "revenue"), "receivables": of(day, "receivables"),
                "overdue": of(day, "overdue"), "date": fields.Date.to_string(day),
                "first": fields.Date.to_string(day.replace(day=1))} for day in months],
            "kpis": {name: {"now": now[name], "before": then[name]} for name in (
                "dso", "turnover", "receivables", "overdue", "days_to_pay", "cei")},
        }

    @api.model
    def _insight_customers(self, company, today):
        """The customers that matter most, those that fall, and how many came and went."""
        Metrics, mine = self.env[METRICS], Domain("company_id", "=", company.id)
        year, two = today - relativedelta(years=1), today - relativedelta(years=2)
        won = mine & Domain("first_purchase", ">", year)
        lost = mine & Domain("last_purchase", "<=", year) & Domain("last_purchase", ">", two)
        [(revenue, before)] = Metrics._read_group(mine, [], ["revenue_12m:sum", "revenue_prev_12m:sum"])
        [(won_count, won_revenue)] = Metrics._read_group(won, [], ["__count", "revenue_12m:sum"])
        [(lost_count, lost_revenue)] = Metrics._read_group(lost, [], ["__count", "revenue_prev_12m:sum"])
        falling = self.env.execute_query(SQL(
            """SELECT id FROM kundekartotek_customer_metrics
                WHERE company_id = %s AND revenue_12m < revenue_prev_12m
                ORDER BY revenue_12m - revenue_prev_12m, id LIMIT %s""",
            company.id, TOP, to_flush=[Metrics._fields["revenue_12m"], Metrics._fields["revenue_prev_12m"]]))
        top = Metrics.search(mine & Domain("revenue_12m", ">", 0), limit=TOP, order="revenue_12m DESC, id")
        return {
            "revenue": {"now": revenue or 0, "before": before or 0},
            "top": self._insight_rows(top),
            "falling": self._insight_rows(Metrics.browse(row_id for row_id, in falling)._filtered_access("read")),
            "won": {"count": won_count, "amount": won_revenue or 0, "domain": list(won)},
            "lost": {"count": lost_count, "amount": lost_revenue or 0, "domain": list(lost)},
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
            "cells": {f"{abc}/{payment}": {"count": count, "amount": amount or 0}
                      for abc, payment, count, amount in groups if abc and payment},
        }
