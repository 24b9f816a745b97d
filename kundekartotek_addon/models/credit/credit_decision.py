# SPDX-License-Identifier: LGPL-3.0-or-later
import json
import logging

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..audit import audit_looks
from ..audit.audit_author import author_of, describe
from ..audit.audit_event import NUL, ORIGINS
from ..customer.res_partner_figures import AMOUNT_GROUPS

_logger = logging.getLogger(__name__)

DECISIONS = [
    ("warned", "Warned"),
    ("held", "Put on Hold"),
    ("refused", "Refused"),
    ("cleared", "Hold Ended"),
    ("exempt", "Exempt"),
    ("released", "Released"),
    ("rejected", "Rejected"),
    ("prepayment", "Prepayment Asked For"),
    ("requested", "Requested"),
    ("first_approved", "Approved by the First"),
    ("approved", "Approved"),
    ("declined", "Declined"),
    ("withdrawn", "Withdrawn"),
    ("blocked", "Blocked by Hand"),
    ("unblocked", "Block Lifted"),
]
OWN_COLUMNS = ("id", "date")


class CreditDecision(models.Model):
    """What was decided on a customer's credit, by whom or what, and on what figures. Plain values only: a
    decision outlives the customer, the document and the user. Rows are only ever added."""

    _name = "kundekartotek.credit.decision"
    _description = "Credit Decision"
    _inherit = ["kundekartotek.audit.append.only"]
    _log_access = False  # nor may a user who is deleted change it
    _order = "date desc, id desc"
    _rec_name = "document_name"

    date = fields.Datetime(required=True, readonly=True)
    company_res_id = fields.Integer(string="Company ID", required=True, readonly=True)
    customer_res_id = fields.Integer(string="Customer ID", required=True, readonly=True)
    customer_name = fields.Char(string="Customer", readonly=True)
    document_model = fields.Char(readonly=True)
    document_res_id = fields.Integer(string="Document ID", readonly=True)
    document_name = fields.Char(string="Document", readonly=True)
    decision = fields.Selection(DECISIONS, required=True, readonly=True)
    rule = fields.Char(string="Rules", readonly=True, help="The rules that were broken.")
    amount = fields.Float(readonly=True, groups=AMOUNT_GROUPS, help="Of the document, in company currency.")
    exposure = fields.Float(readonly=True, groups=AMOUNT_GROUPS, help="With the document.")
    limit_amount = fields.Float(string="Limit", readonly=True, groups=AMOUNT_GROUPS)
    figures = fields.Json(readonly=True, groups=AMOUNT_GROUPS)
    words = fields.Text(string="Grounds", readonly=True, help="The reasons in words, without amounts.")
    reason = fields.Char(readonly=True, help="What the person who decided gave as a reason.")
    date_until = fields.Date(string="Valid until", readonly=True)
    user_res_id = fields.Integer(string="User ID", readonly=True)
    user_name = fields.Char(string="By", readonly=True)
    origin = fields.Selection(ORIGINS, readonly=True)
    origin_name = fields.Char(string="Job or Key", readonly=True)

    customer_id = fields.Many2one(
        "res.partner", string="Customer Today", compute="_compute_references", search="_search_customer_id")
    company_id = fields.Many2one("res.company", compute="_compute_references")
    currency_id = fields.Many2one("res.currency", compute="_compute_references")

    _customer_idx = models.Index("(customer_res_id, date DESC)")
    _document_idx = models.Index("(document_model, document_res_id)")
    _date_idx = models.Index("(date DESC, id DESC)")

    def _compute_references(self):
        partners = self.env["res.partner"].browse({row.customer_res_id for row in self}).exists()
        companies = self.env["res.company"].browse({row.company_res_id for row in self}).exists()
        for decision in self:
            decision.customer_id = partners.filtered(lambda p, row=decision: p.id == row.customer_res_id)
            company = companies.filtered(lambda c, row=decision: c.id == row.company_res_id)
            decision.company_id, decision.currency_id = company, company.currency_id

    def _search_customer_id(self, operator, value):
        if operator in ("any", "any!"):
            value = self.env["res.partner"].with_context(active_test=False)._search(value)
            return Domain("customer_res_id", "in", value)
        return Domain("customer_res_id", operator, value) if operator == "in" else NotImplemented

    @api.model
    def _record_refusals(self, rows):
        """Record what an error is about to undo, in a transaction of its own. Whatever goes wrong is logged."""
        try:
            with audit_looks.own_cursor(self.env.cr.dbname) as cr:
                self._record(rows, cr)
        except Exception:
            _logger.exception("%d refusals could not be recorded: %s", len(rows), rows)

    @api.model
    def _record(self, rows, cr=None):
        """Add decisions, in one statement, with the author's particulars; the date is the clock's.

        :param list[dict] rows: values by column
        :param cr: the cursor of another transaction than this one, if it shall be another
        """
        if not rows:
            return
        author = describe(self.env, author_of(self.env))
        common = {name: author[name] for name in ("origin", "origin_name", "user_res_id", "user_name")}
        plain = [name for name, field in self._fields.items() if field.store and name not in OWN_COLUMNS]
        values = json.dumps([{**common, **row} for row in rows], ensure_ascii=False, default=str)
        (cr or self.env.cr).execute(SQL(
            """INSERT INTO kundekartotek_credit_decision (date, %(columns)s)
               SELECT clock_timestamp() AT TIME ZONE 'UTC', %(columns)s
                 FROM jsonb_populate_recordset(NULL::kundekartotek_credit_decision, %(rows)s)""",
            columns=SQL(", ").join(map(SQL.identifier, plain)), rows=NUL.sub(r"\1", values)))

    def action_open_document(self):
        """The document decided on, where it still exists and the user may see it."""
        self.ensure_one()
        self.check_access("read")
        model = self.env.get(self.document_model or "")
        document = model.browse(self.document_res_id).exists() if model is not None else None
        if not document:
            return False
        document.check_access("read")
        return {
            "type": "ir.actions.act_window", "res_model": document._name, "res_id": document.id,
            "view_mode": "form", "views": [(False, "form")]}
