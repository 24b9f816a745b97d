# SPDX-License-Identifier: LGPL-3.0-or-later
import doctest
import io
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import mean
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from ..reports.insight import source
from ..tools import season
from ..tools.business_days import next_business_day
from ..tools.sheet import as_line
from .customer_ledger import TODAY
from .insight_ledger import SALES, InsightLedgerCase

REPORTS = (
    "kundekartotek.customer.ranking", "kundekartotek.customer.product", "kundekartotek.sales.season",
    "kundekartotek.customer.claim", "kundekartotek.customer.cohort", "kundekartotek.kpi.report",
    "kundekartotek.overview.report")  # fmt: skip


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightReports(InsightLedgerCase):
    """Each report against a calculation of its own from the documents."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_reader")

    def setUp(self):
        super().setUp()
        self.env.flush_all()
        self.Metrics._refresh(self.company)
        self.Metrics._classify(self.company)
        self.env["kundekartotek.kpi"].sudo()._keep(self.company)

    def rows(self, model, **options):
        report = self.env[model]
        return list(report._report_rows(report._report_options(options)))

    def moves(self):
        return self.env["account.move"].sudo().search([
            ("company_id", "child_of", self.company.id), ("state", "=", "posted"), ("move_type", "in", SALES)])

    def test_ranking(self):
        rows = self.rows("kundekartotek.customer.ranking")
        expected = sorted((
            (values["revenue_12m"], values["margin_12m"], partner)
            for partner, values in self.calculate(self.company).items() if values["revenue_12m"]),
            key=lambda row: -row[0])
        self.assertEqual([row[1] for row in rows], [partner.complete_name for *_figures, partner in expected])
        total = sum(max(revenue, 0) for revenue, _margin, _partner in expected)
        running = 0
        for row, (revenue, margin, _partner) in zip(rows, expected):
            running += max(revenue, 0)
            self.assertAlmostEqual(float(row[4]), revenue, 2)
            self.assertAlmostEqual(row[5], max(revenue, 0) / total, 6)
            self.assertAlmostEqual(row[6], running / total, 6)
            self.assertAlmostEqual(float(row[7]), margin, 2)
        self.assertAlmostEqual(rows[-1][6], 1, 6)

    def test_products_and_stopped_buying(self):
        customer = self.customers[0]
        for months in (20, 8):
            self.sell(customer, 100, TODAY - relativedelta(months=months))
        self.env.flush_all()
        other = self.env["product.product"].sudo().create({"name": "Ny vare"})
        invoice = self.sell(customer, 100, TODAY - relativedelta(months=1))
        invoice.button_draft()
        invoice.invoice_line_ids.product_id = other
        invoice.action_post()
        found = {row[2]: row for row in self.rows("kundekartotek.customer.product", partner_ids=customer.ids)}
        self.assertEqual(set(found), {self.product.display_name, "Ny vare"})
        old, new = found[self.product.display_name], found["Ny vare"]
        self.assertEqual((old[3], float(old[4]), float(old[5]), old[6]), (1, 100, 100, 2))
        self.assertEqual(old[7], TODAY - relativedelta(months=8))
        self.assertTrue(old[8])
        self.assertFalse(new[8])
        stopped = self.env["kundekartotek.customer.product"].search([
            ("stopped", "=", True), ("partner_id", "=", customer.id)])
        self.assertEqual(stopped.product_id, self.product)

    def test_season(self):
        by_month = defaultdict(float)
        for move in self.moves():
            by_month[move.invoice_date.year, move.invoice_date.month] += move.amount_untaxed_signed
        rows = self.rows("kundekartotek.sales.season")
        first = min(by_month)
        full = [year for year in (2023, 2024, 2025) if any(by_month[year, month] for month in range(1, 13))]
        if not by_month[full[0], 1]:  # the ledger may have begun later in that year
            full = full[1:]
        whole = sum(by_month[year, month] for year in full for month in range(1, 13))
        for month, row in enumerate(rows, 1):
            for year, value in zip((2023, 2024, 2025, 2026), row[1:5]):
                if (year, month) == (2026, 12) or (year, month) < first:
                    self.assertIsNone(value, "is to come, or was before the first sale")
                else:
                    self.assertAlmostEqual(value, by_month[year, month], 2)
            self.assertAlmostEqual(row[5], mean(by_month[year, month] for year in full), 2)
            self.assertAlmostEqual(row[6], 1200 * sum(by_month[year, month] for year in full) / whole, 2)
        one = self.rows("kundekartotek.sales.season", partner_ids=self.customers[1].ids)
        self.assertEqual(
            [[value is None for value in row[1:5]] for row in one],
            [[value is None for value in row[1:5]] for row in rows], "what one did not buy is nought, not unknown")
        self.assertAlmostEqual(sum(row[4] or 0 for row in one), sum(
            move.amount_untaxed_signed for move in self.moves()
            if move.commercial_partner_id == self.customers[1] and move.invoice_date.year == 2026), 2)

    def test_a_year_that_the_ledger_began_in_is_no_full_one(self):
        customer = self.customers[0]
        for day, amount in ((date(2024, 12, 1), 900), (date(2025, 1, 10), 10), (date(2025, 12, 10), 30)):
            self.invoice(customer, amount, day)
        rows = self.rows("kundekartotek.sales.season", partner_ids=customer.ids)
        self.assertEqual([rows[0][6], rows[5][6], rows[11][6]], [300, 0, 900])
        self.assertEqual(rows[11][5], 30)
        self.assertEqual([row[1] for row in rows], [0] * 12, "the ledger knows that nothing was sold")
        self.assertEqual([row[2] for row in rows], [0] * 11 + [900])
        [total] = self.env["kundekartotek.sales.season"]._report_totals({"partner_ids": customer.ids})
        self.assertEqual(total.values[1:], (0, 900, 40, 0))

    def test_season_tool(self):
        self.assertEqual(doctest.testmod(season).failed, 0)

    def test_payment_analysis(self):
        """Its claims are those of the measures: the same days, counted one by one."""
        claims = self.env["kundekartotek.customer.claim"].search([
            ("company_id", "=", self.company.id), ("paid_date", ">", TODAY - relativedelta(years=1))])
        for customer in self.customers[1:]:
            ours = claims.filtered(lambda claim, customer=customer: claim.partner_id == customer)
            row = self.Metrics.search([("partner_id", "=", customer.id), ("company_id", "=", self.company.id)])
            self.assertTrue(ours.move_id)
            self.assertEqual((len(ours), len(ours.filtered("is_late"))), (row.claim_count, row.late_count))
            self.assertAlmostEqual(mean(ours.mapped("days_late")), row.days_late, 2)
            self.assertAlmostEqual(mean(ours.mapped("days_to_pay")), row.days_to_pay, 2)
        for claim in claims:
            self.assertEqual(claim.due_date, next_business_day(claim.due_date))
        rows = {row[0]: row for row in self.rows("kundekartotek.customer.claim")}
        for customer in self.customers[1:]:
            ours = claims.filtered(lambda claim, customer=customer: claim.partner_id == customer)
            counts = Counter(ours.mapped("lateness"))
            self.assertEqual(list(rows[customer.display_name][6:]), [counts[str(number)] for number in range(7)])
            self.assertEqual(rows[customer.display_name][1:3], (len(ours), len(ours.filtered("is_late"))))

    def test_the_oldest_claims_are_the_worst(self):
        """Due more than two years ago: still open, or paid this autumn."""
        customer = self.customers[0]
        open_one = self.invoice(customer, 100, date(2024, 6, 1), date(2024, 6, 15))
        paid_late = self.invoice(customer, 100, date(2024, 6, 1), date(2024, 6, 15))
        self.pay(paid_late, day=date(2026, 9, 1))
        self.pay(self.invoice(customer, 100, date(2024, 6, 1)), day=date(2024, 6, 3))
        claims = self.env["kundekartotek.customer.claim"].search([("partner_id", "=", customer.id)])
        self.assertEqual(claims.move_id, open_one | paid_late)
        self.assertEqual(set(claims.mapped("lateness")), {"6"})

    def test_groups_of_days_late(self):
        customer = self.customers[0]
        due = date(2026, 9, 15)
        for late in (-1, 0, 1, 7, 8, 14, 15, 30, 31, 60, 61):
            self.pay(self.invoice(customer, 100, date(2026, 9, 1), due), day=due + timedelta(late))
        groups = self.env["kundekartotek.customer.claim"].search(
            [("partner_id", "=", customer.id)], order="paid_date").mapped("lateness")
        self.assertEqual(groups, list("01223344556"))

    def test_cohorts(self):
        def quarter(day):
            return day.year * 4 + (day.month - 1) // 3

        customer = self.customers[0]
        for day in (date(2025, 2, 1), date(2025, 3, 1), date(2025, 5, 1), date(2026, 1, 15)):
            self.invoice(customer, 100, day)
        bought = defaultdict(set)
        for move in self.moves():
            if move.move_type != "out_refund":
                bought[move.commercial_partner_id].add(quarter(move.invoice_date))
        rows = {row[0]: row for row in self.rows("kundekartotek.customer.cohort")}
        self.assertEqual(len(rows), 12)
        for cohort, row in rows.items():
            number = int(cohort[:4]) * 4 + int(cohort[-1]) - 1
            members = [quarters for quarters in bought.values() if min(quarters) == number]
            self.assertEqual(row[1], len(members))
            for age in range(1, 12):
                if members and number + age <= quarter(TODAY):
                    self.assertAlmostEqual(row[1 + age], mean(number + age in quarters for quarters in members))
                else:
                    self.assertIsNone(row[1 + age])
        self.assertTrue(rows["2025 Q1"][1])

    def test_overview(self):
        """What is on the page, on paper: each figure once, and its parts add up to it."""
        page = self.env["kundekartotek.overview"].get_insight()
        blocks, block = {}, None
        for line in map(as_line, self.rows("kundekartotek.overview.report")):
            if line.style == "heading":
                block = blocks.setdefault(line.values[0], [])
            else:
                block.append(line.values)
        figures, ages, revenue, overdue, top, falling, matrix = blocks.values()
        self.assertEqual([row[2:4] for row in figures[:6]], [
            (figure["now"], figure["before"]) for figure in page["figures"].values()])
        self.assertEqual([row[1] for row in figures[6:]], [page["won"]["count"], page["lost"]["count"]])
        self.assertAlmostEqual(sum(row[2] for row in ages[:-1]), page["figures"]["receivables"]["now"], 2)
        self.assertAlmostEqual(sum(row[4] or 0 for row in ages[:-1] if row[2] > 0), sum(
            row[2] for row in ages[:-1] if row[2] > 0) / ages[-1][2], 6)
        self.assertEqual([row[0] for row in revenue], [month["label"] for month in page["months"]])
        self.assertEqual([row[2] for row in overdue], [month["overdue"] for month in page["months"]])
        self.assertEqual([row[0] for row in top + falling], [row["name"] for row in page["top"] + page["falling"]])
        self.assertAlmostEqual(top[0][4], top[0][2] / top[0][3] - 1)
        self.assertAlmostEqual(sum(row[2] for row in matrix), page["figures"]["revenue"]["now"], 2)
        self.assertTrue(page["downloads"]["pdf"]["url"].startswith("/kundekartotek/report/overview.pdf"))

    def test_every_report_as_workbook_and_on_paper(self):
        for model in REPORTS:
            for kind, magic in (("xlsx", b"PK"), ("pdf", b"%PDF")):
                with self.subTest(report=model, kind=kind):
                    stream = io.BytesIO()
                    self.assertGreater(self.env[model]._write_report(kind, {}, stream), 0)
                    self.assertTrue(stream.getvalue().startswith(magic))

    def test_headings_can_be_read(self):
        """On paper a heading is broken between words and cut within one: each column is as wide as its longest word,
        in Norwegian."""
        self.env["res.lang"]._activate_lang("nb_NO")
        self.env["ir.module.module"]._load_module_terms(["kundekartotek_addon"], ["nb_NO"])
        for model in REPORTS:
            report = self.env[model].with_context(lang="nb_NO")
            for column in report._report_columns({}):
                with self.subTest(report=model, column=column.label):
                    self.assertLessEqual(max(map(len, column.label.split()), default=0) + 2, column.characters)

    def test_nobody_bought_is_not_yet_to_come(self):
        columns = self.env["kundekartotek.customer.cohort"]._report_columns({})
        self.assertTrue(all(column.noughts for column in columns if column.kind == "percent"))

    def test_on_the_screen_as_printed(self):
        for model in ("kundekartotek.sales.season", "kundekartotek.customer.cohort", "kundekartotek.customer.claim"):
            with self.subTest(report=model):
                table = self.env[model].get_table()
                rows = self.rows(model)
                self.assertEqual(len(table["columns"]), max(map(len, rows)))
                lines = [row["values"] for row in table["rows"]]
                self.assertEqual(json.loads(json.dumps(lines[:-1])), lines[:-1])  # plain values
                for line, row in zip(lines, rows):
                    self.assertEqual(line[0], row[0])
                    for shown, value in zip(line[1:], row[1:]):
                        self.assertAlmostEqual(shown or 0, float(value or 0), 6)
                self.assertEqual(table["rows"][-1]["style"], "total")
                self.assertFalse(table["more"])
                place = f"/kundekartotek/report/{self.env[model]._report_name}.pdf"
                self.assertIn(place, table["downloads"]["pdf"]["url"])
                self.assertEqual(table["records"]["res_model"], model)

    def test_on_the_screen_of_one_customer(self):
        customer = self.customers[1]
        wizard = self.env["kundekartotek.insight.report"].create({
            "report": "kundekartotek.sales.season", "partner_ids": customer.ids})
        action = wizard.action_show()
        self.assertEqual(action["tag"], "kundekartotek_report_table")
        table = self.env[action["params"]["model"]].get_table(action["params"]["options"])
        self.assertAlmostEqual(table["rows"][-1]["values"][4], sum(
            move.amount_untaxed_signed for move in self.moves()
            if move.commercial_partner_id == customer and move.invoice_date.year == 2026), 2)
        found = self.env["kundekartotek.sales.season"].search(table["records"]["domain"])
        self.assertAlmostEqual(sum(found.mapped("revenue")), sum(table["rows"][-1]["values"][1:5]), 2)

    def test_the_screen_shows_so_many_lines(self):
        with patch.object(source, "ON_SCREEN", 2):
            table = self.env["kundekartotek.customer.claim"].get_table()
        self.assertTrue(table["more"])
        self.assertEqual([row["style"] for row in table["rows"]], ["plain", "plain", "total"])

    def test_wizard(self):
        wizard = self.env["kundekartotek.insight.report"].create({"partner_ids": self.customers[1].ids})
        for model in REPORTS:
            wizard.report = model
            self.assertIn(self.env[model]._report_name, wizard.action_xlsx()["url"])
            self.assertIn(wizard.action_show()["type"], ("ir.actions.act_window", "ir.actions.client"))

    def test_only_for_readers(self):
        seller = new_test_user(self.env, "selger", "sales_team.group_sale_salesman",
                               company_id=self.company.id, company_ids=self.company.ids)
        for model in REPORTS:
            with self.assertRaises(AccessError):
                self.env[model].with_user(seller)._write_report("xlsx", {}, io.BytesIO())
            with self.assertRaises(AccessError):
                self.env[model].with_user(seller).get_table()

    def test_options_of_others_are_passed_over(self):
        """What comes in a URL is searched: a customer that the user may not see is not in the report."""
        hidden = self.env["res.partner"].sudo().create({"name": "Skjult", "company_id": self.other_company.id})
        options = self.env["kundekartotek.customer.ranking"].with_context(
            allowed_company_ids=self.company.ids)._report_options({"partner_ids": [hidden.id, "x", None]})
        self.assertEqual(options["partner_ids"], [])
