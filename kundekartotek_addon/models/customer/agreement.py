# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

STATES = [("upcoming", "Upcoming"), ("active", "Active"), ("expired", "Expired")]


class KundekartotekAgreement(models.Model):
    """A discount agreement (rabattavtale): a customer or a category of customers gets a pricelist, or a
    percentage off, between two dates, both included. Which one a document takes: ``agreement_match.py``."""

    _name = "kundekartotek.agreement"
    _description = "Discount Agreement"
    _inherit = ["mail.thread", "mail.activity.mixin", "kundekartotek.audit.mixin"]
    _order = "date_from DESC, id DESC"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        tracking=True,
        domain=[("is_customer", "=", True)],
    )
    category_id = fields.Many2one(
        "kundekartotek.category",
        string="Customer Category",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        help="For every customer of this category and of the categories below it.",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        tracking=True,
        help="The prices agreed on. They replace the customer's own pricelist.",
    )
    discount = fields.Float(
        string="Discount (%)",
        digits="Discount",
        tracking=True,
        help="Off the price the customer would have had otherwise, shown as a discount on each line.",
    )
    date_from = fields.Date(
        string="From",
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        help="First day in force.",
    )
    date_to = fields.Date(string="To", tracking=True, help="Last day in force. Empty: until further notice.")
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        index="btree_not_null",
        tracking=True,
        default=lambda self: self.env.user,
        domain=lambda self: [("all_group_ids", "in", self.env.ref("kundekartotek_addon.group_reader").ids)],
        help="Gets a task before the agreement ends.",
    )
    terms = fields.Html()
    document_ids = fields.Many2many(
        "ir.attachment", string="Documents", copy=False, bypass_search_access=True
    )
    reminded_date_to = fields.Date(
        string="Reminded of End",
        readonly=True,
        copy=False,
        help="The end date the responsible was reminded of.",
    )
    state = fields.Selection(STATES, compute="_compute_state", search="_search_state")
    days_left = fields.Integer(compute="_compute_state", help="Days left after today; 0 on the last day.")
    is_expiring = fields.Boolean(
        string="Ends Soon",
        compute="_compute_state",
        search="_search_is_expiring",
        help="In force, and ends within the number of days set in Settings.",
    )
    overlap_message = fields.Char(compute="_compute_overlap_message")
    order_count = fields.Integer(compute="_compute_document_counts")
    invoice_count = fields.Integer(compute="_compute_document_counts")

    _one_target = models.Constraint(
        "CHECK (num_nonnulls(partner_id, category_id) = 1)",
        "An agreement is with one customer or for one customer category: choose one of the two.",
    )
    _one_benefit = models.Constraint(
        "CHECK ((pricelist_id IS NULL) = (coalesce(discount, 0) <> 0))",
        "An agreement gives a pricelist or a discount in percent: choose one of the two.",
    )
    _discount_range = models.Constraint(
        "CHECK (coalesce(discount, 0) BETWEEN 0 AND 100)", "The discount must be between 0 and 100 percent."
    )
    _dates_order = models.Constraint(
        "CHECK (date_to >= date_from)", "The agreement ends before it starts: correct one of the dates."
    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name",
            "active",
            "company_id",
            "partner_id",
            "category_id",
            "pricelist_id",
            "discount",
            "date_from",
            "date_to",
            "user_id",
            "document_ids",
        ]

    # === State ===

    @api.depends("date_from", "date_to", "company_id")
    def _compute_state(self):
        today = fields.Date.context_today(self)
        for agreement in self:
            start, end = agreement.date_from or today, agreement.date_to
            agreement.state = "upcoming" if today < start else "expired" if end and end < today else "active"
            agreement.days_left = (end - today).days if end and agreement.state == "active" else 0
            agreement.is_expiring = bool(
                end
                and agreement.state == "active"
                and agreement.days_left <= agreement.company_id.agreement_reminder_days
            )

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        domains = {
            "upcoming": Domain("date_from", ">", today),
            "active": self._in_force_domain(today, today),
            "expired": Domain("date_to", "<", today),
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    def _search_is_expiring(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        expiring = self._in_force_domain(today, today) & Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("date_to", "<=", today + timedelta(days=company.agreement_reminder_days))
            for company in self.env.companies
        )
        return Domain.OR(expiring if wanted else ~expiring for wanted in set(map(bool, value)))

    @api.model
    def _in_force_domain(self, first, last):
        """Agreements in force on some day from ``first`` to ``last``, both included; no last: for ever."""
        begun = Domain("date_from", "<=", last) if last else Domain.TRUE
        return begun & (Domain("date_to", "=", False) | Domain("date_to", ">=", first))

    @api.depends("partner_id", "category_id", "company_id", "date_from", "date_to", "active")
    def _compute_overlap_message(self):
        self.overlap_message = False
        targets = Domain("partner_id", "in", self.partner_id.ids) | Domain(
            "category_id", "in", self.category_id.ids
        )
        others = self.search(targets & Domain("company_id", "in", self.company_id.ids))
        for agreement in self.filtered(lambda agreement: agreement.active and agreement.date_from):
            if overlapping := others.filtered(agreement._overlaps):
                agreement.overlap_message = self.env._(
                    "Overlaps with %(names)s. When both are in force, the one that started last counts.",
                    names=", ".join(overlapping.mapped("name")),
                )

    def _overlaps(self, other):
        """Whether another agreement is for the same ones and in force on some of the same days."""
        return (
            other != self._origin
            and other.partner_id == self.partner_id._origin
            and other.category_id == self.category_id._origin
            and other.company_id == self.company_id._origin
            and (not self.date_to or other.date_from <= self.date_to)
            and (not other.date_to or other.date_to >= self.date_from)
        )

    def _compute_document_counts(self):
        for fname, model in (("order_count", "sale.order"), ("invoice_count", "account.move")):
            counts = dict(
                self.env[model]._read_group([("agreement_id", "in", self.ids)], ["agreement_id"], ["__count"])
            )
            for agreement in self:
                agreement[fname] = counts.get(agreement, 0)

    def action_view_orders(self):
        return self._open_documents("sale.action_orders")

    def action_view_invoices(self):
        return self._open_documents("account.action_move_out_invoice_type")

    def _open_documents(self, xmlid):
        self.check_access("read")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(xmlid),
            "domain": [("agreement_id", "in", self.ids)],
            "context": {"create": False},
        }

    # === Checks ===

    @api.constrains("partner_id")
    def _check_partner_is_commercial(self):
        for agreement in self:
            commercial = agreement.partner_id.commercial_partner_id
            if agreement.partner_id != commercial:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact person: make the agreement with %(customer)s.",
                        contact=agreement.partner_id.display_name,
                        customer=commercial.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for model in ("sale.order", "account.move"):
            used = (
                self.env[model].sudo().search([("agreement_id", "in", self.ids)], limit=1)
            )  # other companies' too
            if used:
                raise UserError(
                    self.env._(
                        "%(agreement)s gave the prices of %(document)s and must be kept. Archive it instead.",
                        agreement=used.agreement_id.name,
                        document=used.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        agreements = super().create(vals_list)
        agreements._own_documents()
        return agreements

    def write(self, vals):
        result = super().write(vals)
        if "document_ids" in vals:
            self._own_documents()
        return result

    def _own_documents(self):
        """Files uploaded before the agreement was saved belong to nobody: whoever reads it must see them."""
        for agreement in self:
            agreement.document_ids.filtered(
                lambda document: document.res_model == self._name and not document.res_id
            ).write({"res_id": agreement.id})

    def _creation_message(self):
        return self.env._("Discount agreement registered")

    def copy_data(self, default=None):
        return [
            {**vals, "name": self.env._("%(name)s (copy)", name=agreement.name)}
            for agreement, vals in zip(self, super().copy_data(default), strict=True)
        ]
