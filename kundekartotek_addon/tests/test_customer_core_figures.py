# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.account.models.partner import ResPartner as CorePartner

from .customer_ledger import TODAY, CustomerLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestCoreFigures(CustomerLedgerCase):
    """Core's own figures of a contact, as we compute them, against core's computation."""

    def test_core_s_search_finds_the_same(self):
        vendor = self.customers[0]
        self._create_invoice(move_type="in_invoice", partner_id=vendor, invoice_date=TODAY, post=True)
        settled = self.env["res.partner"].create({"name": "Gjort opp AS"})
        self.pay(self.invoice(settled, 100))
        Partner = self.env["res.partner"].with_context(active_test=False)
        for account_type in ("asset_receivable", "liability_payable"):
            amounts = {0, 100, -250.5, *self.customers.mapped("credit"), *self.customers.mapped("debit")}
            for amount in amounts:
                for operator in ("<", "<=", "=", ">=", ">"):
                    self.env.flush_all()
                    core = Partner.search(
                        CorePartner._asset_difference_search(Partner, account_type, operator, amount)
                    )
                    ours = Partner.search(Partner._asset_difference_search(account_type, operator, amount))
                    with self.subTest(account_type=account_type, operator=operator, amount=amount):
                        self.assertEqual(ours, core)
        for operator, operand in (("in", [1]), ("ilike", "x"), (">", "x"), (">", None)):
            self.assertEqual(
                Partner._asset_difference_search("asset_receivable", operator, operand),
                CorePartner._asset_difference_search(Partner, "asset_receivable", operator, operand),
            )
        self.assertIn(settled, Partner.search([("credit", "<=", 0)]))

    def test_core_s_search_passes_over_archived_accounts(self):
        account = self.env["account.account"].create(
            {"name": "Gamle kunder", "code": "1599", "account_type": "asset_receivable", "reconcile": True}
        )
        self.customers[0].property_account_receivable_id = account
        self.invoice(self.customers[0], 100)
        self.assertIn(self.customers[0], self.env["res.partner"].search([("credit", ">", 0)]))
        account.active = False
        self.assertNotIn(self.customers[0], self.env["res.partner"].search([("credit", ">", 0)]))
        self.assertIn(self.customers[0], self.env["res.partner"].search([("customer_balance", ">", 0)]))

    def test_core_s_invoiced_total_is_the_same(self):
        self.invoice(self.contacts[1], 99.97, invoice_cash_rounding_id=self.cash_rounding_a.id)
        self.invoice(
            self.customers[1],
            99.99,
            invoice_cash_rounding_id=self.cash_rounding_a.id,
            currency_id=self.euro.id,
        )
        self._create_invoice_one_line(
            price_unit=80, tax_ids=self.tax_sale_a, partner_id=self.customers[2], post=True
        )
        self._create_invoice_one_line(
            price_unit=80, partner_id=self.customers[2], move_type="out_receipt", post=True
        )
        salesperson = new_test_user(
            self.env,
            "sales_accountant",
            groups=("sales_team.group_sale_salesman,account.group_account_invoice"),
            company_id=self.company.id,
        )
        self.invoice(self.customers[2], 123, invoice_user_id=salesperson.id)
        self.contacts[2].parent_id = self.customers[3]  # takes its invoices along, but stays debtor of none
        self.contacts[3].active = False
        for user in (self.env.user, salesperson):
            for companies in (self.company, self.company + self.branch, self.company + self.other_company):
                if companies <= user.company_ids:
                    partners = (
                        (self.customers + self.contacts)
                        .with_user(user)
                        .with_context(allowed_company_ids=companies.ids)
                    )
                    partners.invalidate_recordset(["total_invoiced"])
                    ours = partners.mapped(lambda partner: partner.total_invoiced)
                    self.assertTrue(any(ours))
                    partners.invalidate_recordset(["total_invoiced"])
                    with self.env.protecting([partners._fields["total_invoiced"]], partners):
                        CorePartner._invoice_total(partners)
                    for partner, ours_of_partner in zip(partners, ours, strict=True):
                        with self.subTest(
                            user=user.login, companies=companies.mapped("name"), partner=partner.name
                        ):
                            self.assertAlmostEqual(ours_of_partner, partner.total_invoiced, 2)

    def test_core_s_invoiced_total_leaves_unknown_record_rules_to_core(self):
        self.env["ir.rule"].sudo().create(
            {
                "name": "Only product a",
                "model_id": self.env.ref("account.model_account_invoice_report").id,
                "domain_force": [("product_id", "=", self.product_a.id)],
            }
        )
        self.invoice(self.customers[0], 500)
        self._create_invoice_one_line(
            product_id=self.product_a, price_unit=70, tax_ids=[], partner_id=self.customers[0], post=True
        )
        self.customers.invalidate_recordset()
        self.assertEqual(self.customers[0].total_invoiced, 70)

    def test_days_sales_outstanding(self):
        self.invoice(self.customers[0], 500, TODAY - timedelta(10))
        self.assertEqual(self.customers[0].days_sales_outstanding, 10)

