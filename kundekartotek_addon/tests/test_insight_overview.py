# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import date, timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from ..models.audit import audit_looks
from ..tools.sheet import as_line
from .common import KundekartotekCase
from .customer_ledger import TODAY
from .insight_ledger import SALES, InsightLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightOverview(InsightLedgerCase):
    """Key figures by the month against a calculation of their own, and the page against the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_reader")
        cls.Kpi = cls.env["kundekartotek.kpi"].sudo()

    def keep(self):
        self.env.flush_all()
        self.Metrics._refresh(self.company)
        self.Metrics._classify(self.company)
        self.Kpi._keep(self.company)

    def month_ends(self, count):
        first = TODAY.replace(day=1)
        return [first + relativedelta(months=1 - back) - timedelta(1) for back in range(count)]

    def ledger(self):
        companies = self.company | self.branch
        return self.env["account.move.line"].sudo().search([
            ("company_id", "in", companies.ids), ("parent_state", "=", "posted"),
            ("account_id.account_type", "=", "asset_receivable"), ("partner_id", "!=", False)])

    def test_history_equals_the_ledger(self):
        """Receivables and what was overdue of them at 36 month ends, item by item with the matches until then."""
        self.keep()
        items = self.ledger()
        kept = {kpi.date: kpi for kpi in self.Kpi.search([
            ("company_id", "=", self.company.id), ("dimension", "=", "company")])}
        self.assertEqual(set(kept), set(self.month_ends(37)))
        for day in self.month_ends(37)[1:]:
            owed = overdue = 0
            for item in items.filtered(lambda item, day=day: item.date <= day):
                rest = item.balance - sum(
                    match.amount for match in item.matched_credit_ids if match.max_date <= day) + sum(
                    match.amount for match in item.matched_debit_ids if match.max_date <= day)
                owed += rest
                overdue += rest if item.balance > 0 and (item.date_maturity or item.date) < day else 0
            with self.subTest(day=day):
                self.assertAlmostEqual(kept[day].receivables, owed, 2)
                self.assertAlmostEqual(kept[day].overdue, overdue, 2)

    def test_sales_of_each_month_and_of_twelve(self):
        self.keep()
        sales = defaultdict(float)
        for move in self.env["account.move"].sudo().search([
                ("company_id", "child_of", self.company.id), ("state", "=", "posted"), ("move_type", "in", SALES)]):
            sales[move.invoice_date.replace(day=1)] += move.amount_total_signed
        kept = {kpi.date.replace(day=1): kpi for kpi in self.Kpi.search([
            ("company_id", "=", self.company.id), ("dimension", "=", "company")])}
        for day in self.month_ends(20)[1:]:
            first = day.replace(day=1)
            year = sum(sales[first - relativedelta(months=back)] for back in range(12))
            mean = sum(kept[first - relativedelta(months=back)].receivables for back in range(13)) / 13
            self.assertAlmostEqual(kept[first].sales, sales[first], 2)
            self.assertAlmostEqual(kept[first].sales_12m, year, 2)
            self.assertAlmostEqual(kept[first].dso, kept[first].receivables / year * 365, 2)
            self.assertAlmostEqual(kept[first].turnover, year / mean, 2)

    def test_a_young_ledger_has_no_figures_of_twelve_months(self):
        """Sales of two months are not those of a year."""
        category = self.env["kundekartotek.category"].sudo().create({"name": "Fersk"})
        customer = self.env["res.partner"].create({
            "name": "Fersk AS", "is_company": True, "customer_category_id": category.id})
        self.invoice(customer, 100, date(2025, 9, 15))
        self.keep()
        kept = {str(kpi.date): kpi for kpi in self.Kpi.search([("customer_category_id", "=", category.id)])}
        self.assertEqual([kept[day].dso for day in ("2025-09-30", "2026-07-31")], [0, 0])
        self.assertEqual(kept["2026-08-31"].dso, 365)
        self.assertFalse(kept["2026-08-31"].turnover)
        self.assertFalse(kept["2025-08-31"].sales_12m)

    def test_month_we_are_in(self):
        self.keep()
        kpi = self.Kpi.search([("company_id", "=", self.company.id), ("dimension", "=", "company")], limit=1)
        figures = self.calculate(self.company)
        claims = sum(row["claim_count"] for row in figures.values())
        self.assertEqual(kpi.date, date(2026, 11, 30))
        self.assertAlmostEqual(kpi.receivables, sum(row["open_amount"] for row in figures.values()), 2)
        self.assertAlmostEqual(kpi.days_to_pay, sum(
            (row["days_to_pay"] or 0) * row["claim_count"] for row in figures.values()) / claims, 2)
        self.assertAlmostEqual(kpi.days_to_pay_weighted, sum(
            (row["days_to_pay_weighted"] or 0) * row["claim_amount"] for row in figures.values())
            / sum(row["claim_amount"] for row in figures.values()), 2)
        self.assertEqual(kpi.customers, sum(row["invoice_count_12m"] > 0 for row in figures.values()))
        self.assertAlmostEqual(kpi.clv, sum(row["clv"] for row in figures.values() if row["first_purchase"])
                               / sum(bool(row["first_purchase"]) for row in figures.values()), 2)
        earlier = self.Kpi.search([
            ("company_id", "=", self.company.id), ("dimension", "=", "company"), ("date", "<", kpi.date)], limit=12)
        self.assertAlmostEqual(
            kpi.turnover, kpi.sales_12m * 13 / (kpi.receivables + sum(earlier.mapped("receivables"))), 4)

    def test_dimensions_add_up(self):
        category = self.env["kundekartotek.category"].sudo().create({"name": "Bedrift"})
        self.customers.sudo().write({"customer_category_id": category.id, "user_id": self.env.user.id})
        self.keep()
        whole, of_category, of_user = (
            self.Kpi.search([("company_id", "=", self.company.id), ("dimension", "=", dimension)], order="date")
            for dimension in ("company", "category", "user"))
        self.assertEqual(of_category.customer_category_id, category)
        self.assertEqual(of_user.user_id, self.env.user)
        for name in ("revenue", "receivables", "overdue", "dso"):
            self.assertEqual(whole.mapped(name), of_category.mapped(name))
            self.assertEqual(whole.mapped(name), of_user.mapped(name))

    def kept(self, dimension="company"):
        """{month's end: key figures}"""
        return self.Kpi.search([("company_id", "=", self.company.id), ("dimension", "=", dimension)]).grouped("date")

    def test_a_month_follows_the_ledger_after_its_end(self):
        """Posted late, or paid on a day of a month that has ended: all its figures are those of the ledger, and what
        was measured then stays."""
        with freeze_time(date(2026, 10, 31)):
            self.keep()
            october = self.kept()[date(2026, 10, 31)]
            measured = (october.customers, october.clv, october.days_to_pay, october.cei)
        with freeze_time(date(2026, 11, 5)):
            self.keep()
            before = (october.revenue, october.receivables, october.overdue)
            for amount in (5000, 300):
                self.invoice(self.customers[1], amount, date(2026, 10, 5), date(2026, 10, 19))
            self.keep()
        self.assertEqual((october.revenue, october.receivables, october.overdue), tuple(
            figure + 5300 for figure in before))
        self.assertEqual((october.customers, october.clv, october.days_to_pay, october.cei), measured)
        self.assertAlmostEqual(october.dso, october.receivables / october.sales_12m * 365, 2)
        self.assertEqual(max(self.kept()), date(2026, 11, 30))

    def test_a_sale_that_was_taken_back_leaves_its_month(self):
        user = new_test_user(self.env, "bare_oktober", "base.group_user", company_id=self.company.id,
                             company_ids=self.company.ids)
        self.customers[0].sudo().user_id = user
        invoice = self.invoice(self.customers[0], 50, date(2026, 10, 5))
        self.keep()
        self.assertEqual(self.Kpi.search([("user_id", "=", user.id), ("date", "=", "2026-10-31")]).revenue, 50)
        invoice.button_draft()
        self.keep()
        self.assertFalse(self.Kpi.search([("user_id", "=", user.id)]))

    def test_customers_who_get_another_salesperson_are_not_counted_twice(self):
        first, second = (new_test_user(self.env, f"selger_{number}", "base.group_user", company_id=self.company.id,
                                       company_ids=self.company.ids) for number in "12")
        self.customers.sudo().user_id = first
        self.keep()
        self.customers.sudo().user_id = second
        self.env.flush_all()
        self.Kpi._keep_current(self.company)
        self.assertEqual(self.Kpi.search([("dimension", "=", "user"), ("date", "=", "2026-11-30")]).user_id, second)
        self.keep()
        self.assertEqual(self.Kpi.search([("dimension", "=", "user")]).user_id, second)
        of_user = self.kept("user")
        for day, kpi in self.kept().items():
            self.assertAlmostEqual(of_user[day].revenue, kpi.revenue, 2)
            self.assertAlmostEqual(of_user[day].receivables, kpi.receivables, 2)

    def test_months_without_the_job_are_filled(self):
        with freeze_time(date(2026, 9, 30)):
            self.keep()
        self.keep()
        self.assertEqual(sorted(self.kept())[-3:], [date(2026, 9, 30), date(2026, 10, 31), date(2026, 11, 30)])
        self.assertTrue(self.kept()[date(2026, 11, 30)].turnover)

    def test_the_company_and_its_parts_are_never_added_together(self):
        """Whoever chooses no dimension sees the company, or the parts asked for."""
        category = self.env["kundekartotek.category"].sudo().create({"name": "Bedrift"})
        self.customers[1].sudo().customer_category_id = category
        self.customers[2].sudo().user_id = self.env.user
        self.keep()
        mine = Domain("company_id", "=", self.company.id)

        totals = {
            dimension: sum(self.Kpi.search(mine & Domain("dimension", "=", dimension)).mapped("revenue"))
            for dimension in ("company", "category", "user")}
        self.assertEqual(len(set(totals.values())), 3, totals)
        self.assertEqual(set(self.Kpi.search(mine).mapped("dimension")), {"company"})
        self.assertEqual(self.Kpi.search_count(mine), 37)
        for chosen, groupby, dimension in (
                (mine, (), "company"), (mine, ("company_id",), "company"),
                (mine, ("customer_category_id",), "category"), (mine, ("user_id",), "user"),
                (mine & Domain("dimension", "=", "user"), ("customer_category_id",), "user"),
                (mine & Domain("customer_category_id", "!=", False), (), "category"),
                (mine & Domain("user_id", "!=", False), (), "user")):
            with self.subTest(domain=str(chosen), groupby=groupby):
                [row] = self.Kpi.formatted_read_group(chosen, groupby, ["revenue:sum"])
                self.assertAlmostEqual(row["revenue:sum"], totals[dimension], 2)
        for groups in self.Kpi.formatted_read_grouping_sets(mine, [[], ["customer_category_id"]], ["revenue:sum"]):
            self.assertAlmostEqual(groups[0]["revenue:sum"], totals["category"], 2)

    def test_an_export_finds_in_its_groups_what_it_searched(self):
        self.customers[1].sudo().customer_category_id = self.env["kundekartotek.category"].sudo().create(
            {"name": "Bedrift"})
        self.keep()
        mine = Domain("company_id", "=", self.company.id)
        groups = self.Kpi.formatted_read_group(mine, ["customer_category_id"], ["__count", "id:array_agg"])
        self.assertEqual(
            {id_ for group in groups for id_ in group["id:array_agg"]}, set(self.Kpi.search(mine).ids))
        dimensions = self.Kpi.formatted_read_group(mine, ["dimension"], ["__count"])
        self.assertGreater(len(dimensions), 1)

    def test_a_balance_is_not_summed_over_time(self):
        """In a pivot, what is outstanding of a span is the mean of its months' ends; of a month, the sum of its
        parts. Sales add up."""
        category = self.env["kundekartotek.category"].sudo().create({"name": "Bedrift"})
        self.customers[1].sudo().customer_category_id = category
        self.customers[2].sudo().customer_category_id = category.copy({"name": "Offentlig"})
        self.keep()
        balances = ("receivables", "overdue", "sales_12m", "customers")
        for dimension in ("company", "category"):
            domain = [("company_id", "=", self.company.id), ("dimension", "=", dimension), ("date", ">", "2026-06-30")]
            kept = self.Kpi.search(domain)
            [found] = self.Kpi.formatted_read_group(domain, [], [f"{name}:avg" for name in balances] + ["revenue:sum"])
            for name in balances:
                self.assertEqual(self.Kpi._fields[name].aggregator, "avg")
                months = 1 if name == "customers" else 5  # customers were counted in the month we are in
                self.assertAlmostEqual(found[f"{name}:avg"], sum(kept.mapped(name)) / months, 2, name)
            self.assertAlmostEqual(found["revenue:sum"], sum(kept.mapped("revenue")), 2)

    # ---- the page ------------------------------------------------------------------------------------

    def test_page(self):
        """Each figure is that of what it leads to."""
        self.keep()
        page = self.env["kundekartotek.overview"].get_insight()
        lines = self.env["account.move.line"].sudo()
        for age in page["ages"]:
            with self.subTest(age=age["label"]):
                self.assertAlmostEqual(age["amount"], sum(lines.search(age["domain"]).mapped("amount_residual")), 2)
        self.assertAlmostEqual(sum(age["amount"] for age in page["ages"]), sum(
            self.ledger().mapped("amount_residual")), 2)
        rows = self.Metrics.search([("company_id", "=", self.company.id)])
        self.assertEqual(sum(cell["count"] for cell in page["matrix"]["cells"].values()), len(rows))
        self.assertEqual([row["id"] for row in page["top"]], rows.filtered(
            lambda row: row.revenue_12m > 0).sorted("revenue_12m", reverse=True).partner_id.ids)
        falling = rows.filtered(lambda row: row.revenue_change < 0).sorted("revenue_change")
        self.assertEqual([row["id"] for row in page["falling"]], falling.partner_id.ids)
        self.assertEqual(len(page["months"]), 13)
        self.assertEqual(page["months"][-1]["date"], "2026-11-30")

    def test_figures_are_those_of_what_they_lead_to(self):
        """Whoever clicks finds what was counted: also a user of two companies, whose lists would show both."""
        self.keep()
        self.Metrics._refresh(self.other_company)
        self.Metrics._classify(self.other_company)
        self.Kpi._keep(self.other_company)
        both = self.env(context={**self.env.context, "allowed_company_ids": [
            self.company.id, self.branch.id, self.other_company.id]})
        page = both["kundekartotek.overview"].get_insight()

        def total(figure, name):
            return sum(both[figure["model"]].search(figure["domain"]).mapped(name))

        figures = page["figures"]
        for name, field in (("revenue", "revenue_12m"), ("receivables", "open_amount"), ("overdue", "overdue_amount")):
            self.assertTrue(figures[name]["now"])
            self.assertAlmostEqual(figures[name]["now"], total(figures[name], field), 2)
        for name in ("dso", "turnover", "days_to_pay"):
            newest = both["kundekartotek.kpi"].search(figures[name]["domain"], order="date DESC", limit=1)
            self.assertTrue(figures[name]["now"])
            self.assertEqual(figures[name]["now"], newest[name])
        for cell in page["matrix"]["cells"].values():
            found = both["kundekartotek.customer.metrics"].search(cell["domain"])
            self.assertEqual(cell["count"], len(found))
            self.assertAlmostEqual(cell["amount"], sum(found.mapped("revenue_12m")), 2)
        for name, field in (("won", "revenue_12m"), ("lost", "revenue_prev_12m")):
            self.assertEqual(page[name]["count"], both[page[name]["model"]].search_count(page[name]["domain"]))
            self.assertAlmostEqual(page[name]["amount"], total(page[name], field), 2)
        for month in page["months"]:
            found = both["account.move"].search(month["domain"])
            self.assertAlmostEqual(month["revenue"], sum(found.mapped("amount_untaxed_signed")), 2)
        share = [customer["cumulative"] for customer in page["pareto"]]
        self.assertEqual(share, sorted(share))
        self.assertAlmostEqual(share[-1], 1, 6)

    def test_the_month_we_are_in_follows_the_queue(self):
        self.keep()
        self.invoice(self.customers[1], 5000, TODAY)
        self.env.cr.precommit.run()
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.cron_metrics_queue").method_direct_trigger()
        self.env.invalidate_all()
        page = self.env["kundekartotek.overview"].get_insight()
        kpi = self.Kpi.search([("company_id", "=", self.company.id), ("dimension", "=", "company")], limit=1)
        self.assertAlmostEqual(kpi.receivables, page["figures"]["receivables"]["now"], 2)
        self.assertAlmostEqual(page["months"][-1]["revenue"], sum(
            self.env["account.move"].sudo().search(page["months"][-1]["domain"]).mapped("amount_untaxed_signed")), 2)

    def test_undefined_is_not_nought(self):
        """Without sales in twelve months there is no DSO."""
        with freeze_time(date(2028, 1, 15)):
            self.keep()
            figures = self.env["kundekartotek.overview"].get_insight()["figures"]
            dso = next(row for row in map(as_line, self.env["kundekartotek.overview.report"]._report_rows({}))
                       if row.values[0] == "DSO")
        self.assertTrue(figures["receivables"]["now"])
        self.assertIsNone(figures["dso"]["now"])
        self.assertEqual(dso.values[2:], (None, figures["dso"]["before"], None))

    def test_items_of_nobody_have_a_bar_of_their_own(self):
        self.adjust(self.env["res.partner"], 777)
        self.keep()
        page = self.env["kundekartotek.overview"].get_insight()
        self.assertEqual(page["ages"][-1]["amount"], 777)
        ages = [age["amount"] for age in page["ages"]]
        self.assertAlmostEqual(sum(ages[:-1]), page["figures"]["receivables"]["now"], 2)
        self.assertAlmostEqual(sum(ages[1:5]), page["figures"]["overdue"]["now"], 2)
        items = self.env["account.move.line"].sudo().search(page["ages"][-1]["domain"])
        self.assertEqual(sum(items.mapped("amount_residual")), 777)

    def test_what_is_dated_later_is_in_no_figure_of_the_page(self):
        self.invoice(self.customers[1], 1000, TODAY + timedelta(40))
        self.keep()
        page = self.env["kundekartotek.overview"].get_insight()
        self.assertAlmostEqual(sum(age["amount"] for age in page["ages"]), page["figures"]["receivables"]["now"], 2)

    def test_new_year(self):
        """On 1 January the page is not empty."""
        with freeze_time(date(2027, 1, 1)):
            self.keep()
            page = self.env["kundekartotek.overview"].get_insight()
        self.assertTrue(page["figures"]["revenue"]["now"] and page["figures"]["dso"]["now"])
        self.assertEqual((page["months"][0]["date"], page["months"][-1]["date"]), ("2026-01-31", "2027-01-31"))

    def test_before_the_first_night(self):
        self.assertFalse(self.env["kundekartotek.overview"].get_insight()["computed"])

    def test_only_for_those_with_a_role(self):
        seller = new_test_user(self.env, "selger", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.env["kundekartotek.overview"].with_user(seller).get_insight()

    def test_digest(self):
        self.keep()
        digest = self.env["digest.digest"].sudo().create({"name": "Sammendrag", "company_id": self.company.id})
        digest = digest.with_user(self.env.user).sudo().with_context(end_datetime=fields.Datetime.now())
        kpi = self.Kpi.search([("company_id", "=", self.company.id), ("dimension", "=", "company")], limit=1)
        self.assertEqual(digest.kpi_customer_dso_value, round(kpi.dso))
        self.assertEqual(digest.kpi_customer_days_to_pay_value, round(kpi.days_to_pay))
        self.assertAlmostEqual(digest.kpi_customer_overdue_value, kpi.overdue)


@tagged("post_install", "-at_install")
class TestInsightTour(KundekartotekCase, HttpCase):
    """In a browser: every figure leads to what it is made of."""

    def test_overview_leads_everywhere(self):
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        self.env["res.lang"]._activate_lang("en_US")
        self.make_user("reader", lang="en_US")
        today, kpi = fields.Date.today(), self.env["kundekartotek.kpi"]
        company = self.env.company.root_id
        self.env["kundekartotek.customer.metrics"].search([]).unlink()
        kpi.search([]).unlink()
        for name, abc, payment, revenue, before in (
            ("Fjellbekk Bakeri AS", "a", "good", 5000, 4000), ("Brattlia Verksted AS", "c", "risk", 100, 900),
        ):
            self.env["kundekartotek.customer.metrics"].create({
                "partner_id": self.make_customer(name).id, "company_id": company.id, "computed_at": today,
                "abc_class": abc, "payment_class": payment, "revenue_12m": revenue, "revenue_prev_12m": before,
                "first_purchase": "2020-01-01", "last_purchase": today})
        for back in range(25):
            day = kpi._month_end(today - relativedelta(months=back))
            kpi.create({"company_id": company.id, "date": day, "dimension": "company", "revenue": 100 + back,
                        "receivables": 50, "overdue": 5, "dso": 20, "turnover": 10, "days_to_pay": 15})
        self.start_tour("/odoo/kundekartotek-overview", "kundekartotek_insight", login="kundekartotek_reader")

    def test_reports_on_the_screen(self):
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        self.env["res.lang"]._activate_lang("en_US")
        self.make_user("reader", lang="en_US")
        self.start_tour("/odoo/sesongtabell", "kundekartotek_report_table", login="kundekartotek_reader")
