# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta

from odoo.tests import freeze_time, tagged

from .customer_ledger import TODAY
from .test_receivables_ledger import LedgerReportCase

# Moments in UTC at which it is another day in Oslo than in New York: at the year's end, in the nights that clocks are
# changed, and at the ends of a February with 28 and with 29 days. The day in Oslo.
MIDNIGHTS = {
    "2026-12-31 23:30:00": date(2027, 1, 1),
    "2027-02-28 23:30:00": date(2027, 3, 1),
    "2027-03-27 23:30:00": date(2027, 3, 28),
    "2027-10-30 22:30:00": date(2027, 10, 31),
    "2028-02-28 23:30:00": date(2028, 2, 29),
    "2028-02-29 23:30:00": date(2028, 3, 1),
}
OSLO, NEW_YORK = "Europe/Oslo", "America/New_York"


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestWhatDayItIs(LedgerReportCase):
    """Reports without a date go by the user's day, jobs by the company's."""

    @classmethod
    def fill_ledger(cls, seed, documents):
        """Nothing: every test makes its own."""

    def each_midnight(self):
        """Yield (zone, the day there, a customer that was invoiced 100 on the day in Oslo, due the day before)."""
        for moment, day in MIDNIGHTS.items():
            customer = self.env["res.partner"].create({"name": moment, "email": "kunde@kunde.example"})
            with freeze_time(moment):
                self.invoice(customer, 100.0, day, day - timedelta(1))
                for zone, here in ((OSLO, day), (NEW_YORK, day - timedelta(1))):
                    self.env.invalidate_all()
                    yield zone, here, customer

    def test_balance_list(self):
        for zone, here, customer in self.each_midnight():
            lines = self.env["kundekartotek.balance.list"].with_user(self.reader).with_context(tz=zone)
            self.assertEqual(lines._period(), (here.replace(month=1, day=1), here))
            closing = lines.search([("partner_id", "=", customer.id)]).closing
            self.assertEqual(closing, 100 if zone == OSLO else 0, f"{customer.name} {zone}")
            self.assertEqual(lines._period(period="this_month")[0], here.replace(day=1))

    def test_specification(self):
        for zone, here, customer in self.each_midnight():
            report = self.env["kundekartotek.customer.specification"].with_user(self.reader).with_context(tz=zone)
            options = report._report_options({})
            self.assertEqual(options["date_to"], here, f"{customer.name} {zone}")
            names = [row.values[0] for row in report._report_rows(options) if hasattr(row, "values")]
            self.assertEqual(customer.name in names, zone == OSLO)
            prepared = dict(report._report_heading(options))["Prepared"]
            self.assertTrue(prepared.startswith(report._notation().write(here, None)), prepared)

    def test_a_day_s_end_is_the_same_for_all(self):
        """A date that is asked for is that date, wherever it is read."""
        for zone, _here, customer in self.each_midnight():
            day = MIDNIGHTS[customer.name]
            for model, context in (("balance.list", {"ledger_date_from": day, "ledger_date_to": day}),
                                   ("aging", {"aging_date": str(day)})):
                lines = self.env[f"kundekartotek.{model}"].with_user(self.reader).with_context(tz=zone, **context)
                line = lines.search([("partner_id", "=", customer.id)])
                self.assertEqual(line["closing" if model == "balance.list" else "overdue"], 100)

    def test_statement(self):
        self.env.user.group_ids += self.env.ref("kundekartotek_addon.group_case_worker")
        for zone, here, customer in self.each_midnight():
            statement = self.env["kundekartotek.statement"].with_context(tz=zone)._make(customer.with_context(tz=zone))
            self.assertEqual((statement.date, statement.overdue), (here, 100 if zone == OSLO else 0))

    def test_monthly_statements_go_by_the_company_s_day(self):
        Statement = self.env["kundekartotek.statement"].sudo()
        customer = self.env["res.partner"].create({"name": "Kunde i to land", "email": "kunde@kunde.example"})
        zones = {self.company: OSLO, self.other_company: NEW_YORK}
        for company, zone in zones.items():
            company.partner_id.tz = zone
            company.write({"statement_monthly": True, "statement_day": 1})
            self.invoice(customer, 100.0, date(2026, 10, 1), company=company)
        with freeze_time("2026-12-31 23:30:00"):
            for company in zones:
                Statement._plan_month(company)
        planned = {statement.company_id: statement.date for statement in Statement.search(
            [("partner_id", "=", customer.id)])}
        self.assertEqual(planned, {self.company: date(2027, 1, 1), self.other_company: date(2026, 12, 31)})
        self.assertEqual((self.company.statement_planned_month, self.other_company.statement_planned_month),
                         (date(2027, 1, 1), date(2026, 12, 1)))
