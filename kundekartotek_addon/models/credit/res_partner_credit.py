# SPDX-License-Identifier: LGPL-3.0-or-later
import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .credit_category import LIMIT_MODES
from .credit_request import MANAGERS

BLOCKS = [("all", "Orders and invoices"), ("orders", "Orders"), ("invoices", "Invoices")]
LIMIT_FIELDS = ("credit_limit", "credit_own_mode", "credit_review_date", "use_partner_credit_limit")
MERGING = "kundekartotek_credit_merging"  # noted in the transaction, where no caller can forge it
BLOCK_FIELDS = ("credit_block", "credit_block_reason")


class ResPartner(models.Model):
    """What was decided on a customer's credit: mode and limit, when to look at them again, a block by hand.

    Read from the commercial partner and the company at the root, whatever contact or branch is at hand; core's
    ``credit_limit`` stays the one figure. With credit control on, limits change by request only.
    """

    _inherit = "res.partner"

    credit_own_mode = fields.Selection(
        LIMIT_MODES, string="Credit Mode Decided", company_dependent=True, copy=False,
        help="What was decided for this customer. Empty: follows from the limit, or from the category.")
    credit_limit_mode = fields.Selection(
        LIMIT_MODES, string="Credit Mode", compute="_compute_credit_limit_mode",
        search=lambda self, operator, value: Domain("credit_limit_mode", operator, value),
        help="Limited: may owe up to the limit. Unlimited: any amount. Cash only: pays before or on delivery.")
    credit_review_date = fields.Date(
        string="Review of Limit", company_dependent=True, copy=False,
        help="When the limit is to be looked at again.")
    credit_block = fields.Selection(
        BLOCKS, string="Blocked by Hand", company_dependent=True, copy=False)
    credit_block_reason = fields.Char(string="Why Blocked", company_dependent=True, copy=False)

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "credit_own_mode", "credit_review_date", "credit_block", "credit_block_reason"]

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_credit_limit_mode(self):
        modes = dict(self.env.execute_query(SQL(
            "SELECT p.id, %s FROM res_partner p WHERE p.id = ANY(%s)",
            self._credit_mode_sql("p"), self.commercial_partner_id.ids)))
        for partner in self:
            partner.credit_limit_mode = modes.get(partner.commercial_partner_id._origin.id, "unlimited")

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr == "credit_limit_mode":
            return SQL(
                "(SELECT %(mode)s FROM res_partner owner WHERE owner.id = %(id)s)",
                mode=self._credit_mode_sql("owner"),
                id=super()._field_to_sql(alias, "commercial_partner_id", query))
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _credit_mode_sql(self, alias):
        """SQL of the mode that holds for a commercial partner in the current company: what was decided, else
        limited where there is a limit, else what the company says of customers without one."""
        company = self.env.company.root_id.sudo()
        zero = SQL("'unlimited'")
        if company.credit_zero_limit == "category":
            terms = self.env["kundekartotek.category"]
            known = terms.sudo().with_context(active_test=False).search([], order="id").ids
            zero = SQL(
                "coalesce(%s::jsonb ->> %s::text, 'unlimited')",
                json.dumps({str(id_): terms._credit_terms(company.id, id_)[0] for id_ in known}),
                SQL.identifier(alias, "customer_category_id", to_flush=self._fields["customer_category_id"]),
            )
        return SQL(
            "coalesce(%(own)s, CASE WHEN %(limit)s > 0 THEN 'limited' ELSE %(zero)s END)",
            own=self._root_value_sql(alias, "credit_own_mode"),
            limit=self._root_value_sql(alias, "credit_limit"), zero=zero)

    @api.model
    def _credit_mode_without(self, limit, company, category_id):
        """:return: what ``_credit_mode_sql`` says of a customer for whom no mode was decided"""
        if limit > 0:
            return "limited"
        terms = self.env["kundekartotek.category"]._credit_terms
        return terms(company.id, category_id)[0] if company.credit_zero_limit == "category" else "unlimited"

    @api.model
    def _root_value_sql(self, alias, fname):
        """SQL of a company-dependent field in the company at the root; of an amount, with its default."""
        company = self.env.company.root_id
        field = self._fields[fname]
        value = SQL("(%s ->> %s)", SQL.identifier(alias, fname, to_flush=field), str(company.id))
        if field.type == "float":
            fallback = field.get_company_dependent_fallback(self.with_company(company))
            return SQL("coalesce(%s::numeric, %s)", value, fallback or 0.0)
        return SQL("%s::date", value) if field.type == "date" else value

    # -- nobody changes a limit past the request -------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if not self.env.su and self.env.company._has_credit_control():
            given = [
                partner for partner, vals in zip(partners, vals_list, strict=True)
                if any(vals.get(name) or self.env.context.get(f"default_{name}") for name in LIMIT_FIELDS[:2])]
            fallback = self._fields["credit_limit"].get_company_dependent_fallback(self)
            for partner in given:
                customer = partner.sudo()
                partner._refuse_limits(
                    customer.commercial_partner_id == customer
                    and (customer.credit_own_mode or customer.credit_limit not in (0, fallback)))
        return partners

    def write(self, vals):
        free = self.env.su or self.env.cr.precommit.data.get(MERGING)  # what a merge writes is put right after it
        guarded = vals.keys() & set(LIMIT_FIELDS)
        if guarded and not free and self.env.company._has_credit_control():
            for partner in self.filtered(lambda each: each.commercial_partner_id == each):
                if any((partner[name] or False) != (vals[name] or False) for name in guarded):
                    partner._refuse_limits(True)
        if not free and vals.keys() & set(BLOCK_FIELDS) and not self.env.user.has_group(MANAGERS):
            raise UserError(self.env._("Only credit managers block customers, and lift a block."))
        blocked = {p: p.credit_block for p in self} if "credit_block" in vals else {}
        contacts = self.filtered(lambda p: p.commercial_partner_id != p) if "parent_id" in vals else self.browse()
        result = super().write(vals)
        contacts._leave_limit_behind()
        self._note_blocks(blocked)
        if vals.keys() & {"credit_limit", "credit_own_mode", "credit_block", "parent_id"}:
            self._queue_credit_recheck(self.env.company)
        return result

    def copy_data(self, default=None):
        return [{**vals, "credit_limit": self._fields["credit_limit"].get_company_dependent_fallback(self)}
                if "credit_limit" in vals and self.env.company._has_credit_control() else vals
                for vals in super().copy_data(default)]

    def _leave_limit_behind(self):
        """A contact that leaves its company does not take along the limit that core copied to it. sudo: that
        is nobody's decision."""
        for partner in self.sudo().filtered(lambda p: p.commercial_partner_id == p):
            if self.env.company._has_credit_control():
                partner.credit_limit = self._fields["credit_limit"].get_company_dependent_fallback(self)

    def _refuse_limits(self, changed):
        if changed:
            raise UserError(self.env._(
                "The credit limit of %(customer)s is changed by a limit request that somebody else approves. Choose "
                "Ask for a Limit on the customer.", customer=self.display_name))

    def _plan_category_defaults(self, category, previous=None, overwrite=False):
        """A category gives its limit to those for whom nobody has decided, and raises no other's."""
        plan = super()._plan_category_defaults(category, previous, overwrite)
        if self.env.company._has_credit_control():
            fallback = self._fields["credit_limit"].get_company_dependent_fallback(self)
            for partner, changes in plan.items():
                if partner.sudo().credit_own_mode or partner.sudo().credit_limit not in (0, fallback):
                    changes.pop("credit_limit", None)
        return {partner: changes for partner, changes in plan.items() if changes}

    @api.constrains("credit_block", "credit_block_reason")
    def _check_block_reason(self):
        for partner in self:
            if partner.credit_block and not (partner.credit_block_reason or "").strip():
                raise ValidationError(self.env._("Say why %(customer)s is blocked.", customer=partner.display_name))

    def _note_blocks(self, before):
        """:param before: {partner: how it was blocked}"""
        company = self.env.company.root_id
        self.env["kundekartotek.credit.decision"]._record([{
            "decision": "blocked" if partner.credit_block else "unblocked", "company_res_id": company.id,
            "customer_res_id": partner.id, "customer_name": partner.name,
            "reason": partner.credit_block_reason or None}
            for partner, block in before.items() if partner.credit_block != block])

    def _customer_hold_reasons(self):
        reasons = super()._customer_hold_reasons()
        customer = self.with_company(self.env.company.root_id)
        if customer.credit_block:
            labels = dict(self._fields["credit_block"]._description_selection(self.env))
            reasons.append(self.env._(
                "Blocked by hand (%(what)s): %(reason)s", what=labels[customer.credit_block].lower(),
                reason=customer.credit_block_reason))
        return reasons
