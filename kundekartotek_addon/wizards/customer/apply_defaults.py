# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from collections import Counter, defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import split_every

BATCH = 1000  # customers planned, written and dropped from memory at a time


class KundekartotekApplyDefaults(models.TransientModel):
    """Give customers the defaults of their categories: shows what would change, for how many, then does it.

    Works in the active company, on customers of chosen categories and those below them, or on chosen
    customers."""

    _name = "kundekartotek.apply.defaults"
    _description = "Apply Category Defaults"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    category_ids = fields.Many2many("kundekartotek.category", string="Categories")
    partner_ids = fields.Many2many("res.partner", string="Customers", context={"active_test": False})
    mode = fields.Selection(
        [("empty", "Only empty fields"), ("overwrite", "Replace what the customers have")],
        required=True, default="empty",
        help="A field is empty where the customer has nothing, or only what the company gives everyone.")
    line_ids = fields.One2many(
        "kundekartotek.apply.defaults.line",
        "wizard_id",
        string="Changes",
        compute="_compute_line_ids",
        store=True,
    )
    customer_count = fields.Integer(string="Customers to Change", compute="_compute_line_ids", store=True)

    @api.depends("company_id", "category_ids", "partner_ids", "mode")
    def _compute_line_ids(self):
        for wizard in self:
            changed, counts = set(), Counter()
            for partner, fname, old, new, held in wizard._iter_changes():
                counts[wizard._get_key(fname, old, new, held)] += 1
                if not held:
                    changed.add(partner.id)
            wizard.customer_count = len(changed)
            wizard.line_ids = [fields.Command.clear()] + [
                fields.Command.create(wizard._prepare_line_vals(key, count))
                for key, count in sorted(counts.items())
            ]

    def _get_customers(self):
        """The customers to look at. sudo: a case worker may not see a field that a category fills, such as
        the credit limit; who may open the wizard may apply all of a category's defaults."""
        domain = Domain("is_customer", "=", True) & Domain("customer_category_id", "!=", False)
        domain &= Domain(self.env["res.partner"]._check_company_domain(self.company_id))
        if self.partner_ids:
            domain &= Domain("id", "in", self.partner_ids.commercial_partner_id.ids)
        else:
            domain &= Domain("customer_category_id", "child_of", self.category_ids.ids)
        customers = (
            self.env["res.partner"].with_context(active_test=bool(not self.partner_ids)).search(domain)
        )
        reason = self.env._("Category defaults applied")
        return customers.sudo().with_company(self.company_id).with_context(audit_reason=reason)

    def _iter_plans(self):
        """Yield, batch by batch, ``({partner: {field: new value}}, split items)`` as the partner model plans
        them."""
        customers = self._get_customers()
        for ids in split_every(BATCH, customers.ids):
            plan = {}
            for category, partners in customers.browse(ids).grouped("customer_category_id").items():
                plan |= partners._plan_category_defaults(category, overwrite=self.mode == "overwrite")
            yield plan, customers._find_split_items(plan)
            customers.invalidate_recordset()

    def _iter_changes(self):
        """Yield ``(partner, field, old value, new value, held by open items)`` of every planned change."""
        for plan, split in self._iter_plans():
            for partner, changes in plan.items():
                for fname, new in changes.items():
                    held = fname == "property_account_receivable_id" and partner in split
                    yield partner, fname, partner[fname], new, held

    @api.model
    def _get_key(self, fname, old, new, held):
        """Changes that are alike, as text: the line's memory of which they are."""
        return json.dumps(
            [
                fname,
                *(value.id if isinstance(value, models.BaseModel) else value for value in (old, new)),
                held,
            ]
        )

    def _prepare_line_vals(self, key, count):
        fname, old, new, held = json.loads(key)
        Category, field = self.env["kundekartotek.category"], self.env["res.partner"]._fields[fname]
        if field.relational:
            old, new = (self.env[field.comodel_name].browse(value) for value in (old, new))
        return {
            "key": key,
            "count": count,
            "held": held,
            "field_label": Category._get_default_label(fname),
            "old_value": Category._format_default(fname, old),
            "new_value": Category._format_default(fname, new),
        }

    def action_apply(self):
        """Do what the lines show, except what is held by open items, and log it on the categories."""
        self.ensure_one()
        self.check_access("write")
        self._get_customers().sudo(False).check_access("write")
        written = defaultdict(Counter)  # category -> field label, new value -> customers
        changed = 0
        for plan, split in self._iter_plans():
            for partner in split:
                del plan[partner]["property_account_receivable_id"]
            plan = {partner: changes for partner, changes in plan.items() if changes}
            for partner, changes in plan.items():
                written[partner.customer_category_id].update(changes.items())
            next(iter(plan), self.env["res.partner"])._write_planned(plan)
            changed += len(plan)
            self.env.flush_all()
        if not changed:
            raise UserError(self.env._("There is nothing to change."))
        self._log_applied(written)
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "type": "success", "message": self.env._("%(count)s customers changed", count=changed),
            "next": {"type": "ir.actions.act_window_close"}}}

    def _log_applied(self, written):
        """Who applied what, when and for how many. sudo: a case worker reads categories, and is named as
        author."""
        mode = dict(self._fields["mode"]._description_selection(self.env))[self.mode]
        for category, counts in written.items():
            lines = [
                Markup("<li>%s</li>") % self.env._(
                    "%(field)s: %(value)s: %(count)s customers", field=category._get_default_label(fname),
                    value=category._format_default(fname, value), count=count)
                for (fname, value), count in counts.items()]
            category.sudo().message_post(
                author_id=self.env.user.partner_id.id, body=Markup("<p>%s</p><ul>%s</ul>") % (self.env._(
                    "Defaults applied to customers in %(company)s (%(mode)s):",
                    company=self.company_id.name, mode=mode), Markup().join(lines)))


class KundekartotekApplyDefaultsLine(models.TransientModel):
    """Changes that are alike: the same field from the same value to the same value."""

    _name = "kundekartotek.apply.defaults.line"
    _description = "Change by Category Defaults"

    wizard_id = fields.Many2one("kundekartotek.apply.defaults", required=True, index=True, ondelete="cascade")
    key = fields.Char(required=True)
    field_label = fields.Char(string="Field")
    old_value = fields.Char(string="From")
    new_value = fields.Char(string="To")
    count = fields.Integer(string="Customers")
    held = fields.Boolean(
        string="Held by Open Items",
        help="Left as it is: open items would stay on another receivable account than "
        "the next invoices. Settle or move them first.",
    )

    def action_view_customers(self):
        """The customers behind the line."""
        self.ensure_one()
        wizard = self.wizard_id
        ids = [
            partner.id for partner, *change in wizard._iter_changes() if wizard._get_key(*change) == self.key
        ]
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.res_partner_action")
        return {**action, "display_name": self.field_label, "domain": [("id", "in", ids)]}
