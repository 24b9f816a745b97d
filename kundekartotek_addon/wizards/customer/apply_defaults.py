# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from collections import Counter

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import split_every

BATCH = 500  # customers planned, written, committed and dropped from memory at a time
AT_ONCE = 1000  # customers written while the user waits; more are left to the job
OWN_ACCOUNT = {"line_ids", "customer_count", "state", "written", "failures", "last_id", "locked_ids"}


class KundekartotekApplyDefaults(models.TransientModel):
    """Give customers the defaults of their categories: shows what would change, for how many, then does it:
    few at once, many by the job, which goes on until nothing is left to change.

    Works in the active company, on customers of chosen categories and those below them, or on chosen
    customers."""

    _name = "kundekartotek.apply.defaults"
    _description = "Apply Category Defaults"
    _transient_max_hours = 24 * 7  # the job may need to come back to it

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

    state = fields.Selection(
        [("draft", "Being Looked At"), ("waiting", "Waiting for the Job"), ("done", "Done")],
        required=True, default="draft", readonly=True)
    written = fields.Json(readonly=True)  # {category id: {key of field and value: customers}}, for the log
    failures = fields.Json(readonly=True)  # {customer id: text} of those that could not be written
    last_id = fields.Integer(string="Last Customer Done", readonly=True)  # the job goes on after it
    locked_ids = fields.Json(string="Customers in Use", readonly=True)  # passed over, to come back to

    @api.model_create_multi
    def create(self, vals_list):
        defaults = {key.removeprefix("default_") for key in self.env.context if key.startswith("default_")}
        self._check_own_account(defaults.union(*vals_list))
        return super().create(vals_list)

    def write(self, vals):
        self._check_own_account(vals)
        return super().write(vals)

    @api.model
    def _check_own_account(self, names):
        """What is worked out here, and how far the work has come, is not for a user to say."""
        if not self.env.su and (refused := OWN_ACCOUNT.intersection(names)):
            raise AccessError(self.env._(
                "These fields cannot be set by hand: %(fields)s", fields=", ".join(sorted(refused))))

    @api.depends("company_id", "category_ids", "partner_ids", "mode")
    def _compute_line_ids(self):
        for wizard in self:
            changed, counts = set(), Counter()
            for partner, fname, old, new, held in wizard._iter_changes():
                counts[wizard._get_key(fname, old, new), held] += 1
                if not held:
                    changed.add(partner.id)
            wizard.customer_count = len(changed)
            wizard.line_ids = [fields.Command.clear()] + [
                fields.Command.create(wizard._prepare_line_vals(key, held, count))
                for (key, held), count in sorted(counts.items())
            ]

    def _is_in_company(self):
        return bool(self.company_id & self.env.user.company_ids)

    def _get_customers(self):
        """The customers that the user may write, by id. sudo on the way out: a case worker may not see a field that
        a category fills, such as the credit limit; who may write the customer may apply all its defaults.

        :raise AccessError: when the user does not work in the company"""
        if not self._is_in_company():
            raise AccessError(self.env._(
                "You do not work in %(company)s, so you cannot apply defaults there.",
                company=self.company_id.sudo().name))
        domain = Domain("is_customer", "=", True) & Domain("customer_category_id", "!=", False)
        domain &= Domain(self.env["res.partner"]._check_company_domain(self.company_id))
        if self.partner_ids:
            domain &= Domain("id", "in", self.partner_ids.commercial_partner_id.ids)
        else:
            domain &= Domain("customer_category_id", "child_of", self.category_ids.ids)
        Partner = self.env["res.partner"].sudo(False).with_context(active_test=not self.partner_ids)
        customers = Partner.search(domain, order="id")._filtered_access("write")
        reason = self.env._("Category defaults applied")
        return customers.sudo().with_company(self.company_id).with_context(audit_reason=reason)

    def _get_customers_left(self):
        """Those that the job has not come to, and those it passed over because they were in use."""
        locked = set(self.locked_ids or ())
        return self._get_customers().filtered(lambda partner: partner.id > self.last_id or partner.id in locked)

    def _plan(self, customers):
        """:return: ``({partner: {field: new value}}, split items)`` as the partner model plans them"""
        plan = {}
        customers.fetch(["customer_category_id"])
        for category, partners in customers.grouped("customer_category_id").items():
            plan |= partners._plan_category_defaults(category, overwrite=self.mode == "overwrite")
        return plan, customers._find_split_items(plan)

    def _iter_changes(self):
        """Yield ``(partner, field, old value, new value, held by open items)`` of every planned change."""
        customers = self._get_customers()
        for ids in split_every(BATCH, customers.ids):
            plan, split = self._plan(customers.browse(ids))
            for partner, changes in plan.items():
                for fname, new in changes.items():
                    held = fname == "property_account_receivable_id" and partner in split
                    yield partner, fname, partner[fname], new, held
            customers.invalidate_recordset()

    @api.model
    def _get_key(self, fname, *parts):
        """A field and values as text, to tell what is alike, also between requests."""
        return json.dumps(
            [fname, *(part.id if isinstance(part, models.BaseModel) else part for part in parts)]
        )

    def _format_key(self, key):
        """:return: the label of the field and its values in a key, as the user reads them"""
        fname, *values = json.loads(key)
        Category, field = self.env["kundekartotek.category"], self.env["res.partner"]._fields[fname]
        if field.relational:
            values = [self.env[field.comodel_name].browse(value) for value in values]
        return [
            Category._get_default_label(fname),
            *(Category._format_default(fname, value) for value in values),
        ]

    def _prepare_line_vals(self, key, held, count):
        label, old, new = self._format_key(key)
        return {
            "key": key,
            "held": held,
            "count": count,
            "field_label": label,
            "old_value": old,
            "new_value": new,
        }

    def action_apply(self):
        """Do what the lines show, except what is held by open items, and log it on the categories. sudo to note
        how far the work has come, which the user cannot write."""
        self.ensure_one()
        self.check_access("write")
        if not self.customer_count:
            raise UserError(self.env._("There is nothing to change."))
        wizard = self.sudo()
        if wizard.customer_count > AT_ONCE or not wizard._apply(lambda _processed: True):
            wizard.state = "waiting"
            self.env.ref("kundekartotek_addon.cron_apply_defaults")._trigger()
            message = self.env._(
                "%(count)s customers are changed in the background. What was done will be logged on "
                "the categories.",
                count=self.customer_count,
            )
        else:
            message = self.env._("%(count)s customers changed", count=self.customer_count)
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "type": "success", "message": message, "next": {"type": "ir.actions.act_window_close"}}}

    @api.model
    def _cron_apply(self):
        """Go on with what waits, as the users who asked for it. Progress is counted in customers looked at."""
        commit_progress, asked = self.env["ir.cron"]._commit_progress, []
        for wizard in self.search([("state", "=", "waiting")], order="id"):
            user = wizard.create_uid
            wizard = wizard.with_company(wizard.company_id).with_context(lang=user.lang)
            as_user = wizard.with_user(user).sudo()
            if as_user._is_in_company():
                asked.append(as_user)
            else:
                wizard._end(wizard.env._(
                    "Ended before all was done: %(user)s no longer works in %(company)s",
                    user=user.name, company=wizard.company_id.name))
        commit_progress(remaining=sum(len(wizard._get_customers_left()) for wizard in asked))
        for wizard in asked:
            if not wizard._apply(commit_progress):
                return

    def _apply(self, commit):
        """Write what is planned, batch by batch. Customers in use by somebody else are left for the next run.

        :param commit: called with the number of customers done in each batch, returns whether to go on
        :return: whether nothing is left
        """
        customers, done = self._get_customers_left(), 0
        left = len(customers)
        for ids in split_every(BATCH, customers.ids):
            batch = customers.browse(ids).try_lock_for_update()
            self._apply_or_skip(batch)
            customers.invalidate_recordset()
            self.last_id = max(self.last_id, ids[-1])
            self.locked_ids = sorted({*(self.locked_ids or ()), *ids} - {*batch.ids})
            done = len(batch)
            left -= done
            if left and not commit(done):
                return False
        if not left:
            self._end()
            commit(done)
        return not left

    def _end(self, *notes):
        self._log_applied(notes)
        self.state = "done"

    def _apply_or_skip(self, customers):
        """Write what can be written: one that cannot never keeps back the others, and is named in the log."""
        try:
            with self.env.cr.savepoint():
                plan, split = self._plan(customers)
                for partner in split:
                    del plan[partner]["property_account_receivable_id"]
                customers._write_planned({partner: changes for partner, changes in plan.items() if changes})
                self._note_written(plan)
        except Exception as error:  # whatever writing a customer can do wrong
            if len(customers) > 1:
                for customer in customers:
                    self._apply_or_skip(customer)
            else:
                self.failures = {
                    **(self.failures or {}),
                    str(customers.id): f"{customers.display_name}: {error}",
                }

    def _note_written(self, plan):
        written = {key: Counter(counts) for key, counts in (self.written or {}).items()}
        for partner, changes in plan.items():
            counts = written.setdefault(str(partner.customer_category_id.id), Counter())
            counts.update(self._get_key(fname, value) for fname, value in changes.items())
        self.written = written

    def _log_applied(self, notes):
        """Who applied what, when and for how many; notes also where nothing was written. sudo: a case worker reads
        categories, and is named as author."""
        mode = dict(self._fields["mode"]._description_selection(self.env))[self.mode]
        written = self.written or {}
        if notes:
            chosen = self.category_ids or self.partner_ids.commercial_partner_id.customer_category_id
            written = {str(category_id): {} for category_id in chosen.ids} | written
        for category_id, counts in written.items():
            category = self.env["kundekartotek.category"].sudo().browse(int(category_id))
            texts = [
                self.env._("%(field)s: %(value)s: %(count)s customers", field=field, value=value, count=count)
                for key, count in counts.items()
                for field, value in [self._format_key(key)]
            ]
            texts += [*(self.failures or {}).values(), *notes]
            category.message_post(
                author_id=self.env.user.partner_id.id,
                body=Markup("<p>%s</p><ul>%s</ul>")
                % (
                    self.env._(
                        "Defaults applied to customers in %(company)s (%(mode)s):",
                        company=self.company_id.name,
                        mode=mode,
                    ),
                    Markup().join(map(Markup("<li>%s</li>").__mod__, texts)),
                ),
            )


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
            partner.id for partner, *change, held in wizard._iter_changes()
            if (wizard._get_key(*change), held) == (self.key, self.held)]
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.res_partner_action")
        return {**action, "display_name": self.field_label, "domain": [("id", "in", ids)]}
