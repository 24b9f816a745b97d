# SPDX-License-Identifier: LGPL-3.0-or-later
# Runs in Odoo's shell, beside customers with invoices: at least one record of each of the addon's models, and what
# people hang on records: a message, a file, a task, a follower, a saved search.
# ruff: noqa: F821
from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.models import BaseModel
from odoo.tools import SQL

ADDON = "kundekartotek"
PLAIN = {
    "boolean": True, "char": "x", "text": "x", "html": "x", "integer": 1, "float": 1.0, "monetary": 1.0,
    "date": fields.Date.today(), "datetime": fields.Datetime.now(), "json": {}, "binary": b"eA==",
}
customer = env["res.partner"].search([("is_customer", "=", True), ("is_company", "=", True)], limit=1)
invoices = env["account.move"].search([("move_type", "=", "out_invoice"), ("state", "=", "posted")])
env = env(context={**env.context, "active_model": "account.move", "active_ids": invoices.ids})  # for dialogs
# what checks ask for beside the required fields
ASKED = {
    "kundekartotek.agreement": {"partner_id": customer.id, "discount": 5.0},
}


def some(comodel):
    """A record that another one may refer to."""
    if comodel == "res.partner":
        return customer
    return env[comodel].search([], limit=1) or (make(comodel) if comodel.startswith(ADDON) else env[comodel])


def make(name):
    """A record with a value in each field that must have one, in each choice and in each short text."""
    model = env[name]
    given = BaseModel.default_get(model, list(model._fields))
    vals = dict(ASKED.get(name, {}))
    for fname, field in model._fields.items():
        wanted = (field.required or field.type in ("selection", "char")) and field.store and not field.compute
        if wanted and fname not in given and fname not in vals:
            vals[fname] = (
                some(field.comodel_name).id if field.type == "many2one"
                else [Command.link(some(field.comodel_name).id)] if field.relational
                else field.get_values(env)[0] if field.type == "selection" else PLAIN[field.type])
    try:
        with env.cr.savepoint():
            return model.create(vals)
    except (AccessError, UserError):  # the program alone writes these
        return BaseModel.create(model, [vals])


own = [model for model in env.registry.values() if model._name.startswith(f"{ADDON}.") and not model._abstract]
for model in own:
    if model._auto and not env[model._name].with_context(active_test=False).search([], limit=1):
        record = make(model._name)
    if "message_ids" in model._fields:
        record = env[model._name].search([], limit=1)
        record.message_post(body="x", attachments=[("x.txt", b"x")])
        if "activity_ids" in model._fields:
            record.activity_schedule("mail.mail_activity_data_todo", user_id=env.uid)
        record.message_subscribe(customer.ids)
    if not model._transient:
        env["ir.filters"].create({"name": f"x {model._name}", "model_id": model._name})
env.cr.commit()
empty = [model._table for model in own if model._auto and not env.execute_query(
    SQL("SELECT 1 FROM %s LIMIT 1", SQL.identifier(model._table)))]
assert not empty, f"no record of: {', '.join(empty)}"
