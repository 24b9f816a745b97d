# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import format_date, formatLang

from ...tools.credit import CENT
from .credit_request import CHATTER, MANAGERS, schedule_for_managers

NOTHING = {"proposal": False, "proposer_id": False, "date_proposed": False}
OURS = {*NOTHING, "is_confirmed"}  # never a caller's to write


class CreditProposal(models.AbstractModel):
    """What a company risks on customers beside their own limits. One credit manager tightens it; with credit control
    on, what loosens it waits on the record until a second one confirms it, who approves as much. The superuser, as
    whom data is loaded, is not stopped."""

    _name = "kundekartotek.credit.proposal"
    _description = "Credit Terms that Two Decide on"
    _inherit = ["mail.thread", "mail.activity.mixin", "kundekartotek.audit.mixin"]
    _proposal_amount = None  # the field with the amount that is risked

    proposal = fields.Json(readonly=True, copy=False, help="The values that wait, by field.")
    proposer_id = fields.Many2one("res.users", string="Proposed by", readonly=True, copy=False)
    date_proposed = fields.Datetime(string="Proposed on", readonly=True, copy=False)
    proposal_words = fields.Text(compute="_compute_proposal_words")
    may_decide = fields.Boolean(compute="_compute_may_decide")
    exceeds_authority = fields.Boolean(compute="_compute_may_decide")

    # -- what a model says of itself -------------------------------------------------------------------

    def _split_terms(self, vals, draft):
        """:param draft: this record as the values would make it
        :return: the values that count at once, and those that wait, as JSON"""
        raise NotImplementedError

    def _proposal_customers(self):
        """:return: the customers whose risk changes"""
        raise NotImplementedError

    def _proposal_worth(self, company):
        """:return: the amount that who confirms must have authority for in a company"""
        return max(self[self._proposal_amount], (self.proposal or {}).get(self._proposal_amount, 0.0))

    def _accept(self):
        """Without credit control no second one confirms."""

    # -- proposing -------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        ours = dict.fromkeys(OURS & self._fields.keys(), False)  # nor by way of the context
        return super().create([vals if self.env.su else {**vals, **ours} for vals in vals_list])

    def write(self, vals):
        if self.env.su or vals.keys() <= set(CHATTER):
            return super().write(vals)
        if OURS & vals.keys():
            raise AccessError(self.env._("This is confirmed by the button, not by writing the field."))
        for record in self:
            whole = record.with_context(active_test=False)
            draft = whole._draft(vals)
            companies = record.company_id | draft.company_id._origin
            controlled = any(company._has_credit_control() for company in companies)
            if not controlled:
                record._refuse_waiting()
            now, later = whole._split_terms(vals, draft) if controlled else (vals, {})
            draft.invalidate_recordset(flush=False)  # the next draft would begin with its values
            super(CreditProposal, record).write(now)
            if later:
                record._propose(later)
            elif not controlled:
                record._accept()
        return True

    def _draft(self, vals):
        """:return: this record as the values would make it"""
        return self.new({name: vals[name] for name in self._audited_names() & vals.keys()}, origin=self)

    @api.model
    def _hold_back(self, vals, draft, names):
        """:return: what is left of the values, and those of these fields, as JSON"""
        values = {name: draft._fields[name].convert_to_write(draft[name], draft) for name in names}
        return {name: vals[name] for name in vals.keys() - names}, {
            name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}

    def _propose(self, values):
        """sudo: nobody else writes it."""
        self._refuse_waiting()
        self.sudo().write({"proposal": values, "proposer_id": self.env.uid, "date_proposed": fields.Datetime.now()})
        schedule_for_managers(self, self.env.user, self.env._(
            "Confirm a change of %(record)s, or decline it", record=self.display_name))
        self._note_proposal("requested")

    def _refuse_waiting(self):
        if self.proposal:
            raise UserError(self.env._(
                "A change of %(record)s waits already. It must be confirmed, declined or withdrawn first.",
                record=self.display_name))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_waiting(self):
        if not self.env.su:
            for record in self:
                record._refuse_waiting()

    # -- deciding --------------------------------------------------------------------------------------

    def action_confirm_proposal(self):
        """Let what was proposed count, as the second of two."""
        for record in self:
            record._check_may_decide()
            if record.exceeds_authority:
                raise UserError(self.env._(
                    "This is above what you approve alone. Somebody with a larger authority must confirm it."))
            for name, value in record.proposal.items():
                field = record._fields[name]
                if field.type == "many2one" and not self.env[field.comodel_name].browse(value).exists():
                    raise UserError(self.env._("What was proposed no longer exists. Decline the proposal."))
            record._end_proposal("approved", record.proposal)
        return True

    def action_decline_proposal(self):
        for record in self:
            record._check_may_decide()
            record._end_proposal("declined")
        return True

    def action_withdraw_proposal(self):
        """Whoever proposed it may take it back."""
        for record in self:
            record._lock_proposal()
            if record.proposer_id != self.env.user:
                raise UserError(self.env._("Only who proposed it can withdraw it."))
            record._end_proposal("withdrawn")
        return True

    def _check_may_decide(self):
        if not self.env.user.has_group(MANAGERS):
            raise AccessError(self.env._("Only credit managers decide on limits."))
        self.env["res.users"]._check_two_factor(self.env._("Approval of credit limits"))
        self._lock_proposal()
        if self.env.user == self.proposer_id:
            raise UserError(self.env._("Somebody else must decide on what you proposed yourself."))

    def _proposal_companies(self):
        """:return: the company where it counts, and the one where it is to"""
        return self.company_id | self.company_id.browse((self.proposal or {}).get("company_id"))

    def _lock_proposal(self):
        """One decides at a time, on what was seen; and one on a customer, whose authority is for all of it."""
        self.ensure_one()
        self.check_access("write")
        self.sudo().lock_for_update()
        self.invalidate_recordset()
        for company in self._proposal_companies().sorted("id"):
            self.env["kundekartotek.credit.lock"].sudo()._take_turn(
                company.id, [("authority", customer.id) for customer in self._proposal_customers()])
        if not self.proposal:
            raise UserError(self.env._("Nothing waits on %(record)s any more.", record=self.display_name))
        if self.env.context.get("proposal_seen", seen := fields.Datetime.to_string(self.date_proposed)) != seen:
            raise UserError(self.env._("The proposal has changed since you looked at it."))

    def _end_proposal(self, decision, values=None):
        """sudo: through the ORM's ordinary rights nobody writes it."""
        self._note_proposal(decision)
        proposer = self.sudo().proposer_id
        reason = self.env._("Proposed by %(user)s", user=proposer.name)
        self.sudo().with_context(audit_reason=reason).write({**(values or {}), **NOTHING})
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"])
        if proposer != self.env.user:
            label = dict(self.env["kundekartotek.credit.decision"]._fields["decision"]._description_selection(self.env))
            self.sudo().message_post(
                body=label[decision], partner_ids=proposer.partner_id.ids, subtype_xmlid="mail.mt_note",
                message_type="notification")

    def _note_proposal(self, decision):
        """On each customer concerned. The words have no amounts in them."""
        row = self.sudo()
        customers = row._proposal_customers()
        exposures = customers.with_company(row.company_id.root_id)._credit_exposures()
        words = ", ".join(row.with_context(lang=row.company_id.partner_id.lang or self.env.lang)._proposal_labels())
        self.env["kundekartotek.credit.decision"]._record([{
            "decision": decision, "company_res_id": row.company_id.root_id.id, "customer_res_id": customer.id,
            "customer_name": customer.name, "document_model": self._name, "document_res_id": row.id,
            "document_name": row.display_name, "figures": row.proposal, "words": words,
            "amount": row.proposal.get(self._proposal_amount, row[self._proposal_amount]),
            "limit_amount": None if "is_confirmed" in row.proposal else row[self._proposal_amount],
            "exposure": exposures[customer.id],
        } for customer in customers])

    # -- in words --------------------------------------------------------------------------------------

    @api.depends("proposal", "proposer_id")
    @api.depends_context("uid")
    def _compute_may_decide(self):
        manager = self.env.user.has_group(MANAGERS)
        authority = self.env["kundekartotek.credit.authority"]
        for record in self:
            record.may_decide = manager and record.proposal and record.proposer_id != self.env.user
            record.exceeds_authority = record.proposal and any(
                record._proposal_worth(company) > authority._amount_of(self.env.user, company) + CENT
                for company in record._proposal_companies())

    @api.depends("proposal")
    @api.depends_context("lang")
    def _compute_proposal_words(self):
        for record in self:
            record.proposal_words = "\n".join(map(record._proposal_line, record.proposal or {}))

    def _proposal_labels(self):
        """:return: what is to change, in words"""
        said = {"active": self.env._("Archived"), "is_confirmed": self.env._("New insurance or guarantee")}
        return [said.get(name) or self._fields[name]._description_string(self.env) for name in self.proposal]

    def _proposal_line(self, name):
        field, value = self._fields[name], self.proposal[name]
        label = field._description_string(self.env)
        match field.type:
            case "boolean":
                return self.env._("It counts from when it is confirmed.") if value else self.env._(
                    "It is archived, and its limit holds no longer.")
            case "many2many":
                gone = self.env[field.comodel_name].browse(command[1] for command in value).exists()
                return self.env._("Taken out: %(names)s", names=", ".join(gone.sudo().mapped("display_name")))
            case "monetary":
                old, new = (formatLang(self.env, each, currency_obj=self.currency_id) for each in (self[name], value))
            case "date":
                old, new = format_date(self.env, self[name]), format_date(self.env, value)
            case _:
                new = self.env[field.comodel_name].browse(value).exists().sudo().display_name
                old, new = self[name].sudo().display_name, new or self.env._("Deleted record %(id)s", id=value)
        return f"{label}: {old} → {new}"
