# SPDX-License-Identifier: LGPL-3.0-or-later
import re
from datetime import date, timedelta
from unittest.mock import patch

from lxml import html

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .customer_ledger import TODAY, CustomerLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestStatements(CustomerLedgerCase):
    """Statements of account: what they say, and what becomes of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in ("nb_NO", "en_US"):
            cls.env["res.lang"]._activate_lang(code)
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_administrator")
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_auditor")
        cls.company.partner_id.write({"lang": "nb_NO", "email": "post@selger.example"})
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "8601.11.17947", "partner_id": cls.company.partner_id.id, "allow_out_payment": True})
        cls.case_worker, cls.reader, cls.salesperson, cls.portal = (
            new_test_user(cls.env, login=f"statement_{login}", groups=groups, company_id=cls.company.id,
                          company_ids=[Command.set(cls.company.ids)])
            for login, groups in (
                ("case_worker", "kundekartotek_addon.group_case_worker"),
                ("reader", "kundekartotek_addon.group_reader"), ("sales", "sales_team.group_sale_salesman"),
                ("portal", "base.group_portal")))
        cls.customer = cls.env["res.partner"].create({
            "name": "Kontoen AS", "is_company": True, "customer_rank": 1, "lang": "nb_NO", "ref": "10077",
            "invoice_email": "faktura@kontoen.example", "email": "post@kontoen.example"})
        cls.old = cls.invoice(cls.customer, 1000.0, TODAY - timedelta(80), TODAY - timedelta(50))
        cls.new = cls.invoice(cls.customer, 250.5, TODAY, TODAY)
        cls.prepay(cls.customer, 100.0, TODAY - timedelta(3))

    def make(self, partners=None, **vals):
        Statement = self.env["kundekartotek.statement"].with_user(self.case_worker)
        return Statement._make((partners or self.customer).with_user(self.case_worker), **vals)

    def text(self, statement):
        """The document as text, with plain spaces."""
        content, _kind = self.env["ir.actions.report"].with_user(self.reader)._render_qweb_html(
            "kundekartotek_addon.statement_report", statement.ids)
        return re.sub(r"\s+", " ", html.fromstring(content).text_content())

    # -- what it says ------------------------------------------------------------------------------------

    def test_open_items(self):
        [section] = self.make()._content()["sections"]
        # Not due, 1–30, 31–60, 61–90, over 90, unallocated. Due today is not overdue.
        self.assertEqual(section["buckets"], [250.5, 0, 1000.0, 0, 0, -100.0])
        self.assertEqual(section["total"], 1150.5)
        self.assertEqual([line["days"] for line in section["lines"]], [50, None, None])
        self.assertEqual(sorted(line["residual"] for line in section["lines"]), [-100.0, 250.5, 1000.0])
        self.assertEqual(section["lines"][0]["kid"], self.old.payment_reference)

    def test_document(self):
        self.old.partner_bank_id = self.bank
        text = self.text(self.make())
        for wanted in (self.old.name, self.old.payment_reference, "1 150,50", "8601.11.17947", "Kontoen AS", "10077",
                       "23.11.2026", "Over 90"):
            self.assertIn(wanted, text.replace("\xa0", " "))

    def test_all_movements_between_balances(self):
        first = TODAY - timedelta(10)
        statement = self.make(kind="all", date_from=first)
        [section] = statement._content()["sections"]
        self.assertEqual(section["opening"], 1000.0)
        self.assertEqual([line["balance"] for line in section["lines"]], [900.0, 1150.5])
        self.assertEqual(section["total"], 1150.5)
        self.assertEqual(sum(section["buckets"]), 1150.5)
        self.text(statement)

    def test_totals_are_the_ledgers(self):
        """Anything that may have happened: the sections in company currency come to the customer's balance."""
        for customer in self.customers:
            statement = self.make(customer)
            self.assertEqual(statement.balance, customer.customer_balance)
            self.assertEqual(statement.overdue, customer.customer_overdue)
            for section in statement._content()["sections"]:
                self.assertAlmostEqual(section["total"], sum(section["buckets"]), 2)
                self.assertAlmostEqual(section["total"], sum(line["residual"] for line in section["lines"]), 2)
            items = self.env["account.move.line"].sudo().search([
                ("partner_id", "child_of", customer.id), ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"), ("company_id", "in", (self.company + self.branch).ids)])
            shown = {section["currency"]: section["total"] for section in statement._content()["sections"]}
            for currency in items.currency_id:
                ours = items.filtered_domain([("currency_id", "=", currency.id)])
                self.assertAlmostEqual(shown.get(currency, 0), sum(ours.mapped("amount_residual_currency")), 2)

    def test_each_currency_by_itself(self):
        self.invoice(self.customer, 77.0, TODAY - timedelta(5), TODAY - timedelta(1), currency_id=self.euro.id)
        own, foreign = self.make()._content()["sections"]
        self.assertEqual((own["currency"], own["total"]), (self.company.currency_id, 1150.5))
        self.assertEqual((foreign["currency"], foreign["total"], foreign["buckets"][1]), (self.euro, 77.0, 77.0))

    def test_what_is_left_of_an_exchange_is_of_no_movement(self):
        """Nothing is left in the invoice's currency: the ages of the company's own add up to its movements."""
        invoice = self.invoice(self.customer, 77.0, TODAY - timedelta(5), currency_id=self.euro.id)
        item = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        self.env.flush_all()
        self.env.cr.execute(SQL(
            "UPDATE account_move_line SET amount_residual = 5, amount_residual_currency = 0 WHERE id = %s", item.id))
        self.env.invalidate_all()
        own, foreign = self.make(kind="all", date_from=TODAY - timedelta(90))._content()["sections"]
        self.assertEqual((own["total"], sum(own["buckets"])), (1150.5, 1150.5))
        self.assertEqual(sum(foreign["buckets"]), 0)

    def test_language_of_the_customer(self):
        self.customer.lang = "en_US"
        self.assertIn("Statement of Account", self.text(self.make()))
        self.customer.lang = "nb_NO"
        self.assertIn("Kontoutskrift", self.text(self.make()))

    def test_other_companies_stay_out(self):
        self.invoice(self.customer, 5555.0, company=self.other_company)
        self.assertNotIn("555", self.text(self.make()))

    # -- sending -----------------------------------------------------------------------------------------

    def send(self, partners, kind="open"):
        form = Form(self.env["kundekartotek.statement.send"].with_user(self.case_worker).with_context(
            default_partner_ids=partners.ids))
        form.kind = kind
        action = form.save().action_send()
        return self.env["kundekartotek.statement"].search([("partner_id", "in", partners.ids)]), action

    def test_sent_to_the_invoice_address(self):
        with self.sending() as sent:
            statements, _action = self.send(self.customer)
        self.assertFalse(statements.error)
        self.assertEqual([message["To"] for message in sent], ["faktura@kontoen.example"])
        self.assertIn("Kontoutskrift", sent[0]["Subject"])
        self.assertEqual([part.get_filename() for part in sent[0].iter_attachments()], [
            statements.attachment_id.name])
        self.assertEqual((statements.state, statements.email), ("sent", "faktura@kontoen.example"))
        self.assertEqual(statements.create_uid, self.case_worker)
        message = self.customer.message_ids[0]
        self.assertEqual(message, statements.message_id)
        event = self.env["kundekartotek.audit.event"].search([
            ("kind", "=", "sent"), ("customer_res_id", "=", self.customer.id)])
        self.assertIn("faktura@kontoen.example", event.new_value)
        self.assertEqual(event.company_res_id, self.company.id)

    def test_one_bad_address_stops_nobody(self):
        others = self.env["res.partner"].create([
            {"name": "Uten adresse", "customer_rank": 1}, {"name": "Skrivefeil", "email": "ikke en adresse"},
            {"name": "Avvist", "email": "avvist@kunde.example"}, {"name": "Siste", "email": "siste@kunde.example"}])
        with self.sending(refuse="avvist@kunde.example") as sent:
            statements, action = self.send(others[0] + others[1] + others[2] + self.customer + others[3])
        states = {statement.partner_id.name: statement.state for statement in statements}
        self.assertEqual(states, {"Uten adresse": "failed", "Skrivefeil": "failed", "Avvist": "failed",
                                  "Kontoen AS": "sent", "Siste": "sent"})
        self.assertEqual(len(sent), 2)
        self.assertTrue(all(statements.filtered(lambda statement: statement.state == "failed").mapped("error")))
        self.assertEqual(action["params"]["type"], "warning")
        self.assertIn("3", action["params"]["message"])
        failed = statements.filtered(lambda statement: statement.partner_id.name == "Skrivefeil")
        failed.partner_id.email = "riktig@kunde.example"
        with self.sending():
            failed.with_user(self.case_worker).action_send()
        self.assertEqual(failed.state, "sent")
        with self.assertRaises(UserError):
            failed.with_user(self.case_worker).action_send()

    def test_printing(self):
        wizard = self.env["kundekartotek.statement.send"].with_user(self.case_worker).create(
            {"partner_ids": [Command.set((self.customer + self.customers[1]).ids)]})
        action = wizard.action_print()
        self.assertEqual(action["report_name"], "kundekartotek_addon.statement_document")
        statements = self.env["kundekartotek.statement"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(statements.state, "printed")

    # -- by the month --------------------------------------------------------------------------------------

    def run_job(self):
        with self.sending() as sent, self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_statement_send").method_direct_trigger()
        self.env.invalidate_all()
        return sent

    def test_monthly(self):
        declined = self.env["res.partner"].create(
            {"name": "Nei takk", "email": "nei@kunde.example", "statement_opt_out": True})
        paid = self.env["res.partner"].create({"name": "Oppgjort", "email": "gjort@kunde.example"})
        self.invoice(declined, 90.0)
        self.pay(self.invoice(paid, 90.0))
        self.company.write({"statement_monthly": True, "statement_day": 20, "statement_user_id": self.case_worker.id})
        with freeze_time(date(2026, 11, 19)):
            self.run_job()
        Statement = self.env["kundekartotek.statement"]
        self.assertFalse(Statement.search([("company_id", "=", self.company.id)]))
        sent = self.run_job()
        statements = Statement.search([("company_id", "=", self.company.id)])
        self.assertIn(self.customer, statements.partner_id)
        self.assertFalse(statements.partner_id & (declined + paid))
        self.assertEqual(len(sent), len(statements.filtered(lambda statement: statement.state == "sent")))
        failed = statements.filtered(lambda statement: statement.state == "failed")  # have no address
        self.assertEqual(failed.partner_id.activity_ids.user_id, self.case_worker)
        self.assertFalse(statements - failed - statements.filtered(lambda statement: statement.state == "sent"))
        self.assertTrue(all(statements.mapped("is_monthly")))
        self.run_job()
        self.assertEqual(Statement.search_count([("company_id", "=", self.company.id)]), len(statements))
        with freeze_time(date(2026, 12, 20)):
            self.run_job()
        again = Statement.search([("company_id", "=", self.company.id)]) - statements
        self.assertLessEqual(statements.partner_id, again.partner_id)

    def test_many_are_left_to_the_job(self):
        customers = self.env["res.partner"].create([
            {"name": f"Kunde {number}", "email": f"kunde{number}@kunde.example"} for number in range(12)])
        with self.sending() as sent:
            statements, _action = self.send(customers)
        self.assertEqual((set(statements.mapped("state")), sent), ({"waiting"}, []))
        self.assertEqual(len(self.run_job()), 12)
        self.assertEqual(set(statements.mapped("state")), {"sent"})

    # -- who may -----------------------------------------------------------------------------------------

    def test_roles(self):
        statement = self.make()
        for user in (self.reader, self.salesperson, self.portal):
            with self.assertRaises(AccessError):
                self.env["kundekartotek.statement.send"].with_user(user).create(
                    {"partner_ids": [Command.set(self.customer.ids)]})
            with self.assertRaises(AccessError):
                statement.with_user(user).action_send()
        for user in (self.salesperson, self.portal):
            for call in (lambda record: record._content(), lambda record: record.action_open_document()):
                with self.assertRaises(AccessError):
                    call(statement.with_user(user))
        with self.assertRaises(AccessError):
            statement.with_user(self.case_worker).write({"state": "sent"})
        foreign = self.env["kundekartotek.statement"].with_company(self.other_company)._make(self.customer)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            foreign.with_user(self.case_worker).action_send()

    def sending(self, refuse=None):
        return Sending(refuse)


class Sending:
    """Takes the messages that would go out; one address is refused."""

    def __init__(self, refuse):
        self.refuse, self.sent = refuse, []

    def __enter__(self):
        test = self

        def send_email(server, message, *args, **kwargs):
            if test.refuse and test.refuse in message["To"]:
                raise ConnectionRefusedError("550 Ukjent mottaker")
            test.sent.append(message)
            return message["Message-Id"]

        self.patches = [
            patch.object(IrMail_Server, "send_email", send_email),
            patch.object(IrMail_Server, "_disable_send", lambda server: False),
            patch.object(IrMail_Server, "_connect__", lambda server, *args, **kwargs: None),
            mute_logger("odoo.addons.mail.models.mail_mail"),
        ]
        for each in self.patches:
            each.__enter__()
        return self.sent

    def __exit__(self, *arguments):
        for each in reversed(self.patches):
            each.__exit__(*arguments)
