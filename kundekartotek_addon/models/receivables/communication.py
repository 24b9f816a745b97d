# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL, html2plaintext

from ._communication_sql import ACTIVITIES, CHANNELS, KINDS, MESSAGES, RESULTS, STATEMENTS

# Where messages and tasks of a customer lie: model, the table's alias is "document".
DOCUMENTS = {
    "res.partner": SQL("document.commercial_partner_id"),
    "account.move": SQL("document.commercial_partner_id"),
    "sale.order": SQL("(SELECT commercial_partner_id FROM res_partner WHERE id = document.partner_id)"),
}


class Communication(models.Model):
    """What was said and sent between the company and a customer, its contacts included: one line of time over
    messages, invoices, statements and tasks, wherever they lie. Shown is only what lies on documents that the
    user may read."""

    _name = "kundekartotek.communication"
    _description = "Communication with Customers"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "subject"
    _depends = {
        "mail.message": ["author_id", "body", "date", "is_internal", "mail_activity_type_id", "message_type", "model",
                         "res_id", "subject", "subtype_id", "attachment_ids"],
        "mail.notification": ["mail_message_id", "notification_status", "notification_type"],
        "mail.mail": ["mail_message_id", "state", "email_to"],
        "mail.activity": ["active", "activity_type_id", "date_deadline", "res_id", "res_model", "summary", "user_id"],
        "kundekartotek.statement": ["company_id", "email", "error", "message_id", "partner_id", "state"],
        "account.move": ["commercial_partner_id", "company_id", "move_type", "name", "partner_id"],
        "sale.order": ["company_id", "name", "partner_id"],
        "res.partner": ["commercial_partner_id"],
    }

    date = fields.Datetime(readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contact_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    kind = fields.Selection(KINDS, string="Type", readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    result = fields.Selection(RESULTS, readonly=True)
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False)
    preview = fields.Char(string="Content", compute="_compute_preview")
    author_id = fields.Many2one("res.partner", string="From", readonly=True)
    recipient = fields.Char(string="To", readonly=True)
    res_model = fields.Char(string="Document Model", readonly=True)
    res_id = fields.Many2oneReference(string="Document ID", model_field="res_model", readonly=True)
    document_name = fields.Char(string="Document", compute="_compute_document_name")

    @property
    def _table_query(self):
        """:return: SELECT of everything from all sources; an id holds the id of the source's row"""
        sources = self._sources()
        return SQL(" UNION ALL ").join(
            SQL("SELECT source.id::bigint * %s + %s AS id, %s FROM (%s) source",
                len(sources), number,
                SQL(", ").join(SQL.identifier("source", name) for name in self._source_columns()), source)
            for number, source in enumerate(sources))

    @api.model
    def _source_columns(self):
        return ("date", "partner_id", "contact_id", "company_id", "kind", "channel", "result", "subject", "body",
                "author_id", "recipient", "res_model", "res_id")

    @api.model
    def _sources(self):
        """The sources: a hook, other rooms add theirs.

        :return: list of SELECTs of ``id``, unique within the source, and the columns of ``_source_columns``
            with the types of this model's fields. A source holds only what the user may read: see
            ``_readable``.
        """
        today = fields.Date.context_today(self)
        sources = []
        for model, customer in DOCUMENTS.items():
            if self.env[model].has_access("read"):
                values = {
                    "model": model, "table": SQL.identifier(self.env[model]._table), "customer": customer,
                    "readable": self._readable(model), "company": self._document_company(model),
                    "contact": SQL("document.id" if model == "res.partner" else "document.partner_id"),
                    "is_sale": SQL("document.move_type IN ('out_invoice', 'out_refund', 'out_receipt')")
                    if model == "account.move" else SQL("TRUE"), "today": today,
                    "type_name": self.env["mail.activity.type"]._field_to_sql("type", "name")}
                sources += [SQL(MESSAGES, **values), SQL(ACTIVITIES, **values)]
        if self.env["kundekartotek.statement"].has_access("read"):
            sources.append(SQL(STATEMENTS, readable=self._readable("kundekartotek.statement")))
        return sources

    @api.model
    def _readable(self, model):
        """Condition that the user may read the document, by the record rules of its model."""
        if self.env.su:
            return SQL("TRUE")
        query = self.env[model].with_context(active_test=False)._search([])
        return SQL("document.id IN %s", query.subselect())

    @api.model
    def _document_company(self, model):
        return SQL("NULL::int" if model == "res.partner" else "document.company_id")

    @api.depends("body")
    def _compute_preview(self):
        for line in self:
            text = " ".join(html2plaintext(line.body or "", include_references=False).split())
            line.preview = text[:160] + ("…" if len(text) > 160 else "")

    @api.depends("res_model", "res_id")
    def _compute_document_name(self):
        for line in self:
            document = self.env[line.res_model].browse(line.res_id) if line.res_model in self.env else None
            line.document_name = document.display_name if document and document.has_access("read") else False

    @api.readonly
    def action_open_document(self):
        """The record that the message lies on."""
        self.ensure_one()
        self.check_access("read")
        document = self.env[self.res_model].browse(self.res_id)
        document.check_access("read")
        return {"type": "ir.actions.act_window", "res_model": document._name, "res_id": document.id,
                "views": [(False, "form")]}
