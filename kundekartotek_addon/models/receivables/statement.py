# SPDX-License-Identifier: LGPL-3.0-or-later
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize, format_date
from odoo.tools.mail import single_email_re

STATES = [("waiting", "Waiting"), ("printed", "Printed"), ("sent", "Sent"), ("failed", "Failed")]
KINDS = [("open", "Open Items"), ("all", "All Movements")]
AT_ONCE = 10  # statements mailed while the user waits; more are left to the job


class Statement(models.Model):
    """A statement of account (kontoutskrift) that was printed or mailed, or will be: of whom, as of when, and what
    became of it. Its content is worked out from the ledger when it is rendered."""

    _name = "kundekartotek.statement"
    _description = "Statement of Account"
    _order = "id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(KINDS, string="Content", required=True, readonly=True, default="open")
    date = fields.Date(string="As of", required=True, readonly=True, default=fields.Date.context_today)
    date_from = fields.Date(string="From", readonly=True, help="First day of the movements shown.")
    state = fields.Selection(STATES, required=True, readonly=True, default="waiting", index=True)
    is_monthly = fields.Boolean(string="By the Month", readonly=True, help="Made by the monthly job.")
    email = fields.Char(string="Sent to", readonly=True)
    sent_date = fields.Datetime(string="Sent", readonly=True)
    error = fields.Char(readonly=True, help="Why it could not be sent.")
    balance = fields.Monetary(readonly=True, help="What the customer owed when it was made.")
    overdue = fields.Monetary(readonly=True)
    message_id = fields.Many2one("mail.message", readonly=True, index="btree_not_null", ondelete="set null")
    attachment_id = fields.Many2one("ir.attachment", string="Document", readonly=True, ondelete="set null")

    @api.depends("partner_id", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = self.env._(
                "Statement of account %(day)s, %(customer)s",
                day=format_date(self.env, statement.date), customer=statement.partner_id.display_name)

    # -- making ------------------------------------------------------------------------------------------

    @api.model
    def _make(self, partners, **vals):
        """Statements of these customers in the current company. As superuser: those who may send statements may
        not otherwise write or change what was sent.

        :return: the statements, in the order of the customers
        """
        self._check_sender()
        partners.check_access("read")
        customers = partners.commercial_partner_id
        day = vals.setdefault("date", fields.Date.context_today(self))
        owed = customers._open_amounts(day)
        return self.sudo().create([
            {"partner_id": customer.id, "company_id": self.env.company.id, **owed[customer.id], **vals}
            for customer in customers]).with_env(self.env)

    @api.model
    def _check_sender(self):
        if not self.env.su and not self.env.user.has_group("kundekartotek_addon.group_case_worker"):
            raise AccessError(self.env._("Statements are sent by case workers and credit managers."))

    def _lang(self):
        """The customer's language, if it is installed; else the company's."""
        self.ensure_one()
        installed = dict(self.env["res.lang"].get_installed())
        wanted = (self.partner_id.lang, self.company_id.partner_id.lang, self.env.lang)
        return next((code for code in wanted if code in installed), "en_US")

    # -- sending -----------------------------------------------------------------------------------------

    def action_send(self):
        """Mail these statements, as of today: few at once, many by the job. Whatever fails is noted and the rest is
        sent."""
        self._check_sender()
        self.check_access("read")
        if any(statement.state == "sent" for statement in self):
            raise UserError(self.env._("What has been sent is not sent again: make a new statement."))
        self.sudo().write({"state": "waiting", "error": False, "date": fields.Date.context_today(self)})
        if len(self) > AT_ONCE:
            self.env.ref("kundekartotek_addon.ir_cron_statement_send").sudo()._trigger()
        else:
            for statement in self:
                statement._send()
        return self._result_action()

    def _result_action(self):
        """The statements with what became of each."""
        failed = self.filtered(lambda statement: statement.state == "failed")
        waiting = self.filtered(lambda statement: statement.state == "waiting")
        counts = {"sent": len(self - failed - waiting), "failed": len(failed), "waiting": len(waiting)}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if failed else "success",
                "sticky": bool(failed),
                "message": self.env._("Sent: %(sent)s. Waiting: %(waiting)s. Failed: %(failed)s.", **counts),
                "next": {
                    "type": "ir.actions.act_window",
                    "name": self.env._("Statements of Account"),
                    "res_model": self._name,
                    "views": [(False, "list"), (False, "form")],
                    "domain": [("id", "in", self.ids)],
                } if len(self) > 1 or failed else {"type": "ir.actions.act_window_close"},
            },
        }

    def _send(self):
        """Mail this statement to the customer's address for invoices, in the customer's language. What goes
        wrong is noted on it, not raised. As superuser: the mail, its attachment and what became of it."""
        self.ensure_one()
        statement = self.with_company(self.company_id).with_context(lang=self._lang()).sudo()
        email = statement.partner_id._get_invoice_email()
        if not email or not single_email_re.fullmatch(email_normalize(email) or ""):
            return statement._fail(self.env._("No valid e-mail address for invoices"), email)
        try:
            with self.env.cr.savepoint():
                mail = statement._make_mail(email)
                mail.send(raise_exception=False)
                mail.attachment_ids = False  # who reads the customer's messages may not see amounts
                if mail.state != "sent":
                    mail.cancel()  # it has lost its document: a new one is made
        except Exception as error:
            return statement._fail(str(error) or type(error).__name__, email)
        if mail.state != "sent":
            return statement._fail(mail.failure_reason or self.env._("The mail server refused it"), email)
        statement.write({
            "state": "sent", "email": email, "sent_date": fields.Datetime.now(), "error": False,
            **statement.partner_id._open_amounts(statement.date)[statement.partner_id.id]})
        return True

    def _fail(self, reason, email):
        self.write({"state": "failed", "error": reason, "email": email, "sent_date": False})
        if user := self.company_id.statement_user_id:
            self.partner_id.activity_schedule(
                "mail.mail_activity_data_todo", user_id=user.id,
                summary=self.with_context(lang=user.lang).env._("The statement of account could not be sent"),
                note=reason)
        return False

    def _make_mail(self, email):
        """The mail with the statement as PDF. On the customer's own thread, where answers go, stands only that it was
        sent: salespeople read that."""
        attachment = self._make_document()
        template = self.env.ref("kundekartotek_addon.statement_mail_template")
        # One's own address, and nobody else's: followers of the customer get no mail of it.
        mail_id = template.send_mail(
            self.id,
            email_layout_xmlid="mail.mail_notification_light",
            email_values={
                "model": "res.partner",
                "res_id": self.partner_id.id,
                "email_to": email,
                "recipient_ids": [],
                "auto_delete": False,
                "attachment_ids": [fields.Command.link(attachment.id)],
            },
        )
        mail = self.env["mail.mail"].browse(mail_id)
        self.message_id = mail.mail_message_id
        self.message_id.body = Markup("<p>%s</p>") % self.display_name
        return mail

    def _make_document(self):
        """Render and keep the PDF."""
        content, kind = self.env["ir.actions.report"]._render_qweb_pdf(
            "kundekartotek_addon.statement_report", self.ids)
        self.attachment_id = self.env["ir.attachment"].create({
            "name": f"{self.display_name}.{kind}",
            "raw": content,
            "res_model": self._name,
            "res_id": self.id,
        })
        return self.attachment_id

    def action_open_document(self):
        """The document as it was sent; one that was not kept is rendered anew."""
        self.ensure_one()
        self.check_access("read")
        if self.attachment_id:
            return {"type": "ir.actions.act_url", "url": f"/web/content/{self.attachment_id.id}", "target": "new"}
        return self.env.ref("kundekartotek_addon.statement_report").report_action(self)
