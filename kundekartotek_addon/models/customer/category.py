# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, formatLang

# What a category gives its customers: field of the customer -> field of the category.
CUSTOMER_DEFAULTS = {
    "property_payment_term_id": "payment_term_id",
    "property_inbound_payment_method_line_id": "inbound_payment_method_line_id",
    "property_account_receivable_id": "receivable_account_id",
    "specific_property_product_pricelist": "pricelist_id",
    "property_account_position_id": "fiscal_position_id",
    "credit_limit": "credit_limit",
    "user_id": "user_id",
    "invoice_sending_method": "invoice_sending_method",
}


class KundekartotekCategory(models.Model):
    """A tree of customer categories, with what a customer of the category starts with in each company.
    An empty default is inherited from the nearest category above that has one."""

    _name = "kundekartotek.category"
    _description = "Customer Category"
    _inherit = ["mail.thread", "kundekartotek.audit.mixin"]
    _parent_store = True
    _rec_name = "complete_name"
    _rec_names_search = ["complete_name", "code"]
    _order = "complete_name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    complete_name = fields.Char(compute="_compute_complete_name", recursive=True, store=True)
    code = fields.Char(
        copy=False, tracking=True, help="A short code, used in customer numbers by the token {category}.")
    color = fields.Integer()
    active = fields.Boolean(default=True, tracking=True)
    parent_id = fields.Many2one("kundekartotek.category", index=True, ondelete="restrict", tracking=True)
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("kundekartotek.category", "parent_id", string="Subcategories")
    customer_count = fields.Integer(
        compute="_compute_customer_count", help="Customers of this category and of those below it.")

    payment_term_id = fields.Many2one(
        "account.payment.term", company_dependent=True, check_company=True, ondelete="restrict", tracking=True
    )
    inbound_payment_method_line_id = fields.Many2one(
        "account.payment.method.line", string="Payment Method", company_dependent=True, check_company=True,
        tracking=True, domain=lambda self: [
            ("journal_id.active", "=", True), ("payment_type", "=", "inbound"),
            ("company_id", "parent_of", self.env.company.id)])
    receivable_account_id = fields.Many2one(
        "account.account",
        company_dependent=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
        domain="[('account_type', '=', 'asset_receivable')]",
        help="New customers of the category get this account at once. An existing customer follows when its "
        "category changes, provided that it has no open items on the account it leaves.",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist", company_dependent=True, check_company=True, tracking=True)
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position", company_dependent=True, check_company=True, tracking=True)
    credit_limit = fields.Float(company_dependent=True, tracking=True, help="0 stands for: no default.")
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        company_dependent=True,
        check_company=True,
        tracking=True,
        domain=[("share", "=", False)],
        help="A customer without a salesperson gets this one; a customer shared by several companies gets "
        "that of the company in which the category is chosen.",
    )
    invoice_sending_method = fields.Selection(
        "_selection_invoice_sending_method", string="Invoice Sending", company_dependent=True, tracking=True)
    inherited_defaults = fields.Text(
        compute="_compute_inherited_defaults",
        help="What the categories above give where this one says nothing.",
    )

    rule_ids = fields.One2many("kundekartotek.category.rule", "category_id", string="Category Rules")
    posting_rule_ids = fields.One2many(
        "kundekartotek.posting.rule", "customer_category_id", string="Posting Rules"
    )

    _code_uniq = models.UniqueIndex(
        "(upper(code)) WHERE code <> ''", "Another category has this code already."
    )

    def _selection_invoice_sending_method(self):
        return self.env["res.partner"]._fields["invoice_sending_method"]._description_selection(self.env)

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for category in self:
            parent = category.parent_id.complete_name
            category.complete_name = f"{parent} / {category.name}" if parent else category.name

    def _compute_customer_count(self):
        below = self.with_context(active_test=False).search_fetch(
            [("id", "child_of", self.ids)], ["parent_path"]
        )
        counts = dict(self.env["res.partner"]._read_group(
            [("is_customer", "=", True), ("customer_category_id", "in", below.ids)],
            ["customer_category_id"], ["__count"]))
        for category in self:
            category.customer_count = sum(
                count for other, count in counts.items() if category in other._get_ancestors())

    @api.depends("parent_id", *CUSTOMER_DEFAULTS.values())
    @api.depends_context("company")
    def _compute_inherited_defaults(self):
        for category in self:
            given = category.parent_id._find_defaults(self.env.company)
            category.inherited_defaults = "\n".join(
                self.env._("%(field)s: %(value)s (inherited from %(category)s)",
                           field=self._get_default_label(fname), value=self._format_default(fname, value),
                           category=origin.name)
                for fname, (value, origin) in given.items() if not category[CUSTOMER_DEFAULTS[fname]])

    @api.constrains("parent_id")
    def _check_no_cycle(self):
        if self._has_cycle():
            raise ValidationError(self.env._("A category cannot lie below itself."))

    def _check_company(self, fnames=None):
        """Core explains a default of another company by the company of the record, and a category has
        none."""
        for fname in set(CUSTOMER_DEFAULTS.values()).intersection(fnames or CUSTOMER_DEFAULTS.values()):
            for category in self.sudo():  # sudo: as core does, the check holds whoever writes
                if category[fname] and not category._is_available(category[fname]):
                    raise UserError(self.env._(
                        "%(value)s belongs to another company and cannot be a default in %(company)s.",
                        value=category[fname].display_name, company=self.env.company.name))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for category in self:
            # sudo: customers of companies that the user does not see count as well
            customers = self.env["res.partner"].sudo().with_context(active_test=False).search_count(
                [("customer_category_id", "=", category.id)])
            if customers:
                raise UserError(
                    self.env._(
                        "%(category)s is the category of %(count)s contacts, archived ones included. Give "
                        "them another category first, or archive this one instead: it stays on those that "
                        "have it, and is given to no one else.",
                        category=category.complete_name,
                        count=customers,
                    )
                )
            if category.with_context(active_test=False).child_ids - self:
                raise UserError(
                    self.env._(
                        "%(category)s has categories below it. Move or delete those first, or archive it.",
                        category=category.complete_name,
                    )
                )

    def _creation_message(self):
        return self.env._("Customer category created")

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" in (default or {}):
            return vals_list
        return [{**vals, "name": self.env._("%(name)s (copy)", name=vals["name"])} for vals in vals_list]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name", "code", "active", "parent_id", *CUSTOMER_DEFAULTS.values()]

    @api.model
    def _audited_amounts(self):
        return super()._audited_amounts() + ["credit_limit"]

    # Defaults

    def _get_ancestors(self):
        """This category and those above it, nearest first."""
        return self.browse(int(key) for key in reversed((self.parent_path or "").split("/")[:-1]))

    def _get_defaults(self, company):
        """What customers of this category start with in a company, inherited values included.

        :return: ``{field of res.partner: value}``, records for relations; only fields with a default that the
            company can use: what is archived or belongs to another company is passed over
        """
        return {fname: value for fname, (value, _origin) in self._find_defaults(company).items()}

    def _find_defaults(self, company):
        """:return: ``{field of res.partner: (value, category that gives it)}``, see ``_get_defaults``"""
        found = {}
        ancestors = self.sudo()._get_ancestors()  # sudo: who creates a customer may not read categories
        for category in ancestors.with_company(company):
            for fname, own_name in CUSTOMER_DEFAULTS.items():
                if fname not in found and category._is_usable(own_name):
                    found[fname] = category[own_name], category
        return found

    def _is_usable(self, fname):
        """Whether a default is set and the active company can use it for a customer."""
        value = self[fname]
        if not value:
            return False
        if isinstance(value, models.BaseModel):
            return self._is_available(value) and ("active" not in value or value.active)
        # a sending method goes when the addon that brought it does
        return fname != "invoice_sending_method" or value in dict(self._selection_invoice_sending_method())

    @api.model
    def _is_available(self, value):
        """Whether the active company can use a value: always, where it is no record."""
        if not isinstance(value, models.BaseModel):
            return True
        return bool(value.with_context(active_test=False).filtered_domain(
            value._check_company_domain(self.env.company)))

    def _get_companies_with_defaults(self):
        """:return: the companies for which these categories or any above them hold a default"""
        values = SQL(" || ").join(
            SQL("coalesce(%s, '{}')", SQL.identifier("c", fname, to_flush=self._fields[fname]))
            for fname in CUSTOMER_DEFAULTS.values())
        ancestors = {ancestor for category in self for ancestor in category._get_ancestors().ids}
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT jsonb_object_keys(%s)::int AS company "
                "FROM kundekartotek_category c WHERE c.id = ANY(%s) ORDER BY company",
                values,
                list(ancestors),
            )
        )
        return self.env["res.company"].sudo().browse(company for company, in rows).exists()

    @api.model
    def _get_default_label(self, fname):
        """The name of a default as the user sees it on the category."""
        return self._fields[CUSTOMER_DEFAULTS[fname]]._description_string(self.env)

    @api.model
    def _format_default(self, fname, value):
        """The value of a default as text, for previews and the log."""
        if isinstance(value, models.BaseModel):
            return value.sudo().display_name or ""
        if fname == "invoice_sending_method":
            return dict(self._selection_invoice_sending_method()).get(value, "")
        return formatLang(self.env, value) if value else ""

    # Buttons

    def action_view_customers(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.res_partner_action")
        return {**action, "display_name": self.complete_name, "domain": [
            ("is_customer", "=", True), ("customer_category_id", "child_of", self.id)]}

    def action_view_accounts(self):
        """Which income account which product category gets on invoices to customers of this category."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "kundekartotek_addon.product_category_posting_action"
        )
        return {
            **action,
            "display_name": self.env._("Income Accounts: %(category)s", category=self.complete_name),
            "context": {"customer_category_id": self.id},
        }

    def action_apply_defaults(self):
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.apply_defaults_action")
        return {**action, "context": {"default_category_ids": [Command.set(self.ids)]}}
