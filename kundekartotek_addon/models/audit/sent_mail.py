# SPDX-License-Identifier: LGPL-3.0-or-later
"""What left the house by mail: invoices, statements, reminders, and letters to customers."""

from odoo import models

from .audit_author import author_of, describe
from .audit_looks import Look


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Record mails that were handed over to the mail server, before core deletes them."""
        names = self._outside([*success_pids, *success_emails])
        if names:
            for mail in self.sudo():
                mail._record_sent(names)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )

    def _outside(self, receivers):
        """:return: names and addresses of the receivers that are no colleagues"""
        names = []
        for receiver in receivers:
            if isinstance(receiver, str):
                names.append(receiver)
            elif receiver.partner_share:
                names.append(receiver.email_formatted or receiver.name)
        return names

    def _record_sent(self, names):
        """One event, if the mail is about a partner or about a document of one. The author is who wrote it, also
        where a job sends it later."""
        model = self.env.get(self.model or "")
        if model is None or not self.res_id or not ("partner_id" in model or model._name == "res.partner"):
            return
        Event = self.env["kundekartotek.audit.event"]
        attachments = self.attachment_ids.mapped("name")
        text = ", ".join([self.subject or self.env._("Mail without a subject"), *attachments])
        author = author_of(self.env(user=self.create_uid.id or self.env.uid))
        rows = Event._look_rows(Look(author, "sent", model._name, (self.res_id,)))
        Event._record(
            [
                {
                    **describe(self.env, author),
                    "kind": "sent",
                    "res_model": model._name,
                    "res_id": row["id"],
                    "res_name": row["name"],
                    "customer_res_id": row["customer"],
                    "company_res_id": row["company"] or self.env.company.id,
                    "new_value": f"{text} → {', '.join(names)}",
                    "details": {"subject": self.subject, "attachments": attachments, "receivers": names},
                }
                for row in rows
            ]
        )
