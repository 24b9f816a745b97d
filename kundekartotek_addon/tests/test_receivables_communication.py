# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.kundekartotek_addon.models.receivables.communication import Communication

from .customer_ledger import TODAY, CustomerLedgerCase
from .test_receivables_statement import Sending


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestCommunication(CustomerLedgerCase):
    """One line of time of what was said and sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case_worker, cls.salesperson, cls.portal = (
            new_test_user(cls.env, login=f"talk_{login}", groups=groups, company_id=cls.company.id,
                          company_ids=[Command.set(cls.company.ids)])
            for login, groups in (
                ("case_worker", "kundekartotek_addon.group_case_worker"), ("sales", "sales_team.group_sale_salesman"),
                ("portal", "base.group_portal")))
        cls.customer = cls.env["res.partner"].create({
            "name": "Praten AS", "is_company": True, "customer_rank": 1, "email": "post@praten.example"})
        cls.person = cls.env["res.partner"].create(
            {"name": "Pia Prat", "parent_id": cls.customer.id, "email": "pia@praten.example"})

    def lines(self, user=None, *domain):
        Log = self.env["kundekartotek.communication"].with_user(user or self.case_worker)
        return Log.search([("partner_id", "=", self.customer.id), *domain])

    def assertLine(self, expected, **values):
        """Exactly one line, with these values."""
        line = self.lines(None, *((name, "=", value) for name, value in values.items()))
        self.assertEqual(len(line), 1)
        self.assertEqual({name: line[name] for name in expected}, expected)
        return line

    def test_messages_of_the_company_and_its_contacts(self):
        self.customer.message_post(body="Ringer tilbake", subject="Avtale", message_type="comment")
        self.person.message_post(
            body="Kan vi dele opp?", message_type="email", subtype_xmlid="mail.mt_comment", subject="Spørsmål",
            author_id=self.person.id)
        note = self.assertLine({"kind": "note", "channel": "internal", "result": False}, subject="Avtale")
        self.assertEqual((note.preview, note.document_name), ("Ringer tilbake", self.customer.display_name))
        mail = self.assertLine({"kind": "message", "channel": "email", "result": "received"}, subject="Spørsmål")
        self.assertEqual((mail.contact_id, mail.author_id), (self.person, self.person))
        self.assertEqual(mail.action_open_document()["res_id"], self.person.id)

    def test_tracking_is_no_communication(self):
        before = self.lines()
        self.customer.message_post(body="Feltet ble endret", message_type="notification")
        self.assertEqual(self.lines(), before)

    def test_invoice_sent(self):
        invoice = self.invoice(self.customer, 100.0)
        with Sending(None):
            self.env["account.move.send.wizard"].with_context(
                active_model="account.move", active_ids=invoice.ids).create(
                {"sending_methods": ["email"]}).action_send_and_print()
        line = self.assertLine({"channel": "email", "result": "sent"}, kind="invoice")
        self.assertEqual((line.res_model, line.res_id, line.company_id), ("account.move", invoice.id, self.company))

    def test_statement_sent_and_failed(self):
        self.invoice(self.customer, 100.0)
        Statement = self.env["kundekartotek.statement"].with_user(self.case_worker)
        with Sending(None):
            Statement._make(self.customer.with_user(self.case_worker)).action_send()
        line = self.assertLine({"channel": "email", "result": "sent"}, kind="statement")
        self.assertEqual(line.recipient, "post@praten.example")
        Statement._make(self.customer.with_user(self.case_worker), state="printed")
        self.assertLine({"channel": "letter", "kind": "statement"}, result="printed")
        with Sending("post@praten.example"):
            Statement._make(self.customer.with_user(self.case_worker)).action_send()
        results = self.lines(None, ("kind", "=", "statement")).mapped("result")
        self.assertEqual(sorted(results), ["failed", "printed", "sent"])

    def test_activities(self):
        for days, summary in ((-1, "Skulle ringt"), (1, "Ringe")):
            self.customer.activity_schedule(
                "mail.mail_activity_data_call", date_deadline=TODAY + timedelta(days), summary=summary,
                user_id=self.case_worker.id)
        self.assertLine({"kind": "activity", "channel": "phone", "result": "overdue"}, subject="Skulle ringt")
        self.assertLine({"kind": "activity", "channel": "phone", "result": "planned"}, subject="Ringe")
        self.customer.activity_ids.filtered(lambda activity: activity.summary == "Ringe").action_feedback("Svarte ikke")
        done = self.assertLine({"kind": "activity", "channel": "phone"}, result="done")
        self.assertIn("Svarte ikke", done.preview)

    def test_promise_is_part_of_it(self):
        invoice = self.invoice(self.customer, 100.0)
        invoice.with_user(self.case_worker)._note_followup({"promise_date": TODAY})
        line = self.assertLine({"result": False}, kind="note")
        self.assertEqual((line.res_model, line.author_id), ("account.move", self.case_worker.partner_id))

    def test_bounced(self):
        message = self.customer.message_post(
            body="Hei", partner_ids=self.person.ids, subtype_xmlid="mail.mt_comment", subject="Tilbakemelding",
            message_type="comment")
        self.assertTrue(message.notification_ids)
        message.notification_ids.sudo().notification_status = "bounce"
        self.assertLine({"kind": "message", "channel": "email", "result": "failed"}, subject="Tilbakemelding")

    def test_only_on_documents_one_may_read(self):
        foreign = self.invoice(self.customer, 100.0, company=self.other_company)
        foreign.message_post(body="Hemmelig", subject="Annet selskap")
        self.assertFalse(self.lines(None, ("subject", "=", "Annet selskap")))
        own = self.env["res.partner"].sudo().create(
            {"name": "Avdelingen", "parent_id": self.customer.id, "company_id": self.other_company.id})
        own.message_post(body="Også hemmelig", subject="Annen kontakt")
        self.assertFalse(self.lines(None, ("subject", "=", "Annen kontakt")))
        for user in (self.salesperson, self.portal):
            with self.assertRaises(AccessError):
                self.lines(user)
            with self.assertRaises(AccessError):
                self.customer.with_user(user).action_open_communication()

    def test_another_source(self):
        """What the reminders will add: a source of its own beside these."""
        sources = Communication._sources

        def with_reminders(log):
            return sources(log) + [SQL(
                """SELECT id, now()::timestamp AS date, id AS partner_id, id AS contact_id, NULL::int AS company_id,
                          'reminder' AS kind, 'letter' AS channel, 'sent' AS result, 'Purring' AS subject,
                          NULL AS body, NULL::int AS author_id, NULL AS recipient, 'res.partner' AS res_model,
                          id AS res_id FROM res_partner""")]

        self.customer.message_post(body="Hei")
        before = len(self.lines())
        with patch.object(Communication, "_sources", with_reminders):
            self.assertEqual(len(self.lines()), before + 1)
            self.assertLine({"subject": "Purring", "channel": "letter"}, kind="reminder")

    def test_button(self):
        action = self.person.with_user(self.case_worker).action_open_communication()
        self.assertEqual(action["domain"], [("partner_id", "=", self.customer.id)])

    def test_a_message_is_one_line_however_many_mails_it_took(self):
        """A message to a customer and a colleague goes out as two mails; the one that failed is told."""
        message = self.customer.message_post(body="Til begge", subject="To mottakere", message_type="comment")
        self.env["mail.mail"].create([
            {"mail_message_id": message.id, "email_to": address, "state": state}
            for address, state in (("post@praten.example", "exception"), ("kollega@selger.example", "outgoing"))])
        self.assertLine({"channel": "email", "result": "failed"}, subject="To mottakere")

    def test_a_task_without_a_summary_is_called_by_its_type_in_the_users_language(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        call = self.env["mail.activity.type"].create({"name": "Call"})
        call.with_context(lang="nb_NO").name = "Ring kunden"
        self.customer.activity_schedule(activity_type_id=call.id, user_id=self.case_worker.id)
        log = self.env["kundekartotek.communication"].with_user(self.case_worker).with_context(lang="nb_NO")
        [line] = log.search([("partner_id", "=", self.customer.id), ("kind", "=", "activity")])
        self.assertEqual(line.subject, "Ring kunden")

    def test_a_statement_opens_itself(self):
        """What was sent lies there, not among the customer's messages."""
        statement = self.env["kundekartotek.statement"].with_user(self.case_worker)._make(
            self.customer.with_user(self.case_worker))
        with Sending(None):
            statement.action_send()
        self.assertEqual(statement.state, "sent")
        line = self.assertLine({"channel": "email", "result": "sent"}, kind="statement")
        self.assertEqual((line.res_model, line.res_id), ("kundekartotek.statement", statement.id))
