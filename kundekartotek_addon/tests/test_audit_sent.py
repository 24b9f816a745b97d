# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.addons.mail.tests.common import MailCommon


@tagged("post_install", "-at_install")
class TestAuditSent(MailCommon):
    """What leaves the house by mail is in the trail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.partner_id.lang = "en_US"
        cls.customer = cls.env["res.partner"].create({
            "name": "Fjellbekk Bakeri AS", "is_company": True, "customer_rank": 1, "email": "post@fjellbekk.example"})
        cls.order = cls.env["sale.order"].create({"partner_id": cls.customer.id})
        cls.Event = cls.env["kundekartotek.audit.event"]

    def sent(self):
        return self.Event.search([("kind", "=", "sent"), ("customer_res_id", "=", self.customer.id)], order="id")

    def test_letter_about_an_order(self):
        attachment = self.env["ir.attachment"].create({"name": "tilbud.pdf", "raw": b"x"})
        composer = self.env["mail.compose.message"].with_user(self.user_employee).sudo().create({
            "model": "sale.order", "res_ids": str(self.order.ids), "composition_mode": "comment",
            "subject": "Tilbud", "body": "Hei", "partner_ids": [Command.set(self.customer.ids)],
            "attachment_ids": [Command.set(attachment.ids)]})
        with self.mock_mail_gateway(), self.mock_mail_app():
            composer.action_send_mail()
            self.env["mail.mail"].sudo().search([("model", "=", "sale.order"), ("state", "=", "outgoing")]).send()
        event = self.sent()
        self.assertRecordValues(event, [{
            "res_model": "sale.order", "res_id": self.order.id, "user_res_id": self.user_employee.id,
            "customer_res_id": self.customer.id}])
        self.assertRegex(event.new_value, "^Tilbud, tilbud.pdf → .*post@fjellbekk.example")
        self.assertEqual(event.details["attachments"], ["tilbud.pdf"])
        self.assertIn("sent Tilbud", event.summary)

    def test_letter_to_a_customer_and_note_to_a_colleague(self):
        with self.mock_mail_gateway():
            self.customer.message_post(body="Hei", subject="Velkommen", message_type="comment",
                                       subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
            self.customer.message_notify(body="Se her", subject="Internt", partner_ids=self.partner_employee.ids)
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.assertRecordValues(self.sent(), [{"res_model": "res.partner", "res_id": self.customer.id}])
        self.assertIn("Velkommen", self.sent().new_value)

    def test_what_could_not_be_sent_is_not_recorded(self):
        mail = self.env["mail.mail"].create({
            "model": "res.partner", "res_id": self.customer.id, "subject": "Purring",
            "email_to": "post@fjellbekk.example", "body_html": "Hei"})
        refused = patch.object(self.registry["ir.mail_server"], "send_email",
                               side_effect=MailDeliveryException("Nobody there"))
        with self.mock_mail_gateway(), refused, mute_logger("odoo.addons.mail.models.mail_mail"):
            mail.send()
        self.assertEqual(mail.state, "exception")
        self.assertFalse(self.sent())
        with self.mock_mail_gateway():
            mail.write({"state": "outgoing"})
            mail.send()
        self.assertEqual(len(self.sent()), 1)
