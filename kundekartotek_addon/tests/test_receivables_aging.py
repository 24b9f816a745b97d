# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged

from .aging_oracle import aging_of, ledger_of, open_items
from .customer_ledger import TODAY, CustomerLedgerCase

DAYS = (TODAY, TODAY - timedelta(1), date(2026, 10, 31), date(2026, 9, 30), date(2026, 8, 5), TODAY + timedelta(45))


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestAging(CustomerLedgerCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.everywhere = cls.company + cls.other_company + cls.branch
        cls.reader = new_test_user(
            cls.env, "leser_aldersfordeling", "kundekartotek_addon.group_reader", company_id=cls.company.id,
            company_ids=[Command.set(cls.everywhere.ids)])

    def aging(self, day=None, companies=None, **context):
        self.env.invalidate_all()
        return self.env["kundekartotek.aging"].with_user(self.reader).with_context(
            allowed_company_ids=(companies or self.company).ids, **({"aging_date": str(day)} if day else {}), **context)

    def lines(self, aging, domain=()):
        return {(line.company_id.id, line.partner_id.id): line for line in aging.search(domain)}

    def assertAging(self, aging, expected, by=()):
        found = aging.with_context(aging_grain=sum(
            {"currency_id": 1, "account_id": 2}[name] for name in by)).search([])
        lines = {(line.company_id.id, line.partner_id.id, *(line[name].id for name in by)): line for line in found}
        self.assertEqual(set(lines), set(expected))
        self.assertEqual(len(lines), len(found))
        for key, columns in expected.items():
            for name, value in columns.items():
                self.assertEqual(round(lines[key][name], 2) if isinstance(value, float) else lines[key][name], value,
                                 f"{key} {name}")

    # ---- figures -----------------------------------------------------------------------------------------

    def test_every_line_is_what_the_ledger_says(self):
        for companies in (self.company, self.everywhere):
            for day in DAYS:
                for basis in ("due", "invoice"):
                    aging = self.aging(day, companies, aging_basis=basis)
                    self.assertAging(aging, aging_of(aging.env, day, basis))

    def test_lines_add_up_to_the_ledger_of_each_customer(self):
        for day in DAYS:
            aging = self.aging(day, self.everywhere)
            totals = {key: line.total for key, line in self.lines(aging).items() if line.total}
            self.assertEqual(totals, ledger_of(aging.env, day))

    def test_shares_and_averages(self):
        aging = self.aging(TODAY)
        lines = aging.search([])
        self.assertAlmostEqual(sum(lines.mapped("share")), 1, 6)
        for line in lines:
            items = [(rest, (TODAY - (item.date_maturity or item.date)).days)
                     for item, rest, _currency in open_items(aging.env, TODAY)
                     if item.partner_id.commercial_partner_id == line.partner_id]
            overdue = [(rest, days) for rest, days in items if rest > 0 and days > 0]
            weight = sum(rest for rest, _days in overdue)
            expected = sum(rest * days for rest, days in overdue) / weight if weight else 0
            self.assertAlmostEqual(line.average_days_overdue, expected, 2)
        (total,), = aging._read_group([], [], ["average_days_overdue:avg"])
        self.assertAlmostEqual(
            total, sum(line.average_days_overdue * line.overdue for line in lines) / sum(lines.mapped("overdue")), 2)

    def test_a_line_asked_for_alone_is_the_same_line(self):
        """Asking for one customer or one line reads that customer's items only: the figures are the same."""
        for day in DAYS:
            aging = self.aging(day, self.everywhere)
            lines = aging.search([])
            names = [name for name, field in lines._fields.items()
                     if (field.store or field.related) and name not in ("share", "line_count")]
            expected = {line["id"]: line for line in lines.read(names)}
            for line in lines:
                self.env.invalidate_all()
                alone = aging.search([("partner_id", "=", line.partner_id.id), ("company_id", "=", line.company_id.id)])
                self.assertEqual(alone.ids, line.ids)
                self.assertEqual({k: str(v) for k, v in alone.read(names)[0].items()},
                                 {k: str(v) for k, v in expected[line.id].items()})
            self.env.invalidate_all()
            self.assertEqual(self.env["kundekartotek.aging"].with_user(self.reader).with_context(
                allowed_company_ids=self.everywhere.ids).browse(lines.ids).mapped("total"), lines.mapped("total"),
                "the id says the date, whatever the context does")

    def test_a_page_and_its_count(self):
        """As core would answer, but the ledger is asked once."""
        aging, names = self.aging(date(2026, 10, 31), self.everywhere), {"customer_name": {}, "total": {}}
        for domain in ([], [("overdue", ">", 0)], [("partner_id", "=", self.customers[1].id)], [("total", "<", -1e9)]):
            lines = aging.search(domain)
            for offset, limit, most in ((0, 2, 10_001), (2, 2, None), (0, 80, 10_001), (0, 2, 3), (0, None, None)):
                found = aging.web_search_read(domain, names, offset=offset, limit=limit, count_limit=most)
                page = lines[offset:offset + limit] if limit else lines
                self.assertEqual([row["id"] for row in found["records"]], page.ids)
                if page:
                    self.assertEqual(found["length"], min(len(lines), most or len(lines)))

        def count_statements(limit):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            aging.web_search_read([], names, limit=limit, count_limit=10_001)
            return self.env.cr.sql_log_count - before

        self.assertEqual(count_statements(2), count_statements(80), "what is beyond the page is not counted again")

    def test_currencies_and_accounts(self):
        other = self.company_data["default_account_receivable"].copy({"code": "1512", "name": "Kundefordringer utland"})
        self.customers[1].property_account_receivable_id = other
        self.invoice(self.customers[1], 321)
        self.invoice(self.customers[0], 10, TODAY - timedelta(40), TODAY - timedelta(30), currency_id=self.euro.id)
        for day in DAYS:
            aging = self.aging(day, self.everywhere)
            for by in (("currency_id",), ("account_id",), ("currency_id", "account_id")):
                self.assertAging(aging, aging_of(aging.env, day, by=by), by)
            self.assertEqual(self.amounts_in_currency(aging), self.expected_in_currency(aging.env, day))
        aging = self.aging()
        totals = dict(aging._read_group([("currency_id", "=", self.euro.id)], ["currency_id"], ["total_currency:sum"]))
        expected = sum(rest for item, _rest, rest in open_items(aging.env, TODAY) if item.currency_id == self.euro)
        self.assertAlmostEqual(totals[self.euro], expected, 2)
        (line,) = aging.search([("partner_id", "=", self.customers[0].id)])
        self.assertEqual((line.currency_id, line.total_currency, line.overdue_currency), (self.euro, 10, 10))
        (line,) = aging.search([("account_id", "=", other.id)])
        self.assertEqual((line.total, line.partner_id), (321, self.customers[1]))
        for domain in ([("account_id.code", "=", "1512")], ["!", ("account_id.code", "!=", "1512")],
                       [("account_id", "any", [("code", "=", "1512")])]):
            (line,) = aging.search(domain)
            self.assertEqual((line.total, line.partner_id), (321, self.customers[1]), domain)

    def test_a_rest_in_currency_alone(self):
        """Less than an øre in company currency, and still owed."""
        weak = self.setup_other_currency("IDR", rates=[("2020-01-01", 1000.0)])
        self.invoice(self.customers[0], 4, TODAY - timedelta(60), TODAY - timedelta(40), currency_id=weak.id)
        for day in (TODAY, TODAY - timedelta(10)):
            aging = self.aging(day)
            self.assertAging(aging, aging_of(aging.env, day))
            line = aging.search([("partner_id", "=", self.customers[0].id)])
            self.assertEqual((line.total, line.total_currency, line.overdue_currency, line.currency_id),
                             (0, 4, 4, weak))
            self.assertEqual(self.items_behind(line).mapped("residual_currency"), [4])
            self.assertEqual(self.amounts_in_currency(aging), self.expected_in_currency(aging.env, day))

    def amounts_in_currency(self, aging):
        """{(company, customer, currency): (total, overdue)} of the lines per currency"""
        lines = aging.with_context(aging_grain=1).search([])
        return {(line.company_id, line.partner_id, line.currency_id):
                (round(line.total_currency, 2), round(line.overdue_currency, 2)) for line in lines}

    def expected_in_currency(self, env, day):
        found = defaultdict(lambda: [0, 0])
        for item, _rest, rest in open_items(env, day):
            amounts = found[item.company_id, item.partner_id.commercial_partner_id, item.currency_id]
            amounts[0] += rest
            amounts[1] += rest if rest > 0 and (item.date_maturity or item.date) < day else 0
        return {key: tuple(round(amount, 2) for amount in amounts) for key, amounts in found.items()}

    # ---- edges -------------------------------------------------------------------------------------------

    def test_due_today_is_not_overdue(self):
        for day in (date(2026, 12, 31), date(2027, 2, 28), date(2028, 2, 29), date(2026, 3, 29), date(2026, 10, 25)):
            customer = self.customers[0].copy({"name": f"Forfall {day}"})
            self.invoice(customer, 100, day - timedelta(14), day)
            for later, overdue, bucket in ((0, 0, "not_due"), (1, 100, "bucket_1"), (30, 100, "bucket_1"),
                                           (31, 100, "bucket_2"), (90, 100, "bucket_3"), (91, 100, "bucket_4")):
                with freeze_time(day + timedelta(later)):
                    line = self.aging().search([("partner_id", "=", customer.id)])
                    self.assertEqual((line.overdue, line[bucket], line.total), (overdue, 100, 100))

    def test_today_is_the_user_s_day(self):
        """23:30 UTC before the 1st of January, around the days that clocks change, is the next day in Oslo and
        still the same in New York."""
        self.invoice(self.customers[0], 100, date(2026, 3, 1), date(2026, 12, 31))
        for moment, due in (("2026-12-31 23:30:00", date(2026, 12, 31)), ("2027-03-27 23:30:00", date(2027, 3, 27)),
                            ("2027-10-30 22:30:00", date(2027, 10, 30)), ("2028-02-28 23:30:00", date(2028, 2, 28))):
            customer = self.customers[0].copy({"name": moment})
            self.invoice(customer, 100, date(2026, 3, 1), due)
            with freeze_time(moment):
                for zone, overdue in (("Europe/Oslo", 100), ("America/New_York", 0), ("UTC", 0)):
                    line = self.aging(tz=zone).search([("partner_id", "=", customer.id)])
                    self.assertEqual(line.overdue, overdue, f"{moment} {zone}")

    def test_instalments_age_one_by_one(self):
        term = self.env["account.payment.term"].create({"name": "Tre rater", "line_ids": [
            Command.create({"value": "percent", "value_amount": share, "nb_days": days})
            for share, days in ((30, 0), (30, 30), (40, 60))]})
        self.invoice(self.customers[0], 1000, TODAY - timedelta(45), invoice_payment_term_id=term.id,
                     invoice_date_due=False)
        line = self.aging().search([("partner_id", "=", self.customers[0].id)])
        self.assertEqual((line.not_due, line.bucket_1, line.bucket_2, line.open_item_count), (400, 300, 300, 3))
        self.assertEqual(line.oldest_due_date, TODAY - timedelta(45))

    def test_nothing_is_dropped(self):
        nobody = self.env["res.partner"]
        self.adjust(nobody, 77, TODAY - timedelta(5))
        item = self.from_bank(self.customers[0], -55, TODAY - timedelta(40)).move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable")
        self.assertFalse(item.date_maturity)
        self.customers[0].active = False
        lines = self.lines(self.aging())
        line = lines[self.company.id, False]
        self.assertEqual((line.total, line.customer_name), (77, "Without customer"))
        self.assertEqual(lines[self.company.id, self.customers[0].id].bucket_2, 55, "aged from its date")
        self.assertEqual(lines[self.company.id, self.customers[0].id].customer_name, self.customers[0].name)

    def test_a_credit_is_not_negatively_overdue(self):
        self.invoice(self.customers[0], 100, TODAY - timedelta(60), TODAY - timedelta(40))
        self.prepay(self.customers[0], 300, TODAY - timedelta(50))
        line = self.aging().search([("partner_id", "=", self.customers[0].id)])
        self.assertEqual((line.overdue, line.bucket_2, line.unallocated, line.total), (100, 100, -300, -200))

    def test_a_date_to_come_shows_what_falls_due(self):
        self.invoice(self.customers[0], 100, TODAY, TODAY + timedelta(10))
        for days, overdue in ((0, 0), (10, 0), (11, 100)):
            line = self.aging(TODAY + timedelta(days)).search([("partner_id", "=", self.customers[0].id)])
            self.assertEqual((line.overdue, line.total), (overdue, 100))

    def test_matching_undone_and_done_again(self):
        invoice = self.invoice(self.customers[0], 100, TODAY - timedelta(60), TODAY - timedelta(50))
        payment = self.pay(invoice, 60, TODAY - timedelta(20))
        items = (invoice + payment.move_id).line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        day = TODAY - timedelta(25)
        for change in (lambda: None, items.remove_move_reconcile, items.reconcile):
            change()
            past = self.aging(day).search([("partner_id", "=", self.customers[0].id)])
            self.assertEqual((past.total, past.unallocated), (100, 0))
            aging = self.aging()
            self.assertAging(aging, aging_of(aging.env, TODAY))

    # ---- settings ----------------------------------------------------------------------------------------

    def test_buckets_follow_the_settings(self):
        self.company.aging_limits = "7, 14, 21, 45, 200"
        for day in DAYS:
            aging = self.aging(day)
            self.assertAging(aging, aging_of(aging.env, day, limits=(7, 14, 21, 45, 200)))
        labels = self.aging().fields_get(["bucket_1", "bucket_6"])
        self.assertEqual({name: label["string"] for name, label in labels.items()},
                         {"bucket_1": "1–7", "bucket_6": "201–"})
        self.company.aging_limits = "14"
        labels = self.aging().fields_get()
        self.assertEqual([name for name in labels if name.startswith("bucket_")], ["bucket_1", "bucket_2"])
        self.assertAging(self.aging(), aging_of(self.aging().env, TODAY, limits=(14,)))

    def test_limits_must_make_sense(self):
        for limits in ("", "0, 30", "30, 30", "60, 30", "a", "1,2,3,4,5,6", "30.5", "-1"):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.company.aging_limits = limits

    def test_nonsense_in_the_context_is_today(self):
        expected = {key: line.total for key, line in self.lines(self.aging()).items()}
        for context in ({"aging_date": "tomorrow"}, {"aging_date": 5}, {"aging_basis": "x"}, {"aging_grain": "1"},
                        {"aging_grain": 99}, {"aging_stamps": ["x"]}, {"aging_partners": ["x"]},
                        {"aging_partners": [self.customers[0].id]}, {"aging_narrowed": True, "aging_stamps": {"a": 1}}):
            lines = self.aging().with_context(**context).search([])
            self.assertEqual({(line.company_id.id, line.partner_id.id): line.total for line in lines}, expected)

    # ---- access ------------------------------------------------------------------------------------------

    def test_only_own_companies(self):
        self.reader.company_ids = self.company
        with self.assertRaises(AccessError):
            self.aging(companies=self.everywhere).search([])
        lines = self.env["kundekartotek.aging"].with_user(self.reader).search([])
        self.assertEqual(lines.company_id, self.company)

    def test_salespeople_see_no_amounts(self):
        seller = new_test_user(self.env, "selger_aldersfordeling", "sales_team.group_sale_salesman")
        for model in ("kundekartotek.aging", "kundekartotek.aging.item", "kundekartotek.aging.snapshot",
                      "kundekartotek.aging.trend"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(seller).search([])
        for call in ("tie_out", "action_open_items_of"):
            with self.assertRaises(AccessError):
                getattr(self.env["kundekartotek.aging"].with_user(seller), call)([])

    # ---- what is behind it -------------------------------------------------------------------------------

    def test_the_items_behind_every_amount(self):
        for day in DAYS[:3]:
            for basis in ("due", "invoice"):
                aging = self.aging(day, self.everywhere, aging_basis=basis)
                for line in aging.search([]):
                    for name in ("not_due", "bucket_1", "bucket_2", "bucket_3", "bucket_4", "unallocated", "total",
                                 "overdue"):
                        items = self.items_behind(line, name)
                        self.assertAlmostEqual(sum(items.mapped("residual")), line[name], 2, f"{day} {name}")
                    self.assertEqual(len(items), len(items.filtered(lambda item: item.days_overdue > 0)))

    def test_the_items_behind_a_sum(self):
        self.customers[1].user_id = self.reader
        self.customers[2].parent_id = self.customers[3]  # a company of its own, with another's name before it
        self.adjust(self.env["res.partner"], 77, date(2026, 9, 1))
        aging = self.aging(date(2026, 10, 31))
        some = aging.search([])[1:3]
        for domain in ([("user_id", "=", self.reader.id)], [("total", ">", 1000)], [], [("partner_id", "=", False)],
                       [("customer_name", "ilike", "Kunde 1")], [("currency_id", "=", self.euro.id)],
                       [("user_id", "=", False)], [("customer_category_id", "=", False)],
                       [("customer_name", "ilike", "Kunde 3")], [("id", "in", some.ids)],
                       [("display_name", "ilike", "Kunde 1")], [("currency_id.name", "=", "EUR")],
                       [("total", ">", 1000), ("currency_id", "=", self.euro.id)]):
            with self.subTest(domain=domain):
                action = aging.action_open_items_of(domain, "overdue")
                items = aging.env[action["res_model"]].with_context(**action["context"]).search(action["domain"])
                (expected,), = aging._read_group(domain, [], ["overdue:sum"])
                self.assertAlmostEqual(sum(items.mapped("residual")), expected or 0, 2)

    def test_an_item_opens_its_document(self):
        invoice = self.invoice(self.customers[0], 100)
        item = self.env["kundekartotek.aging.item"].with_user(self.reader).search([("move_id", "=", invoice.id)])
        action = item.action_open_document()
        self.assertEqual((action["res_model"], action["res_id"]), ("account.move", invoice.id))
        self.assertEqual((item.residual, item.amount, item.due_date, item.days_overdue, item.bucket), (
            100, 100, TODAY + timedelta(14), -14, "not_due"))

    def test_disputes_promises_and_exclusions(self):
        disputed, promised, broken, excluded = (self.invoice(
            self.customers[0], amount, TODAY - timedelta(60), TODAY - timedelta(40)) for amount in (1, 10, 100, 1000))
        disputed.write({"dispute_since": TODAY, "dispute_reason": "Feil vare"})
        promised.write({"promise_date": TODAY, "promise_amount": 10})
        broken.write({"promise_date": TODAY - timedelta(1), "promise_amount": 100})
        excluded.line_ids.filtered(lambda line: line.account_type == "asset_receivable").no_followup = True
        aging = self.aging()
        line = aging.search([("partner_id", "=", self.customers[0].id)])
        self.assertEqual((line.disputed_amount, line.promised_amount, line.total), (1, 10, 1111))
        for domain, total in (([("disputed", "=", True)], 1), ([("disputed", "=", False)], 1110),
                              ([("excluded", "=", True)], 1000), ([("excluded", "=", False)], 111)):
            line = aging.search([("partner_id", "=", self.customers[0].id), *domain])
            self.assertEqual(line.total, total)
            self.assertEqual(sum(self.items_behind(line).mapped("residual")), total)
        groups = dict(aging._read_group([("partner_id", "=", self.customers[0].id)], ["disputed"], ["total:sum"]))
        self.assertEqual(groups, {True: 1, False: 1110})

    def test_a_dispute_is_not_seen_before_it_arose(self):
        invoice = self.invoice(self.customers[0], 100, TODAY - timedelta(60), TODAY - timedelta(40))
        invoice.write({"dispute_since": TODAY - timedelta(10), "dispute_reason": "Feil vare"})
        for days, disputed in ((11, 0), (10, 100), (0, 100)):
            line = self.aging(TODAY - timedelta(days)).search([("partner_id", "=", self.customers[0].id)])
            self.assertEqual((line.disputed_amount, line.disputed), (disputed, bool(disputed)))

    def test_the_count_of_lines_is_not_searched_for(self):
        aging = self.aging()
        for ask in (lambda: aging.search([("line_count", ">", 1)]),
                    lambda: aging.web_search_read(["|", ("line_count", "=", 1), ("total", ">", 0)], {"total": {}}),
                    lambda: aging.formatted_read_group([], ["line_count"], ["__count"]),
                    lambda: aging.formatted_read_group([], [], ["line_count:sum"])):
            with self.assertRaises(UserError):
                ask()

    def items_behind(self, line, measure="total"):
        action = line.action_open_items(measure)
        return line.env[action["res_model"]].with_context(**action["context"]).search(action["domain"])
