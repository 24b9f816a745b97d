# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta
from operator import ge, gt, le, lt

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, freeze_time, new_test_user, tagged

from .customer_ledger import TODAY, CustomerLedgerCase

SEARCHABLE = (
    "customer_balance", "customer_overdue", "customer_limit_left", "last_invoice_date", "last_payment_date",
)  # fmt: skip
FIGURES = (*SEARCHABLE, "customer_limit_used", "last_invoice_number", "last_payment_amount")


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestCustomerFigures(CustomerLedgerCase):
    """The live figures against a plain walk through the ledger."""

    # ---- the oracle --------------------------------------------------------------------------------

    def receivable_items(self, company):
        return (
            self.env["account.move.line"]
            .sudo()
            .search([])
            .filtered(
                lambda item: (
                    item.account_id.account_type == "asset_receivable"
                    and item.move_id.state == "posted"
                    and item.company_id.root_id == company.root_id
                )
            )
        )

    def expected(self, partner, items):
        """The figures of one customer, by walking through ``items``, all that is booked on receivables."""
        items = items.filtered(
            lambda item: item.partner_id.commercial_partner_id == partner.commercial_partner_id
        )
        balance, limit = sum(items.mapped("amount_residual")), partner.credit_limit
        overdue = sum(
            item.amount_residual for item in items
            if item.amount_residual > 0 and (item.date_maturity or item.date) < fields.Date.today()
        )
        invoices = items.move_id.filtered(lambda move: move.move_type == "out_invoice").sorted(
            lambda move: (move.invoice_date, move.id)
        )
        payments = items.filtered(
            lambda item: item.balance < 0 and item.journal_id.type in ("bank", "cash", "credit")
        ).move_id.sorted(lambda move: (move.date, move.id))
        return {
            "customer_balance": balance,
            "customer_overdue": overdue,
            "customer_limit_left": limit and limit - balance,
            "customer_limit_used": int(max(0, 100 * balance / limit)) if limit else 0,
            "last_invoice_date": invoices[-1:].invoice_date,
            "last_invoice_number": invoices[-1:].name,
            "last_payment_date": payments[-1:].date,
            "last_payment_amount": -sum((items & payments[-1:].line_ids).mapped("balance")),
        }

    def assertFigures(self, partners, company=None):
        company = company or self.company
        partners = partners.with_company(company)
        partners.invalidate_recordset()
        items = self.receivable_items(company)
        for partner in partners:
            for name, value in self.expected(partner, items).items():
                with self.subTest(partner=partner.name, figure=name):
                    if isinstance(value, float):
                        self.assertAlmostEqual(partner[name], value, 2)
                    else:
                        self.assertEqual(partner[name], value)

    # ---- figures -----------------------------------------------------------------------------------

    def test_figures_are_what_the_ledger_says(self):
        for company in (self.company, self.other_company, self.branch):
            self.assertFigures(self.customers + self.contacts, company)
        for day in (date(2026, 12, 31), date(2027, 2, 28), date(2028, 2, 29)):
            with freeze_time(day):
                self.assertFigures(self.customers)

    def test_due_today_is_not_overdue(self):
        customer = self.customers[0]
        for number, due in enumerate((date(2026, 12, 31), date(2027, 2, 28), date(2028, 2, 29))):
            self.invoice(customer, 100, TODAY, due)
            for day, overdue in ((due, 100 * number), (due + timedelta(1), 100 * (number + 1))):
                with freeze_time(day):
                    customer.invalidate_recordset()
                    self.assertEqual(customer.customer_overdue, overdue)

    def test_today_is_the_user_s_day(self):
        self.invoice(self.customers[0], 100, TODAY, TODAY)
        with freeze_time("2026-11-23 23:30:00"):
            for timezone, overdue in (("UTC", 0), ("Europe/Oslo", 100)):
                self.assertEqual(self.customers[0].with_context(tz=timezone).customer_overdue, overdue)

    def test_bank_payment_counts_from_its_date(self):
        self.invoice(self.customers[0], 1000, TODAY - timedelta(30), TODAY - timedelta(16))
        self.from_bank(self.customers[0], 400, TODAY - timedelta(1))
        self.from_bank(self.customers[0], 100, TODAY)
        self.customers.invalidate_recordset()
        self.assertRecordValues(
            self.customers[0],
            [
                {
                    "customer_balance": 500,
                    "customer_overdue": 1000,
                    "last_payment_date": TODAY,
                    "last_payment_amount": 100,
                }
            ],
        )

    def test_last_payment_is_net_of_the_credit_note_it_used(self):
        invoice = self.invoice(self.customers[0], 1200)
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "journal_id": self.bank_journal.id,
                "date": TODAY,
                "line_ids": [
                    Command.create(
                        {"account_id": receivable.id, "partner_id": self.customers[0].id, "balance": amount}
                    )
                    for amount in (-1200, 200)
                ]
                + [Command.create({"account_id": self.bank_journal.default_account_id.id, "balance": 1000})],
            }
        )
        entry.action_post()
        (invoice.line_ids + entry.line_ids).filtered(
            lambda item: item.account_id == receivable and abs(item.balance) == 1200
        ).reconcile()
        self.customers.invalidate_recordset()
        self.assertEqual(self.customers[0].last_payment_amount, 1000)

    def test_figures_are_empty_without_a_ledger(self):
        values = dict.fromkeys(FIGURES, False) | dict.fromkeys(
            ("customer_balance", "customer_overdue", "customer_limit_left", "customer_limit_used",
             "last_payment_amount"), 0)
        self.assertRecordValues(self.customers[0], [values])
        self.assertRecordValues(self.env["res.partner"].new({"name": "Ny kunde"}), [values])

    def test_figures_follow_a_merge(self):
        kept, merged = self.env["res.partner"].create([{"name": "Samme AS"}, {"name": "Samme A/S"}])
        self.invoice(kept, 100)
        self.invoice(merged, 200)
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge((kept + merged).ids, kept)
        self.env.invalidate_all()
        self.assertEqual(kept.customer_balance, 300)

    # ---- search, order, sums -----------------------------------------------------------------------

    def test_search_finds_what_is_shown(self):
        partners = self.customers + self.contacts
        (self.customers[3] + self.contacts[3]).active = False
        partners.invalidate_recordset()
        for name in SEARCHABLE:
            values = partners.mapped(name)
            for value in {*values, values[0] and (values[0] if "date" in name else values[0] + 0.5)}:
                operators = ("=", "!=") if value is False else ("=", "!=", "<", "<=", ">", ">=")
                for domain in [[(name, operator, value)] for operator in operators] + [
                    [(name, "in", [value, values[-1]])],
                    [(name, "not in", [value, values[-1]])],
                    ["!", (name, "=", value)],
                ]:
                    scope = [("id", "in", partners.ids)]
                    found = partners.with_context(active_test=False).search(domain + scope, order="id")
                    shown = partners.filtered(lambda partner, domain=domain: self.matches(partner, domain))
                    with self.subTest(domain=domain):
                        self.assertEqual(found.sorted("id"), shown.sorted("id"))
                        self.assertEqual(partners.filtered_domain(domain), shown)

    def test_search_by_a_whole_number(self):
        """As the filters of the list ask: 0, not 0.0."""
        scope = [("id", "in", self.customers.ids)]
        for name in ("customer_balance", "customer_overdue", "customer_limit_left"):
            owing, values = self.customers.filtered(name), self.customers.mapped(name)
            self.assertNotIn(self.customers[0], owing)
            less = owing.browse(
                customer.id for customer, value in zip(self.customers, values, strict=True) if value < 0)
            for operator, expected in (
                ("!=", owing), ("=", self.customers - owing), (">=", self.customers - less), ("<", less),
            ):
                with self.subTest(name=name, operator=operator):
                    self.assertEqual(self.customers.search([(name, operator, 0), *scope], order="id"), expected)

    def matches(self, partner, domain):
        """What a reader of the domain expects, in plain Python. No date is neither before nor after one."""
        name, operator, value = domain[-1]
        shown = partner[name]
        if operator in ("=", "!=", "in", "not in"):
            result = shown in (value if isinstance(value, list) else [value])
            result = result if operator in ("=", "in") else not result
        else:
            result = shown is not False and {"<": lt, "<=": le, ">": gt, ">=": ge}[operator](shown, value)
        return not result if domain[0] == "!" else result

    def test_order_and_sums(self):
        for name in ("customer_balance", "customer_overdue"):
            found = self.env["res.partner"].search(
                [("id", "in", self.customers.ids)], order=f"{name} DESC NULLS LAST, id"
            )
            values = [value or 0 for value in found.mapped(name)]
            self.assertEqual([v for v in values if v], sorted((v for v in values if v), reverse=True))
            [(total,)] = self.env["res.partner"]._read_group(
                [("id", "in", self.customers.ids)], [], [f"{name}:sum"]
            )
            self.assertAlmostEqual(total, sum(self.customers.mapped(name)), 2)
        description = self.env["res.partner"].fields_get(FIGURES, ["sortable", "searchable", "aggregator"])
        self.assertTrue(all(description[name]["sortable"] for name in SEARCHABLE))
        self.assertEqual(description["customer_balance"]["aggregator"], "sum")

    def test_balances_tie_out_with_the_ledger(self):
        ledger = sum(self.receivable_items(self.company).filtered("partner_id").mapped("balance"))
        commercial = (
            self.env["res.partner"].with_context(active_test=False).search([("customer_balance", "!=", 0)])
        )
        total = sum(
            commercial.filtered(lambda partner: partner == partner.commercial_partner_id).mapped(
                "customer_balance"
            )
        )
        self.assertAlmostEqual(total, ledger, 2)

    # ---- who sees what, and how many queries -------------------------------------------------------

    def test_amounts_are_for_readers_and_accountants(self):
        self.invoice(self.customers[0], 500)
        for groups, sees in (
            ("kundekartotek_addon.group_reader", True),
            ("account.group_account_invoice", True),
            ("sales_team.group_sale_manager", False),
            ("base.group_user", False),
        ):
            user = new_test_user(self.env, groups.split(".")[1], groups=groups, company_id=self.company.id)
            customer = self.customers[0].with_user(user)
            with self.subTest(groups=groups):
                self.assertEqual(set(FIGURES) <= set(customer.fields_get()), sees)
                self.assertFalse(customer.customer_on_hold)
                if sees:
                    self.assertEqual(customer.read(["customer_balance"])[0]["customer_balance"], 500)
                    self.assertIn(customer, customer.search([("customer_balance", "=", 500)]))
                    self.assertEqual(customer.action_open_customer_items()["res_model"], "account.move.line")
                    self.assertEqual(customer.action_open_last_invoice()["res_model"], "account.move")
                    continue
                for name in FIGURES:
                    with self.assertRaises(AccessError):
                        customer.read([name])
                for name in SEARCHABLE:
                    with self.assertRaises(AccessError):
                        customer.search([(name, "!=", False)])
                    with self.assertRaises(AccessError):
                        customer.search([], order=name)
                with self.assertRaises(AccessError):
                    customer._read_group([], [], ["customer_balance:sum"])
                if groups == "base.group_user":
                    for action in (
                        "action_open_customer_items",
                        "action_open_overdue_items",
                        "action_open_last_invoice",
                        "action_open_last_payment",
                    ):
                        with self.assertRaises(AccessError):
                            getattr(customer, action)()

    def test_documents_behind_the_figures(self):
        for customer in self.customers[1:]:
            for action, figure in (
                (customer.action_open_customer_items, "customer_balance"),
                (customer.action_open_overdue_items, "customer_overdue"),
            ):
                items = (
                    self.env["account.move.line"]
                    .with_context(allowed_company_ids=(self.company + self.branch).ids)
                    .search(action()["domain"])
                )
                self.assertAlmostEqual(sum(items.mapped("amount_residual")), customer[figure], 2)
        payment = self.prepay(self.customers[1], 10, TODAY + timedelta(1))
        action = self.customers[1].action_open_last_payment()
        self.assertEqual((action["res_model"], action["res_id"]), (payment._name, payment.id))

    def test_number_of_queries_is_constant(self):
        def queries(partners, name):
            self.env.flush_all()
            self.env.invalidate_all()
            partners.fetch(["commercial_partner_id", "credit_limit", "company_id"])
            start = self.env.cr.sql_log_count
            partners.mapped(lambda partner: partner[name])
            return self.env.cr.sql_log_count - start

        few = {
            name: max(queries(self.customers[1] + self.contacts[1], name) for _twice in range(2))
            for name in (*FIGURES, "total_invoiced", "days_sales_outstanding")
        }
        for name, number in few.items():
            with self.subTest(figure=name):
                self.assertLessEqual(queries(self.customers + self.contacts, name), number)
        self.assertLessEqual(max(few[name] for name in FIGURES), 6)

    def test_page_takes_the_same_queries_for_every_customer(self):
        """The form's fields, as the client asks for them: nothing grows with the customer's documents."""
        views = self.env["res.partner"].get_views([(False, "form")])
        names = etree.fromstring(views["views"]["form"]["arch"]).xpath("//field[not(ancestor::field)]/@name")

        def queries(partner):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            partner.web_read({name: {} for name in names})
            return self.env.cr.sql_log_count - start

        customer = self.customers[1]
        queries(customer)  # what a server keeps between requests
        before = queries(customer)
        for number in range(20):
            self.invoice(customer, 100 + number)
        self.env["res.partner"].create([
            {"name": f"Person {number}", "parent_id": customer.id} for number in range(5)])
        self.assertLessEqual(queries(customer), before)

    def test_new_receivable_account_counts_at_once(self):
        customer = self.env["res.partner"].create({"name": "Ny konto AS", "is_company": True})
        self.assertFalse(customer.customer_balance)  # which accounts there are is known now
        account = self.env["account.account"].create(
            {"name": "Kundefordringer II", "code": "1599", "account_type": "asset_current", "reconcile": True}
        )
        self.env["res.partner"].browse()._receivable_account_ids()
        account.account_type = "asset_receivable"
        self.assertIn(account.id, customer._receivable_account_ids())
        second = account.copy({"code": "1598"})
        self.assertIn(second.id, customer._receivable_account_ids())
        customer.property_account_receivable_id = second
        self.invoice(customer, 250)
        customer.invalidate_recordset()
        self.assertEqual(customer.customer_balance, 250)


@tagged("post_install", "-at_install")
class TestCustomerHold(TransactionCase):
    """A room puts a customer on hold by adding a reason."""

    def test_reasons_of_a_room_are_shown_on_customer_and_contacts(self):
        company, other = self.env["res.partner"].create(
            [
                {"name": "Stengt AS", "is_company": True, "comment": "hold"},
                {"name": "Åpen AS", "is_company": True},
            ]
        )
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": company.id})

        def _customer_hold_reasons(partner):
            reasons = original(partner)
            return reasons + ["Over the limit", "Bankrupt"] if "hold" in (partner.comment or "") else reasons

        original = self.registry["res.partner"]._customer_hold_reasons
        self.patch(self.registry["res.partner"], "_customer_hold_reasons", _customer_hold_reasons)
        self.assertEqual(
            (company + contact + other).mapped(
                lambda partner: (partner.customer_on_hold, partner.customer_hold_reason)
            ),
            [(True, "Over the limit\nBankrupt")] * 2 + [(False, "")],
        )

    def test_nobody_is_on_hold_yet(self):
        partner = self.env["res.partner"].create({"name": "Kunde AS", "customer_rank": 1})
        self.assertEqual((partner.customer_on_hold, partner.customer_hold_reason), (False, ""))
