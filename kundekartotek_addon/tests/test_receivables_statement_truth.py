# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import email_normalize_all

from .customer_ledger import TODAY, CustomerLedgerCase
from .test_receivables_statement import Sending

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestStatementTruth(CustomerLedgerCase):
    """A statement says what was owed on its own day, once, and only to those who may know."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_administrator")
        cls.company.partner_id.email = "post@selger.example"
        cls.case_worker, cls.salesperson = (
            new_test_user(cls.env, login=f"truth_{login}", groups=groups, company_id=cls.company.id,
                          company_ids=[Command.set(cls.company.ids)])
            for login, groups in (("worker", "kundekartotek_addon.group_case_worker"),
                                  ("sales", "sales_team.group_sale_salesman")))
        cls.customer = cls.env["res.partner"].create({
            "name": "Kontoen AS", "is_company": True, "customer_rank": 1, "email": "post@kontoen.example"})
        cls.claim = cls.invoice(cls.customer, 1000.0, TODAY - timedelta(80), TODAY - timedelta(50))

    def make(self, **vals):
        Statement = self.env["kundekartotek.statement"].with_user(self.case_worker)
        return Statement._make(self.customer.with_user(self.case_worker), **vals)

    def aged(self, day):
        [line] = self.env["kundekartotek.aging"].with_context(aging_date=str(day)).search(
            [("partner_id", "=", self.customer.id)])
        return line

    def test_printed_again_it_says_the_same(self):
        """What was paid after its day was open on it, in the list and in the ages below the movements."""
        kinds = [self.make(), self.make(kind="all", date_from=TODAY - timedelta(90))]
        said = [statement._content()["sections"] for statement in kinds]
        with freeze_time(TODAY + timedelta(20)):
            self.pay(self.claim, day=TODAY + timedelta(19))
            self.env.invalidate_all()
            self.assertEqual([statement._content()["sections"] for statement in kinds], said)

    def test_payment_of_a_day_to_come(self):
        """The invoice is open until the day of the payment, as in the aging."""
        self.pay(self.claim, day=TODAY + timedelta(3))
        statement = self.make()
        [section] = statement._content()["sections"]
        line = self.aged(TODAY)
        self.assertEqual((line.total, line.overdue), (1000.0, 1000.0))
        self.assertEqual((section["total"], statement.balance, statement.overdue), (1000.0, 1000.0, 1000.0))

    def test_invoice_of_a_day_to_come(self):
        """The mail and the list of statements name the amount that the document comes to."""
        self.invoice(self.customer, 700.0, TODAY + timedelta(5))
        statement = self.make()
        [section] = statement._content()["sections"]
        self.assertEqual((statement.balance, section["total"]), (1000.0, 1000.0))

    def test_what_is_sent_again_is_of_the_day(self):
        self.customer.email = "ingen adresse"
        statement = self.make()
        statement.action_send()
        self.assertEqual(statement.state, "failed")
        self.customer.email = "post@kontoen.example"
        later = TODAY + timedelta(20)
        with freeze_time(later), Sending(None) as sent:
            self.pay(self.claim, amount=400.0, day=later - timedelta(1))
            statement.action_send()
        self.assertEqual(len(sent), 1)
        self.assertEqual((statement.date, statement.balance), (later, 600.0))

    def test_a_branch_sends_none_of_its_own(self):
        """A statement is of the company with its branches: switched on in both, the customer still gets one."""
        (self.company + self.branch).write({"statement_monthly": True, "statement_day": 1})
        with Sending(None) as sent, self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_statement_send").method_direct_trigger()
        ours = [mail for mail in sent if "post@kontoen.example" in email_normalize_all(mail["To"])]
        self.assertEqual(len(ours), 1)

    def test_amounts_stay_with_those_who_may_see_them(self):
        """A salesperson sees on the customer that a statement went out; what is owed stands in the statement."""
        with Sending(None) as sent:
            statement = self.make()
            statement.action_send()
        amount = f"1{NO_BREAK_SPACE}000,00"
        self.assertIn(amount, sent[0].get_body(("html",)).get_content())
        self.assertEqual(len(list(sent[0].iter_attachments())), 1)
        message = self.customer.with_user(self.salesperson).message_ids[0]
        self.assertEqual(message, statement.message_id)
        self.assertNotIn(amount, message.body)
        self.assertFalse(message.sudo().attachment_ids)
        document = statement.sudo().attachment_id
        self.assertFalse(document.with_user(self.salesperson).has_access("read"))
        self.assertTrue(document.with_user(self.case_worker).has_access("read"))
