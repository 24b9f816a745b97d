# SPDX-License-Identifier: LGPL-3.0-or-later
import json
import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

KINDS = [
    ("created", "Created"),
    ("changed", "Changed"),
    ("archived", "Archived"),
    ("restored", "Restored"),
    ("deleted", "Deleted"),
    ("merged", "Merged"),
    ("seen", "Seen"),
    ("searched", "Searched Sensitive Data"),
    ("exported", "Exported"),
    ("printed", "Printed"),
    ("sent", "Sent"),
    ("decided", "Decided"),
    ("signed_in", "Signed In"),
]
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # JSON for what PostgreSQL cannot store
OWN_COLUMNS = ("id", "date", "company_res_id")  # never left to the caller alone
LOOKS = ("seen", "searched", "exported", "printed")
ORIGINS = [
    ("user", "User"),
    ("portal", "Portal"),
    ("api", "API"),
    ("job", "Scheduled Job"),
    ("system", "System"),
    ("sql", "Raw SQL"),
]


class AuditEvent(models.Model):
    """What somebody did to, or saw of, a record. Plain values only: no foreign key, so that an event
    outlives the user, the company and the record it tells of. Rows are only ever added."""

    _name = "kundekartotek.audit.event"
    _description = "Audit Event"
    _inherit = ["kundekartotek.audit.append.only"]
    _order = "date desc, id desc"
    _log_access = False

    date = fields.Datetime(required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    origin = fields.Selection(ORIGINS, required=True, readonly=True, help="Where it came from.")
    origin_name = fields.Char(readonly=True, help="The job, the API key or the database role.")
    user_res_id = fields.Integer(string="User ID", readonly=True)
    user_name = fields.Char(string="User", readonly=True)
    acting_name = fields.Char(
        string="Acting As", readonly=True, help="Another user in whose name it was done."
    )
    superuser = fields.Boolean(readonly=True, help="Done by the program with access checks off (sudo).")
    company_res_id = fields.Integer(string="Company ID", required=True, readonly=True, help="0: no company's")
    customer_res_id = fields.Integer(string="Customer ID", readonly=True, help="The commercial partner.")
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Integer(string="Record ID", readonly=True)
    res_name = fields.Char(string="Record", readonly=True)
    field_name = fields.Char(string="Technical Field", readonly=True)
    old_value = fields.Text(readonly=True)
    new_value = fields.Text(readonly=True)
    details = fields.Json(readonly=True, help="Ids, domains and field lists behind the readable values.")
    reason = fields.Char(readonly=True)
    session = fields.Char(readonly=True, help="A hash of the web session.")
    address = fields.Char(string="IP Address", readonly=True)

    user_id = fields.Many2one(
        "res.users", string="Existing User", compute="_compute_references", search="_search_user_id"
    )
    company_id = fields.Many2one("res.company", compute="_compute_references")
    customer_id = fields.Many2one("res.partner", compute="_compute_references", search="_search_customer_id")
    field_label = fields.Char(string="Field", compute="_compute_field_label")
    model_label = fields.Char(string="Kind of Record", compute="_compute_field_label")

    _customer_idx = models.Index("(customer_res_id, date DESC, id DESC) WHERE customer_res_id IS NOT NULL")
    _user_idx = models.Index("(user_res_id, date DESC, id DESC)")
    _record_idx = models.Index("(res_model, res_id, date DESC)")
    _date_idx = models.Index("(date DESC, id DESC)")
    _company_idx = models.Index("(company_res_id, date)")

    def _compute_references(self):
        for event, users, companies, customers in zip(
            self,
            self._existing("res.users", "user_res_id"),
            self._existing("res.company", "company_res_id"),
            self._existing("res.partner", "customer_res_id"),
            strict=True,
        ):
            event.user_id, event.company_id, event.customer_id = users, companies, customers

    def _existing(self, model_name, id_field):
        """The records that still exist behind a column of plain ids, one (or none) per event."""
        model = self.env[model_name].with_context(active_test=False)
        found = set(model.browse({event[id_field] for event in self if event[id_field]}).exists()._ids)
        return [model.browse(event[id_field] if event[id_field] in found else ()) for event in self]

    def _search_user_id(self, operator, value):
        return self._search_reference("res.users", "user_res_id", operator, value)

    def _search_customer_id(self, operator, value):
        return self._search_reference("res.partner", "customer_res_id", operator, value)

    def _search_reference(self, model_name, id_field, operator, value):
        if operator in ("any", "any!"):
            value = self.env[model_name].with_context(active_test=False)._search(value)
            return Domain(id_field, "in", value)
        return Domain(id_field, operator, value) if operator == "in" else NotImplemented

    @api.depends("res_model", "field_name")
    @api.depends_context("lang")
    def _compute_field_label(self):
        for event in self:
            model = self.env.get(event.res_model or "")
            field = model._fields.get(event.field_name) if model is not None else None
            event.model_label = (
                self.env["ir.model"]._get(model._name).name if model is not None else event.res_model
            )
            event.field_label = field._description_string(self.env) if field else event.field_name

    @api.model
    def _record(self, events):
        """Add events, in one statement. They live and die with the transaction.

        :param list[dict] events: values by column; the date is the clock's
        """
        if not events:
            return
        plain = [name for name, field in self._fields.items() if field.store and name not in OWN_COLUMNS]
        rows = NUL.sub(r"\1", json.dumps(events, ensure_ascii=False, default=str))
        self.env.cr.execute(
            SQL(
                """INSERT INTO kundekartotek_audit_event (date, company_res_id, %(columns)s)
                   SELECT clock_timestamp() AT TIME ZONE 'UTC', coalesce(company_res_id, 0), %(columns)s
                     FROM jsonb_populate_recordset(NULL::kundekartotek_audit_event, %(rows)s)""",
                columns=SQL(", ").join(map(SQL.identifier, plain)),
                rows=rows,
            )
        )
