# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

CUSTOMER_TYPES = [("business", "Business"), ("consumer", "Consumer"), ("public", "Public sector")]


class ResPartner(models.Model):
    """Who is a customer, of what type, and what happens when somebody becomes one."""

    _inherit = "res.partner"

    is_customer = fields.Boolean(
        string="Is a Customer", compute="_compute_is_customer", search="_search_is_customer",
        help="A commercial partner that was ever sold to: Odoo's own mark, however it got there.",
    )
    customer_type = fields.Selection(
        CUSTOMER_TYPES, compute="_compute_customer_type", store=True, readonly=False,
        recursive=True,
        help="Business, consumer or public sector. Found from the contact; what a person chooses is kept.",
    )
    customer_type_locked = fields.Boolean(
        copy=False,
        help="The type was chosen by a person and is no longer found automatically.",
    )

    @api.depends("customer_rank", "commercial_partner_id")
    def _compute_is_customer(self):
        for partner in self:
            partner.is_customer = partner.customer_rank > 0 and partner.commercial_partner_id == partner

    def _search_is_customer(self, operator, value):
        if operator != "in":
            return NotImplemented
        customers = Domain("customer_rank", ">", 0) & Domain.custom(to_sql=lambda model, alias, query: SQL(
            "%s = %s", model._field_to_sql(alias, "commercial_partner_id", query), SQL.identifier(alias, "id")))
        return Domain.OR([customers if wanted else ~customers for wanted in set(map(bool, value))])

    @api.depends("is_company", "commercial_partner_id", "parent_id.customer_type", "customer_type_locked")
    def _compute_customer_type(self):
        for partner in self:
            if partner.parent_id and partner.commercial_partner_id != partner:
                partner.customer_type = partner.parent_id.customer_type
            elif not partner.customer_type_locked:
                partner.customer_type = partner._find_customer_type()

    def _find_customer_type(self):
        """The type of a commercial partner by what is known of it: a hook that a room with more
        knowledge (the register) extends.

        :return: a key of ``CUSTOMER_TYPES``
        """
        self.ensure_one()
        return "business" if self.is_company else "consumer"

    def _creation_message(self):
        return self.env._("Customer registered") if self.is_customer else super()._creation_message()

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create([
            self._lock_chosen_customer_type(self._settle_company_type(vals)) for vals in vals_list])
        partners._mark_commercial_customers()
        return partners

    def write(self, vals):
        if any(partner.customer_type != vals.get("customer_type") for partner in self):
            vals = self._lock_chosen_customer_type(vals)  # writing what is there (an import) chooses nothing
        moved = vals.keys() & {"parent_id", "is_company"}
        customers = self.filtered("is_customer") if moved else self.browse()
        result = super().write(vals)
        if moved or "customer_rank" in vals:
            self._mark_commercial_customers()
        customers._tell_who_joined()
        return result

    def copy_data(self, default=None):
        """Only a type that a person chose is chosen for the copy too."""
        vals_list = super().copy_data(default)
        for partner, vals in zip(self, vals_list, strict=True):
            if not partner.customer_type_locked and "customer_type" not in (default or {}):
                vals.pop("customer_type", None)
        return vals_list

    @api.onchange("customer_type")
    def _onchange_customer_type(self):
        """A form saves the lock with the type: what differs from what would be found was chosen."""
        if self.commercial_partner_id in (self, self._origin):
            self.customer_type_locked = self.customer_type not in (False, self._find_customer_type())

    @api.model
    def _lock_chosen_customer_type(self, vals):
        """A type that somebody writes stays; writing none hands it back to the computation."""
        if "customer_type" not in vals:
            return vals
        if not vals["customer_type"]:
            return {name: value for name, value in vals.items() if name != "customer_type"} | {
                "customer_type_locked": False}
        return {"customer_type_locked": True, **vals}

    @api.model
    def _settle_company_type(self, vals):
        """What a form says of being a company, as the field that is stored. Core would write that while it creates:
        the customer would be received half made, and lose the limit of its category again to what core writes next."""
        if "company_type" not in vals:
            return vals
        stored = {name: value for name, value in vals.items() if name != "company_type"}
        return {**stored, "is_company": vals["company_type"] == "company"}

    def _mark_commercial_customers(self):
        """Carry the mark of these partners to their commercial partners, and receive new customers.

        Runs for every way in: form, import, order, invoice, web shop, API. Only commercial partners
        are customers; their contacts keep the rank that core gave them and get nothing else.
        """
        marked = self.filtered(lambda partner: partner.customer_rank > 0)
        unmarked = marked.commercial_partner_id.filtered(lambda partner: partner.customer_rank <= 0)
        if unmarked:
            unmarked.write({"customer_rank": 1})  # comes back here
        (marked.commercial_partner_id - unmarked)._become_customer()

    def _tell_who_joined(self):
        """Note on former customers that are contacts of one now what became of what was their own."""
        for partner in self.filtered(lambda partner: partner.commercial_partner_id != partner):
            partner._message_log(body=self.env._(
                "Is a contact of %(customer)s now: its category, terms, accounts and credit limit count from here on. "
                "Numbers given before still find this contact.",
                customer=partner.commercial_partner_id.display_name))

    def _become_customer(self):
        """Receive commercial partners that are customers now. Extended by what a new customer gets
        (category, defaults, number); each part must do nothing for a customer that already has it."""
