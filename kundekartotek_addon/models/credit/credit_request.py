# SPDX-License-Identifier: LGPL-3.0-or-later
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..customer.res_partner_figures import AMOUNT_GROUPS
from .credit_category import LIMIT_MODES

STATES = [
    ("requested", "Requested"),
    ("first_approved", "Awaits a Second Approval"),
    ("approved", "Approved"),
    ("declined", "Declined"),
    ("withdrawn", "Withdrawn"),
]
OPEN = ("requested", "first_approved")
# What a person asks for. Everything else of a request is written by the program.
ASKED = (
    "partner_id", "company_id", "kind", "limit_mode", "amount", "date_from", "date_to", "reason", "order_id",
)
CHATTER = (
    "activity_ids", "message_ids", "message_follower_ids", "message_main_attachment_id", "message_partner_ids",
)
MANAGERS = "kundekartotek_addon.group_credit_manager"


def schedule_for_managers(record, asker, summary):
    """A task for each who may decide, but for who asks. sudo: who asks need not see who decides."""
    managers = record.env.ref(MANAGERS).sudo().all_user_ids.filtered(
        lambda user: record.company_id in user.company_ids and user != asker)
    for user in managers[:5]:
        record.sudo().activity_schedule("mail.mail_activity_data_todo", user_id=user.id, summary=summary)


class CreditRequest(models.Model):
    """A limit that somebody who sells asks for, with the figures of that moment, and who said what to it.
    What was asked cannot be edited, and nothing of it can be deleted."""

    _name = "kundekartotek.credit.request"
    _description = "Credit Limit Request"
    _inherit = ["mail.thread", "mail.activity.mixin", "kundekartotek.audit.mixin"]
    _order = "id desc"

    name = fields.Char(string="Number", readonly=True, copy=False, default="/")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index=True, ondelete="set null",
        domain="[('is_customer', '=', True)]")
    customer_name = fields.Char(readonly=True, copy=False, help="As it was called when the limit was asked for.")
    customer_res_id = fields.Integer(string="Customer ID", readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [("permanent", "Until further notice"), ("temporary", "For a period")], required=True,
        default="permanent", string="Duration")
    limit_mode = fields.Selection(LIMIT_MODES, string="Mode", required=True, default="limited")
    amount = fields.Monetary(string="New Limit", help="What the limit shall be, not what is added to it.")
    date_from = fields.Date(string="From", default=fields.Date.context_today)
    date_to = fields.Date(string="To", help="The last day of the raised limit.")
    reason = fields.Text(required=True)
    order_id = fields.Many2one("sale.order", string="Order on Hold", ondelete="set null", index="btree_not_null")
    requester_id = fields.Many2one("res.users", string="Asked by", readonly=True, copy=False, index=True)
    state = fields.Selection(STATES, default="requested", readonly=True, copy=False, required=True, tracking=True)
    first_approver_id = fields.Many2one("res.users", readonly=True, copy=False)
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True, copy=False)
    date_decided = fields.Datetime(string="Decided on", readonly=True, copy=False)
    decision_note = fields.Char(string="Comment", readonly=True, copy=False)
    snapshot_limit = fields.Monetary(string="Limit then", readonly=True, copy=False, groups=AMOUNT_GROUPS)
    snapshot_mode = fields.Selection(LIMIT_MODES, string="Mode then", readonly=True, copy=False)
    snapshot_exposure = fields.Monetary(string="Exposure then", readonly=True, copy=False, groups=AMOUNT_GROUPS)
    snapshot_overdue = fields.Monetary(string="Overdue then", readonly=True, copy=False, groups=AMOUNT_GROUPS)
    needs_second = fields.Boolean(
        compute="_compute_needs_second", help="Above what you approve alone: a second credit manager approves too.")
    may_decide = fields.Boolean(compute="_compute_needs_second")

    _dates_in_order = models.Constraint("CHECK (date_to >= date_from)", "The period cannot end before it begins.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            *ASKED, "requester_id", "state", "first_approver_id", "decided_by_id", "decision_note"]

    @api.model
    def _audited_amounts(self):
        return super()._audited_amounts() + ["amount"]

    @api.depends("amount", "limit_mode", "company_id", "state", "requester_id", "first_approver_id")
    @api.depends_context("uid")
    def _compute_needs_second(self):
        manager = self.env.user.has_group(MANAGERS)
        for request in self:
            alone = self.env["kundekartotek.credit.authority"]._amount_of(self.env.user, request.company_id)
            asked = 0.0 if request.limit_mode == "cash_only" else request.amount
            request.needs_second = request.state == "requested" and (
                request.limit_mode == "unlimited" or asked > alone)
            request.may_decide = (
                manager and request.state in OPEN
                and self.env.user not in (request.requester_id, request.first_approver_id))

    @api.constrains("limit_mode", "amount", "kind", "date_from", "date_to", "partner_id")
    def _check_asked(self):
        for request in self:
            if request.amount < 0:
                raise ValidationError(self.env._("A limit cannot be negative."))
            if request.kind == "temporary" and not (request.date_from and request.date_to):
                raise ValidationError(self.env._("Say from when to when the limit is to be raised."))
            if request.kind == "temporary" and request.limit_mode != "limited":
                raise ValidationError(self.env._("For a period, a limit is raised to an amount."))
            if request.kind == "temporary" and request.state in OPEN:
                request._check_raise_counts()

    def _check_raise_counts(self):
        """A raise for a period is no decision on the mode. sudo: who asks may not see it everywhere."""
        partner = self.sudo().partner_id.with_company(self.company_id)
        mode = partner._credit_facts()[partner.id].mode
        if mode != "limited":
            labels = dict(self._fields["limit_mode"]._description_selection(self.env))
            raise ValidationError(self.env._(
                "The credit mode of %(customer)s is %(mode)s, where a raise for a period has no effect. Ask for a "
                "limit until further notice.", customer=self.customer_name, mode=labels[mode].lower()))

    # -- asking ----------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Whatever else a caller sends: who asks, the figures and the state are the program's."""
        requests = super().create([self._prepare_asked_vals(vals) for vals in vals_list])
        for request in requests:
            request.sudo().write(request.partner_id._credit_snapshot(request.sudo().company_id))
            schedule_for_managers(request, request.requester_id, self.env._(
                "Decide on a credit limit for %(customer)s", customer=request.customer_name))
            request._note_decision("requested", request.reason)
        return requests

    @api.model
    def _prepare_asked_vals(self, vals):
        partner = self.env["res.partner"].browse(vals.get("partner_id")).commercial_partner_id
        if not partner:
            raise UserError(self.env._("Choose the customer whose limit is to be changed."))
        partner.check_access("read")
        asked = {name: vals[name] for name in ASKED if name in vals}
        company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id).sudo().root_id
        return {
            **asked, "partner_id": partner.id, "company_id": company.id, "requester_id": self.env.uid,
            "state": "requested", "first_approver_id": False, "decided_by_id": False, "decision_note": False,
            "name": self.env["ir.sequence"].sudo().next_by_code("kundekartotek.credit.request") or "/",
            "customer_name": partner.name, "customer_res_id": partner.id}

    def write(self, vals):
        if not self.env.su and not vals.keys() <= set(CHATTER):
            raise AccessError(self.env._(
                "A limit request cannot be edited. Withdraw it and ask again."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A limit request cannot be deleted: it tells who asked for what, and why."))

    # -- deciding --------------------------------------------------------------------------------------

    def action_approve(self, note=""):
        """Approve, or be the first of two to do so."""
        for request in self:
            request._check_may_decide()
            if request.kind == "temporary":
                request._check_raise_counts()
            if request.needs_second:
                request._decide("first_approved", note, first_approver_id=self.env.uid)
            else:
                request._decide("approved", note, decided_by_id=self.env.uid)
                request._apply()
        return True

    def action_decline(self, note=""):
        for request in self:
            request._check_may_decide()
            request._decide("declined", note, decided_by_id=self.env.uid)
        return True

    def action_withdraw(self):
        """Whoever asked may take it back while nobody has decided."""
        for request in self:
            request.check_access("read")
            if request.requester_id != self.env.user or request.state not in OPEN:
                raise UserError(self.env._("Only who asked can withdraw a request, and only before it is decided."))
            request._decide("withdrawn", "")
        return True

    def _check_may_decide(self):
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group(MANAGERS):
            raise AccessError(self.env._("Only credit managers decide on limits."))
        self.env["res.users"]._check_two_factor(self.env._("Approval of credit limits"))
        self.sudo().lock_for_update()
        self.invalidate_recordset(["state"])
        if self.state not in OPEN:
            raise UserError(self.env._("%(request)s has been decided already.", request=self.name))
        if self.env.user == self.requester_id:
            raise UserError(self.env._("Somebody else must decide on what you asked for yourself."))
        if self.env.user == self.first_approver_id:
            raise UserError(self.env._("You have approved this already. A second credit manager must do so too."))

    def _decide(self, state, note, **values):
        """Write the decision. sudo: through the ORM's ordinary rights nobody can."""
        values |= {"date_decided": fields.Datetime.now()} if state != "first_approved" else {}
        said = " / ".join(filter(None, (self.decision_note, note)))  # by the first of two, and by the second
        self.sudo().write({"state": state, "decision_note": said or False, **values})
        mine = {"user_id": self.env.uid} if state == "first_approved" else {}
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"], **mine)
        if state != "first_approved":
            self._tell_requester()
        self._note_decision(state, note)

    def _tell_requester(self):
        """sudo: who decides need not see who asked."""
        request = self.sudo()
        if request.requester_id == self.env.user:
            return
        label = dict(request._fields["state"]._description_selection(self.env))[request.state]
        request.message_post(
            body=f"{label}: {request.decision_note}" if request.decision_note else label,
            partner_ids=request.requester_id.partner_id.ids, subtype_xmlid="mail.mt_note", message_type="notification")

    def _note_decision(self, decision, reason):
        row = self.sudo()
        self.env["kundekartotek.credit.decision"]._record([{
            "decision": decision, "company_res_id": row.company_id.id, "customer_res_id": row.customer_res_id,
            "customer_name": row.customer_name, "document_model": self._name, "document_res_id": row.id,
            "document_name": row.name, "amount": row.amount, "exposure": row.snapshot_exposure,
            "limit_amount": row.snapshot_limit, "reason": reason or None, "date_until": row.date_to or None}])

    def _apply(self):
        """Give the customer what was approved. A raise for a period changes nothing that must be undone: it
        counts while it lasts."""
        request = self.sudo()  # sudo: with credit control on, a limit changes here and nowhere else
        if not (partner := request.partner_id.commercial_partner_id):
            raise UserError(self.env._("The customer no longer exists."))
        months = request.company_id.credit_review_months
        partner = partner.with_company(request.company_id).with_context(audit_reason=request.reason)
        values = {}
        if months:
            values["credit_review_date"] = fields.Date.context_today(self) + relativedelta(months=months)
        if request.kind == "permanent":
            values |= {
                "credit_own_mode": request.limit_mode,
                "credit_limit": request.amount if request.limit_mode == "limited" else 0.0}
        partner.write(values)
        partner._queue_credit_recheck(request.company_id)
